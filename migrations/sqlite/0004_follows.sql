-- Who follows what, who is there, and what a source's schedule is told.

ALTER TABLE source ADD COLUMN followers INTEGER; -- active ones, as last counted; NULL: nobody has counted
ALTER TABLE source ADD COLUMN facts TEXT;        -- JSON: what else its schedule is told; NULL: nothing

-- A tenant's user, opaque to us, who follows or has followed something.
CREATE TABLE follower (
    tenant  TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    seen_at INTEGER NOT NULL, -- never moved back
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- A user follows a source.
CREATE TABLE follow (
    tenant     TEXT    NOT NULL,
    follower   TEXT    NOT NULL,
    source     BLOB    NOT NULL REFERENCES source (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, follower, source),
    FOREIGN KEY (tenant, follower) REFERENCES follower (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_of_source ON follow (source, tenant, follower);

-- How often a user has read in each hour of the UTC day; halved when a number becomes large.
CREATE TABLE follower_hour (
    tenant   TEXT    NOT NULL,
    follower TEXT    NOT NULL,
    hour     INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    views    INTEGER NOT NULL,
    PRIMARY KEY (tenant, follower, hour),
    FOREIGN KEY (tenant, follower) REFERENCES follower (tenant, id)
) STRICT, WITHOUT ROWID;
