-- What files of earlier versions lack. It is run whenever a file is opened, and does without a
-- new schema version: earlier versions can use the file as before.

CREATE INDEX IF NOT EXISTS runs_closed_by_status ON runs (domain, close_status, started_at)
    WHERE close_status IS NOT NULL;
