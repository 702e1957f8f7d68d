-- One database of the embedded SWF. Times are milliseconds since the epoch.

CREATE TABLE endpoint (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    token_key  BLOB NOT NULL,      -- key of the task and page tokens
    last_time  INTEGER NOT NULL,   -- engine time never goes back behind this; may be ahead
    last_run   INTEGER NOT NULL    -- no run has had a higher number
);

CREATE TABLE domains (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    status         TEXT NOT NULL,
    description    TEXT,
    retention      TEXT NOT NULL,  -- days as SWF takes them, or NONE
    tags           TEXT NOT NULL   -- JSON object of key to value
);

CREATE TABLE types (
    domain       INTEGER NOT NULL,
    kind         TEXT NOT NULL,    -- workflow or activity
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    status       TEXT NOT NULL,
    description  TEXT,
    created      INTEGER NOT NULL,
    deprecated   INTEGER,
    defaults     TEXT NOT NULL,    -- JSON object of the defaults that were registered
    PRIMARY KEY (domain, kind, name, version)
) WITHOUT ROWID;

CREATE TABLE runs (
    id                    INTEGER PRIMARY KEY,
    domain                INTEGER NOT NULL,
    workflow_id           TEXT NOT NULL,
    run_id                TEXT NOT NULL,
    type_name             TEXT NOT NULL,
    type_version          TEXT NOT NULL,
    started_at            INTEGER NOT NULL,
    task_list             TEXT NOT NULL,
    task_priority         TEXT,
    execution_timeout     TEXT NOT NULL,
    task_timeout          TEXT NOT NULL,
    child_policy          TEXT NOT NULL,
    lambda_role           TEXT,
    tags                  TEXT,             -- JSON list
    parent_run            INTEGER NOT NULL, -- number of the parent's run, 0 for a root
    parent_workflow_id    TEXT,
    parent_run_id         TEXT,
    parent_initiated_id   INTEGER NOT NULL,
    -- what changes while the run is open
    last_event            INTEGER NOT NULL,
    closed_at             INTEGER,
    close_status          TEXT,
    purge_at              INTEGER,          -- when retention removes it
    cancel_requested      INTEGER NOT NULL,
    waiting_id            INTEGER NOT NULL, -- DecisionTaskScheduled of the task not started, or 0
    waiting_since         INTEGER NOT NULL,
    waiting_list          TEXT NOT NULL,
    waiting_timeout       TEXT,             -- its schedule-to-start timeout
    started_scheduled_id  INTEGER NOT NULL, -- the started decision task, or 0
    started_id            INTEGER NOT NULL,
    started_since         INTEGER NOT NULL,
    started_list          TEXT NOT NULL,
    previous_started_id   INTEGER NOT NULL, -- DecisionTaskStarted before the started one
    last_started_id       INTEGER NOT NULL, -- DecisionTaskStarted of the newest attempt
    delivery              INTEGER NOT NULL, -- number of the started task's hand-out
    undelivered           INTEGER NOT NULL, -- 1: its answer could not be written
    sticky_list           TEXT,
    sticky_timeout        TEXT,
    context_event         INTEGER NOT NULL, -- last DecisionTaskCompleted with a context
    activity_time         INTEGER,          -- of the last activity event
    open_activities       INTEGER NOT NULL,
    open_timers           INTEGER NOT NULL,
    open_children         INTEGER NOT NULL,
    open_lambdas          INTEGER NOT NULL
);

CREATE INDEX runs_closed_by_id ON runs (domain, workflow_id) WHERE close_status IS NOT NULL;
CREATE UNIQUE INDEX runs_open_by_id ON runs (domain, workflow_id) WHERE close_status IS NULL;
CREATE INDEX runs_open ON runs (domain, started_at) WHERE close_status IS NULL;
CREATE INDEX runs_closed_by_start ON runs (domain, started_at) WHERE close_status IS NOT NULL;
CREATE INDEX runs_closed_by_close ON runs (domain, closed_at) WHERE close_status IS NOT NULL;
CREATE INDEX runs_to_purge ON runs (purge_at) WHERE purge_at IS NOT NULL;

CREATE TABLE events (
    run       INTEGER NOT NULL,
    event_id  INTEGER NOT NULL,
    body      BLOB NOT NULL,       -- the event as it is sent: compact sorted JSON
    PRIMARY KEY (run, event_id)
) WITHOUT ROWID;

CREATE TABLE tags (
    run  INTEGER NOT NULL,
    tag  TEXT NOT NULL,
    PRIMARY KEY (tag, run)
) WITHOUT ROWID;
CREATE INDEX tags_by_run ON tags (run);

CREATE TABLE activities (
    run                INTEGER NOT NULL,
    scheduled_id       INTEGER NOT NULL,
    activity_id        TEXT NOT NULL,
    task_list          TEXT NOT NULL,
    priority           INTEGER NOT NULL,
    scheduled_at       INTEGER NOT NULL,
    schedule_to_start  INTEGER,          -- timeouts in ms, NULL for NONE
    schedule_to_close  INTEGER,
    start_to_close     INTEGER,
    heartbeat          INTEGER,
    started_id         INTEGER NOT NULL, -- 0 until started
    started_at         INTEGER NOT NULL,
    heartbeat_at       INTEGER NOT NULL,
    details            TEXT,             -- of the last heartbeat
    cancel_event       INTEGER NOT NULL, -- last ActivityTaskCancelRequested, or 0
    delivery           INTEGER NOT NULL,
    undelivered        INTEGER NOT NULL,
    PRIMARY KEY (run, scheduled_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX activities_by_id ON activities (run, activity_id);

CREATE TABLE timers (
    run         INTEGER NOT NULL,
    started_id  INTEGER NOT NULL,
    timer_id    TEXT NOT NULL,
    fire_at     INTEGER NOT NULL,
    PRIMARY KEY (run, started_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX timers_by_id ON timers (run, timer_id);

CREATE TABLE children (
    run           INTEGER NOT NULL,      -- the parent
    initiated_id  INTEGER NOT NULL,
    started_id    INTEGER NOT NULL,      -- ChildWorkflowExecutionStarted in the parent
    child_run     INTEGER NOT NULL,
    PRIMARY KEY (run, initiated_id)
) WITHOUT ROWID;

CREATE TABLE lambdas (
    run           INTEGER NOT NULL,
    scheduled_id  INTEGER NOT NULL,
    lambda_id     TEXT NOT NULL,
    started_id    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (run, scheduled_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX lambdas_by_id ON lambdas (run, lambda_id);
