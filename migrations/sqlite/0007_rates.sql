-- Rates: how often runs of a profile, platform, credential or host may begin, and what is known of hosts. Times are milliseconds since 1970 in UTC.

CREATE TABLE rate (
    scope      TEXT NOT NULL PRIMARY KEY, -- profile/NAME, platform/NAME, credential/NAME, host/NAME:PORT
    minute_at  INTEGER NOT NULL DEFAULT 0,   -- when the next would be due by the minute's limit
    hour_at    INTEGER NOT NULL DEFAULT 0,   -- the same by the hour's
    tail_at    INTEGER NOT NULL DEFAULT 0,   -- where the line of those who wait ends
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rate_changed ON rate (changed_at);

CREATE TABLE host (
    name         TEXT NOT NULL PRIMARY KEY, -- NAME:PORT
    state        TEXT NOT NULL DEFAULT '{}', -- JSON: turns taken, pace, failures in a row, until when it is closed
    closed_until INTEGER,                     -- in the clear, for lists
    changed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX host_changed ON host (changed_at);
CREATE INDEX host_closed ON host (closed_until) WHERE closed_until IS NOT NULL;

-- Under pressure every tenant gets its share: its own sources, longest due first.
CREATE INDEX source_tenant_due ON source (tenant, due_at) WHERE due_at IS NOT NULL;
