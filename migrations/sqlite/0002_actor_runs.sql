-- Actor runs and what they cost. Money is in millionths of a US dollar.

-- stage of a run, from here on: queued, running, waiting (put away until its actor run has ended), ended.
ALTER TABLE run ADD COLUMN wake_at INTEGER;                     -- of a waiting one: when it is looked at again at the latest
ALTER TABLE run ADD COLUMN credential TEXT;                     -- who pays; NULL: it costs nothing
ALTER TABLE run ADD COLUMN cost_estimate INTEGER NOT NULL DEFAULT 0; -- reserved for it: the most it may cost
ALTER TABLE run ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;     -- as far as it is known

DROP INDEX run_live;
CREATE UNIQUE INDEX run_live ON run (source) WHERE stage IN ('running', 'waiting');
CREATE INDEX run_waiting ON run (wake_at, id) WHERE stage = 'waiting';
CREATE INDEX run_paid ON run (credential) WHERE stage IN ('running', 'waiting') AND credential IS NOT NULL;

-- One wish for one actor run: written before the platform is asked.
CREATE TABLE actor_run (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    run           BLOB    NOT NULL REFERENCES run (id),
    number        INTEGER NOT NULL,     -- among those of the run, from 0
    -- intended: the platform may have been asked. started: it has a run. ended: the run does not need it any more, its cost
    -- may change. settled: its cost is final. booked: and stands in the ledger. void: it was refused, there is none.
    stage         TEXT    NOT NULL,
    credential    TEXT    NOT NULL,
    actor         TEXT    NOT NULL,
    build         TEXT    NOT NULL,
    memory_mb     INTEGER,
    timeout_s     INTEGER NOT NULL,
    charge_cap    INTEGER NOT NULL,
    input         TEXT    NOT NULL,     -- JSON object
    max_elements  INTEGER NOT NULL,     -- as far as the plugin knows
    state         TEXT,                 -- of the step
    job_now       INTEGER NOT NULL,
    job_max_items INTEGER NOT NULL,
    progress      TEXT    NOT NULL,     -- JSON: what the run had learnt before
    asked_at      INTEGER NOT NULL,     -- when the platform was last asked to start it
    troubles      INTEGER NOT NULL DEFAULT 0,
    remote        TEXT,                 -- the platform's id of the run
    dataset       TEXT,
    started_at    INTEGER,              -- or found
    aborted       INTEGER NOT NULL DEFAULT 0, -- 1: we have told it to end
    status        TEXT,                 -- last seen
    cost          INTEGER,              -- last seen
    elements      INTEGER NOT NULL DEFAULT 0, -- read
    ended_at      INTEGER,
    look_at       INTEGER               -- of an ended one: when its cost is looked at
) STRICT, WITHOUT ROWID;
CREATE INDEX actor_run_of_run ON actor_run (run, number);
CREATE UNIQUE INDEX actor_run_remote ON actor_run (credential, remote) WHERE remote IS NOT NULL;
CREATE INDEX actor_run_unsettled ON actor_run (look_at, id) WHERE stage = 'ended';

-- What refuses more than one source is asked by none for a while.
CREATE TABLE gate (
    key   TEXT    NOT NULL PRIMARY KEY, -- credential/NAME, actor/CREDENTIAL/USER/NAME
    class TEXT    NOT NULL,
    why   TEXT    NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
