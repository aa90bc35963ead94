-- Rates: how often runs of a profile, platform, credential or host may begin, and what is known of hosts.

CREATE TABLE rate (
    scope      text COLLATE "C" NOT NULL PRIMARY KEY, -- profile/NAME, platform/NAME, credential/NAME, host/NAME:PORT
    minute_at  bigint NOT NULL DEFAULT 0,   -- when the next would be due by the minute's limit
    hour_at    bigint NOT NULL DEFAULT 0,   -- the same by the hour's
    tail_at    bigint NOT NULL DEFAULT 0,   -- where the line of those who wait ends
    changed_at bigint NOT NULL
);
CREATE INDEX rate_changed ON rate (changed_at);

CREATE TABLE host (
    name         text COLLATE "C" NOT NULL PRIMARY KEY, -- NAME:PORT
    state        text NOT NULL DEFAULT '{}', -- JSON: turns taken, pace, failures in a row, until when it is closed
    closed_until bigint,                     -- in the clear, for lists
    changed_at   bigint NOT NULL
);
CREATE INDEX host_changed ON host (changed_at);
CREATE INDEX host_closed ON host (closed_until) WHERE closed_until IS NOT NULL;

-- Under pressure every tenant gets its share: its own sources, longest due first.
CREATE INDEX source_tenant_due ON source (tenant, due_at) WHERE due_at IS NOT NULL;
