-- Plugins that break down. Times are milliseconds since 1970 in UTC.

-- Runs in which a version of a plugin broke down lately.
CREATE TABLE plugin_fault (
    plugin text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,       -- of the version
    run    uuid   NOT NULL,
    source uuid   NOT NULL,
    at     bigint NOT NULL,
    PRIMARY KEY (plugin, digest, run)
);

-- Versions that are out of service.
CREATE TABLE plugin_quarantine (
    plugin  text COLLATE "C" NOT NULL,
    digest  text COLLATE "C" NOT NULL,
    since   bigint NOT NULL,
    runs    bigint NOT NULL,                -- in which it broke down
    sources bigint NOT NULL,                -- of those runs, different ones
    why     text   NOT NULL,                -- the last fault
    PRIMARY KEY (plugin, digest)
);
