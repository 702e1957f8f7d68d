-- What files of earlier versions lack. It is run whenever a file is opened, and does without a
-- new schema version: earlier versions can use the file as before.

-- The second condition is always true. Only questions that state it may use this index: SQLite
-- takes `close_status IS NOT NULL` for a narrow range, and would prefer it to better ones.
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (domain, close_status, started_at)
    WHERE close_status IS NOT NULL AND started_at > 0;
