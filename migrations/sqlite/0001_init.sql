-- The first schema. Times are milliseconds since 1970 in UTC; ids are 16 bytes, most significant first, and sort by the
-- time they were made; words (state, stage, trigger, ending, class, reason) are those of the glossary.

-- What is known about this database. Keys: created-at, opened-at (ms), daemon (the id of the last one).
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One thing to ingest.
CREATE TABLE source (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant          TEXT    NOT NULL,
    profile         TEXT    NOT NULL,
    identifier      TEXT    NOT NULL,           -- normal form, as the plugin's validate gave it
    overrides       TEXT    NOT NULL,           -- JSON object: what its maker set, without the profile's defaults
    schedule        TEXT,                       -- JSON; NULL: the profile's holds
    state           TEXT    NOT NULL,           -- active, inactive, paused, invalid
    state_since     INTEGER,                    -- of paused and invalid
    paused_by       TEXT,                       -- operator, automatic
    state_reason    TEXT,                       -- of paused and invalid
    failure_count   INTEGER NOT NULL DEFAULT 0, -- in a row
    retries         INTEGER NOT NULL DEFAULT 0, -- retry runs since the last run that was not one
    last_fetched_at INTEGER,                    -- end of the last attempt
    last_success_at INTEGER,                    -- never moved by a failure
    next_at         INTEGER,                    -- what is due next, queued runs left out
    next_trigger    TEXT,                       -- why
    due_at          INTEGER,                    -- from when the admit pass looks at it; NULL: not at all
    parked          INTEGER NOT NULL DEFAULT 0, -- 1: skipped until a person acts or a daemon starts
    skipped_at      INTEGER,                    -- last skip since it last ran
    skip_detail     TEXT,                       -- and why, as a sentence
    generation      INTEGER NOT NULL DEFAULT 0, -- counts its claims
    total_runs      INTEGER NOT NULL DEFAULT 0, -- ended
    watermark       TEXT,                       -- JSON
    horizon         INTEGER,                    -- items published before this are not taken
    hints           TEXT,                       -- JSON
    display_name    TEXT,
    platform_id     TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX source_identity ON source (tenant, profile, identifier);
-- Sources put off to the same moment (a budget that is new at midnight) go in turn: longest unattended first.
CREATE INDEX source_due ON source (due_at, last_fetched_at, id) WHERE due_at IS NOT NULL;

-- One attempt to ingest one source: the audit record.
CREATE TABLE run (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    source          BLOB    NOT NULL REFERENCES source (id),
    trigger         TEXT    NOT NULL,
    stage           TEXT    NOT NULL,           -- queued, running, ended
    attempt         INTEGER NOT NULL DEFAULT 0, -- claims, those that were given back unused left out
    generation      INTEGER,                    -- of the last claim; fences writes
    daemon          BLOB,                       -- of a running one: who claimed it
    lease_until     INTEGER,                    -- of a running one
    not_before      INTEGER,                    -- of a queued one: when its time has come
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,                    -- last claim
    ended_at        INTEGER,
    ending          TEXT,                       -- ok, no-new, failed
    failure_class   TEXT,
    failure         TEXT,                       -- for a person
    warnings        TEXT,                       -- JSON array of texts; NULL: none
    fetches         INTEGER NOT NULL DEFAULT 0,
    bytes           INTEGER NOT NULL DEFAULT 0, -- fetched
    pages           INTEGER NOT NULL DEFAULT 0, -- committed
    items_new       INTEGER NOT NULL DEFAULT 0, -- what became of its items, over all attempts
    items_updated   INTEGER NOT NULL DEFAULT 0,
    metrics_updated INTEGER NOT NULL DEFAULT 0,
    duplicates      INTEGER NOT NULL DEFAULT 0,
    over_cap        INTEGER NOT NULL DEFAULT 0,
    before_horizon  INTEGER NOT NULL DEFAULT 0,
    removed         INTEGER NOT NULL DEFAULT 0,
    rejected        INTEGER NOT NULL DEFAULT 0,
    fillers         INTEGER NOT NULL DEFAULT 0,
    oldest_new      INTEGER                     -- publication of the oldest item that was stored
) STRICT, WITHOUT ROWID;
CREATE INDEX run_of_source ON run (source, id);
-- The promises of the database itself: one first run for each source, ever; one live run at a time.
CREATE UNIQUE INDEX run_bootstrap ON run (source) WHERE trigger = 'bootstrap';
CREATE UNIQUE INDEX run_live ON run (source) WHERE stage = 'running';
CREATE INDEX run_queued ON run (source, created_at, id) WHERE stage = 'queued';

-- What a run that has not ended has reserved; gone when it is settled.
CREATE TABLE reservation (
    run     BLOB    NOT NULL REFERENCES run (id),
    start   INTEGER NOT NULL,
    scope   TEXT    NOT NULL,
    measure TEXT    NOT NULL,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (run, start, scope, measure)
) STRICT, WITHOUT ROWID;

-- One budget in one window.
CREATE TABLE ledger (
    start    INTEGER NOT NULL,           -- of the window
    scope    TEXT    NOT NULL,           -- all, profile/TENANT/PROFILE
    measure  TEXT    NOT NULL,           -- runs-per-day
    reserved INTEGER NOT NULL DEFAULT 0, -- by runs that have not ended
    spent    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (start, scope, measure)
) STRICT, WITHOUT ROWID;

-- One normalized post, article or record. What is looked at for each known item stands before the long texts.
CREATE TABLE item (
    id             BLOB    NOT NULL CHECK (length(id) = 16),
    source         BLOB    NOT NULL REFERENCES source (id),
    tenant         TEXT    NOT NULL,     -- of the source, for listing
    external_id    TEXT    NOT NULL,
    fingerprint    INTEGER NOT NULL,     -- 64 bits, as a signed number
    metrics        TEXT,                 -- JSON array of name and value; NULL: none
    removed_at     INTEGER,              -- when the platform took it away
    removed_why    TEXT,
    sort_at        INTEGER NOT NULL,     -- publication, else arrival
    first_seen_at  INTEGER NOT NULL,     -- arrival
    changed_at     INTEGER NOT NULL,     -- last change that was stored
    published_at   INTEGER,
    updated_at     INTEGER,              -- by its author
    page           BLOB,                 -- the raw page it last came with, if that was kept; may be gone
    element        INTEGER NOT NULL,     -- of that page
    kind           TEXT    NOT NULL,
    url            TEXT,
    title          TEXT,
    summary        TEXT,
    detail         TEXT,                 -- JSON object: authors, media, references, tags, language, data; NULL: none
    text           TEXT,
    html           TEXT                  -- sanitized
) STRICT;
CREATE UNIQUE INDEX item_identity ON item (source, external_id);
CREATE INDEX item_of_source ON item (source, sort_at, id);
CREATE INDEX item_of_tenant ON item (tenant, sort_at, id);

-- One raw answer, kept for replay.
CREATE TABLE page (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    run        BLOB    NOT NULL REFERENCES run (id),
    number     INTEGER NOT NULL,         -- within the attempt, from 0
    attempt    INTEGER NOT NULL,
    status     INTEGER NOT NULL,         -- of the response
    url        TEXT    NOT NULL,         -- that answered
    meta       TEXT    NOT NULL,         -- JSON object: header fields, redirects, the step's state
    body_bytes INTEGER NOT NULL,         -- before compression
    fetched_at INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    body       BLOB    NOT NULL          -- zstd
) STRICT;
CREATE INDEX page_of_run ON page (run, attempt, number);
CREATE INDEX page_kept ON page (keep_until);

-- An element of a page that could not be turned into an item.
CREATE TABLE dead_letter (
    id         INTEGER PRIMARY KEY,
    run        BLOB    NOT NULL REFERENCES run (id),
    attempt    INTEGER NOT NULL,
    page       BLOB,                     -- the raw page, if it was kept; may be gone
    element    INTEGER NOT NULL,         -- of that page
    reason     TEXT    NOT NULL,
    extra      TEXT,                     -- JSON object
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_letter_of_run ON dead_letter (run);

-- How often sources were skipped.
CREATE TABLE skip_count (
    day     INTEGER NOT NULL,            -- its midnight
    tenant  TEXT    NOT NULL,
    profile TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, tenant, profile, reason)
) STRICT, WITHOUT ROWID;
