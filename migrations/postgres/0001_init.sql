-- The first schema. Tables, columns and words are those of migrations/sqlite; what differs is the database's own.
--
-- Times are milliseconds since 1970 in UTC, as everywhere in tidegate: a store has no clock, and a timestamptz would round,
-- print by the session's time zone and be tempted by now(). Ids are uuids by form (16 bytes, most significant first, sorting
-- by the time they were made), not by version. JSON is text: jsonb refuses what platforms do send and forgets how numbers
-- were written, and nothing here is asked for by its inside. What stands in a key is compared byte by byte (COLLATE "C"),
-- so that order and identity are the same everywhere.
--
-- A source's row is the lock of everything that hangs on it (docs/decisions/0007-postgresql.md). So items, pages and dead
-- letters carry no foreign key: each would take that lock again for every row; `doctor` looks for orphans instead.

-- What is known about this database. Keys: created-at (ms).
CREATE TABLE meta (
    key   text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- One thing to ingest. Updated often and in place: room is left on its pages for that.
CREATE TABLE source (
    id              uuid    NOT NULL PRIMARY KEY,
    tenant          text COLLATE "C"    NOT NULL,
    profile         text COLLATE "C"    NOT NULL,
    identifier      text COLLATE "C"    NOT NULL,               -- normal form, as the plugin's validate gave it
    overrides       text    NOT NULL,               -- JSON object: what its maker set, without the profile's defaults
    schedule        text,                           -- JSON; NULL: the profile's holds
    state           text    NOT NULL,               -- active, inactive, paused, invalid
    state_since     bigint,                         -- of paused and invalid
    paused_by       text,                           -- operator, automatic
    state_reason    text,                           -- of paused and invalid
    failure_count   bigint  NOT NULL DEFAULT 0,     -- in a row
    retries         bigint  NOT NULL DEFAULT 0,     -- retry runs since the last run that was not one
    last_fetched_at bigint,                         -- end of the last attempt
    last_success_at bigint,                         -- never moved by a failure
    next_at         bigint,                         -- what is due next, queued runs left out
    next_trigger    text,                           -- why
    due_at          bigint,                         -- from when the admit pass looks at it; NULL: not at all
    parked          boolean NOT NULL DEFAULT false, -- skipped until a person acts or a daemon starts
    skipped_at      bigint,                         -- last skip since it last ran
    skip_detail     text,                           -- and why, as a sentence
    generation      bigint  NOT NULL DEFAULT 0,     -- counts its claims
    total_runs      bigint  NOT NULL DEFAULT 0,     -- ended
    watermark       text,                           -- JSON
    horizon         bigint,                         -- items published before this are not taken
    hints           text,                           -- JSON
    display_name    text,
    platform_id     text,
    created_at      bigint  NOT NULL,
    updated_at      bigint  NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX source_identity ON source (tenant, profile, identifier);
-- Sources put off to the same moment (a budget that is new at midnight) go in turn: longest unattended first, those that
-- never ran before all others.
CREATE INDEX source_due ON source (due_at, last_fetched_at NULLS FIRST, id) WHERE due_at IS NOT NULL;
-- Those that a daemon looks at again when it starts, and whoever opens a gate.
CREATE INDEX source_put_off ON source (id) WHERE parked OR skipped_at IS NOT NULL;

-- One attempt to ingest one source: the audit record.
CREATE TABLE run (
    id              uuid   NOT NULL PRIMARY KEY,
    source          uuid   NOT NULL REFERENCES source (id),
    trigger         text   NOT NULL,
    stage           text   NOT NULL,                -- queued, running, ended
    attempt         bigint NOT NULL DEFAULT 0,      -- claims, those that were given back unused left out
    generation      bigint,                         -- of the last claim; fences writes
    daemon          uuid,                           -- of a running one: who claimed it
    lease_until     bigint,                         -- of a running one
    not_before      bigint,                         -- of a queued one: when its time has come
    created_at      bigint NOT NULL,
    started_at      bigint,                         -- last claim
    ended_at        bigint,
    ending          text,                           -- ok, no-new, failed
    failure_class   text,
    failure         text,                           -- for a person
    warnings        text,                           -- JSON array of texts; NULL: none
    fetches         bigint NOT NULL DEFAULT 0,
    bytes           bigint NOT NULL DEFAULT 0,      -- fetched
    pages           bigint NOT NULL DEFAULT 0,      -- committed
    items_new       bigint NOT NULL DEFAULT 0,      -- what became of its items, over all attempts
    items_updated   bigint NOT NULL DEFAULT 0,
    metrics_updated bigint NOT NULL DEFAULT 0,
    duplicates      bigint NOT NULL DEFAULT 0,
    over_cap        bigint NOT NULL DEFAULT 0,
    before_horizon  bigint NOT NULL DEFAULT 0,
    removed         bigint NOT NULL DEFAULT 0,
    rejected        bigint NOT NULL DEFAULT 0,
    fillers         bigint NOT NULL DEFAULT 0,
    oldest_new      bigint                          -- publication of the oldest item that was stored
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX run_of_source ON run (source, id);
-- The promises of the database itself: one first run for each source, ever; one live run at a time.
CREATE UNIQUE INDEX run_bootstrap ON run (source) WHERE trigger = 'bootstrap';
CREATE UNIQUE INDEX run_live ON run (source) WHERE stage = 'running';
CREATE INDEX run_queued ON run (source, created_at, id) WHERE stage = 'queued';

-- What a run that has not ended has reserved; gone when it is settled.
CREATE TABLE reservation (
    run     uuid   NOT NULL REFERENCES run (id),
    start   bigint NOT NULL,
    scope   text COLLATE "C"   NOT NULL,
    measure text COLLATE "C"   NOT NULL,
    amount  bigint NOT NULL,
    PRIMARY KEY (run, start, scope, measure)
);

-- One budget in one window. Few rows that change with every claim.
CREATE TABLE ledger (
    start    bigint NOT NULL,           -- of the window
    scope    text COLLATE "C"   NOT NULL,           -- all, profile/TENANT/PROFILE
    measure  text COLLATE "C"   NOT NULL,           -- runs-per-day
    reserved bigint NOT NULL DEFAULT 0, -- by runs that have not ended
    spent    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (start, scope, measure)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- One normalized post, article or record. What is looked at for each known item stands before the long texts.
CREATE TABLE item (
    id             uuid   NOT NULL PRIMARY KEY,
    source         uuid   NOT NULL,
    tenant         text COLLATE "C"   NOT NULL,     -- of the source, for listing
    external_id    text COLLATE "C"   NOT NULL,
    fingerprint    bigint NOT NULL,     -- 64 bits, as a signed number
    metrics        text,                -- JSON array of name and value; NULL: none
    removed_at     bigint,              -- when the platform took it away
    removed_why    text,
    sort_at        bigint NOT NULL,     -- publication, else arrival
    first_seen_at  bigint NOT NULL,     -- arrival
    changed_at     bigint NOT NULL,     -- last change that was stored
    published_at   bigint,
    updated_at     bigint,              -- by its author
    page           uuid,                -- the raw page it last came with, if that was kept; may be gone
    element        bigint NOT NULL,     -- of that page
    kind           text   NOT NULL,
    url            text,
    title          text,
    summary        text,
    detail         text,                -- JSON object: authors, media, references, tags, language, data; NULL: none
    text           text,
    html           text                 -- sanitized
);
CREATE UNIQUE INDEX item_identity ON item (source, external_id);
CREATE INDEX item_of_source ON item (source, sort_at, id);
CREATE INDEX item_of_tenant ON item (tenant, sort_at, id);

-- One raw answer, kept for replay.
CREATE TABLE page (
    id         uuid   NOT NULL PRIMARY KEY,
    run        uuid   NOT NULL,
    number     bigint NOT NULL,         -- within the attempt, from 0
    attempt    bigint NOT NULL,
    status     bigint NOT NULL,         -- of the response
    url        text   NOT NULL,         -- that answered
    meta       text   NOT NULL,         -- JSON object: header fields, redirects, the step's state
    body_bytes bigint NOT NULL,         -- before compression
    fetched_at bigint NOT NULL,
    keep_until bigint NOT NULL,
    body       bytea  NOT NULL          -- zstd
);
-- Compressed already.
ALTER TABLE page ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX page_of_run ON page (run, attempt, number);
CREATE INDEX page_kept ON page (keep_until);

-- An element of a page that could not be turned into an item.
CREATE TABLE dead_letter (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run        uuid   NOT NULL,
    attempt    bigint NOT NULL,
    page       uuid,                    -- the raw page, if it was kept; may be gone
    element    bigint NOT NULL,         -- of that page
    reason     text COLLATE "C"   NOT NULL,
    extra      text,                    -- JSON object
    created_at bigint NOT NULL
);
CREATE INDEX dead_letter_of_run ON dead_letter (run);

-- How often sources were skipped.
CREATE TABLE skip_count (
    day     bigint NOT NULL,            -- its midnight
    tenant  text COLLATE "C"   NOT NULL,
    profile text COLLATE "C"   NOT NULL,
    reason  text COLLATE "C"   NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (day, tenant, profile, reason)
);
