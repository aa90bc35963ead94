-- Actor runs and what they cost. Money is in millionths of a US dollar.

-- stage of a run, from here on: queued, running, waiting (put away until its actor run has ended), ended.
ALTER TABLE run ADD COLUMN wake_at bigint;                        -- of a waiting one: when it is looked at again at the latest
ALTER TABLE run ADD COLUMN credential text COLLATE "C";                     -- who pays; NULL: it costs nothing
ALTER TABLE run ADD COLUMN cost_estimate bigint NOT NULL DEFAULT 0; -- reserved for it: the most it may cost
ALTER TABLE run ADD COLUMN cost bigint NOT NULL DEFAULT 0;        -- as far as it is known

DROP INDEX run_live;
CREATE UNIQUE INDEX run_live ON run (source) WHERE stage IN ('running', 'waiting');
CREATE INDEX run_leased ON run (lease_until, id) WHERE stage = 'running';
CREATE INDEX run_waiting ON run (wake_at, id) WHERE stage = 'waiting';
CREATE INDEX run_paid ON run (credential) WHERE stage IN ('running', 'waiting') AND credential IS NOT NULL;

-- One wish for one actor run: written before the platform is asked.
CREATE TABLE actor_run (
    id            uuid    NOT NULL PRIMARY KEY,
    run           uuid    NOT NULL REFERENCES run (id),
    number        bigint  NOT NULL,     -- among those of the run, from 0
    -- intended: the platform may have been asked. started: it has a run. ended: the run does not need it any more, its cost
    -- may change. settled: its cost is final. booked: and stands in the ledger. void: it was refused, there is none.
    stage         text    NOT NULL,
    credential    text    NOT NULL,
    actor         text    NOT NULL,
    build         text    NOT NULL,
    memory_mb     bigint,
    timeout_s     bigint  NOT NULL,
    charge_cap    bigint  NOT NULL,
    input         text    NOT NULL,     -- JSON object
    max_elements  bigint  NOT NULL,     -- as far as the plugin knows
    state         text,                 -- of the step
    job_now       bigint  NOT NULL,
    job_max_items bigint  NOT NULL,
    progress      text    NOT NULL,     -- JSON: what the run had learnt before
    asked_at      bigint  NOT NULL,     -- when the platform was last asked to start it
    troubles      bigint  NOT NULL DEFAULT 0,
    remote        text,                 -- the platform's id of the run
    dataset       text,
    started_at    bigint,               -- or found
    aborted       boolean NOT NULL DEFAULT false, -- we have told it to end
    status        text,                 -- last seen
    cost          bigint,               -- last seen
    elements      bigint  NOT NULL DEFAULT 0, -- read
    ended_at      bigint,
    look_at       bigint                -- of an ended one: when its cost is looked at
) WITH (fillfactor = 80);
CREATE INDEX actor_run_of_run ON actor_run (run, number);
CREATE UNIQUE INDEX actor_run_remote ON actor_run (credential, remote) WHERE remote IS NOT NULL;
CREATE INDEX actor_run_unsettled ON actor_run (look_at, id) WHERE stage = 'ended';

-- What refuses more than one source is asked by none for a while.
CREATE TABLE gate (
    key   text COLLATE "C" NOT NULL PRIMARY KEY, -- credential/NAME, actor/CREDENTIAL/USER/NAME
    class text   NOT NULL,
    why   text   NOT NULL,
    since bigint NOT NULL,
    until bigint NOT NULL
);
