-- Plugins that break down. Times are milliseconds since 1970 in UTC.

-- Runs in which a version of a plugin broke down lately.
CREATE TABLE plugin_fault (
    plugin TEXT    NOT NULL,
    digest TEXT    NOT NULL,                -- of the version
    run    BLOB    NOT NULL,
    source BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (plugin, digest, run)
) STRICT, WITHOUT ROWID;

-- Versions that are out of service.
CREATE TABLE plugin_quarantine (
    plugin  TEXT    NOT NULL,
    digest  TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    runs    INTEGER NOT NULL,               -- in which it broke down
    sources INTEGER NOT NULL,               -- of those runs, different ones
    why     TEXT    NOT NULL,               -- the last fault
    PRIMARY KEY (plugin, digest)
) STRICT, WITHOUT ROWID;
