-- Versions of plugins: which served when, what they were asked for, and by which a run was done. Times are milliseconds since
-- 1970 in UTC.

CREATE TABLE plugin_version (
    plugin    TEXT    NOT NULL,
    digest    TEXT    NOT NULL,             -- of the component
    version   TEXT    NOT NULL,             -- as it calls itself
    origin    TEXT    NOT NULL,             -- where it came from, for a person; empty: not known
    first_at  INTEGER NOT NULL,
    served_at INTEGER NOT NULL,             -- when it was last known to serve
    calls     INTEGER NOT NULL DEFAULT 0,
    cpu_us    INTEGER NOT NULL DEFAULT 0,   -- inside the sandbox
    bytes_in  INTEGER NOT NULL DEFAULT 0,
    bytes_out INTEGER NOT NULL DEFAULT 0,
    items     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (plugin, digest)
) STRICT, WITHOUT ROWID;

-- Calls that ended in a fault, ever. (plugin_fault holds those of late, by their runs.)
CREATE TABLE plugin_fault_total (
    plugin TEXT    NOT NULL,
    digest TEXT    NOT NULL,
    kind   TEXT    NOT NULL,                -- the fault in a word
    count  INTEGER NOT NULL,
    PRIMARY KEY (plugin, digest, kind)
) STRICT, WITHOUT ROWID;

ALTER TABLE run ADD COLUMN plugin TEXT; -- JSON: name, version and digest of the plugin that did it; NULL: not known
-- Sources that wait for their plugin.
CREATE INDEX source_plugin_missing ON source (profile, id) WHERE paused_by = 'plugin-missing';
