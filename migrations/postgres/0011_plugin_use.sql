-- Versions of plugins: which served when, what they were asked for, and by which a run was done. Times are milliseconds since
-- 1970 in UTC.

CREATE TABLE plugin_version (
    plugin    text COLLATE "C" NOT NULL,
    digest    text COLLATE "C" NOT NULL,    -- of the component
    version   text   NOT NULL,              -- as it calls itself
    origin    text   NOT NULL,              -- where it came from, for a person; empty: not known
    first_at  bigint NOT NULL,
    served_at bigint NOT NULL,              -- when it was last known to serve
    calls     bigint NOT NULL DEFAULT 0,
    cpu_us    bigint NOT NULL DEFAULT 0,    -- inside the sandbox
    bytes_in  bigint NOT NULL DEFAULT 0,
    bytes_out bigint NOT NULL DEFAULT 0,
    items     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (plugin, digest)
);

-- Calls that ended in a fault, ever. (plugin_fault holds those of late, by their runs.)
CREATE TABLE plugin_fault_total (
    plugin text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    kind   text COLLATE "C" NOT NULL,       -- the fault in a word
    count  bigint NOT NULL,
    PRIMARY KEY (plugin, digest, kind)
);

ALTER TABLE run ADD COLUMN plugin text; -- JSON: name, version and digest of the plugin that did it; NULL: not known
-- Sources that wait for their plugin.
CREATE INDEX source_plugin_missing ON source (profile, id) WHERE paused_by = 'plugin-missing';
