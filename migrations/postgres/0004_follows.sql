-- Who follows what, who is there, and what a source's schedule is told.

ALTER TABLE source ADD COLUMN followers bigint; -- active ones, as last counted; NULL: nobody has counted
ALTER TABLE source ADD COLUMN facts text;       -- JSON: what else its schedule is told; NULL: nothing

-- A tenant's user, opaque to us, who follows or has followed something.
CREATE TABLE follower (
    tenant  text COLLATE "C" NOT NULL,
    id      text COLLATE "C" NOT NULL,
    seen_at bigint NOT NULL, -- never moved back
    PRIMARY KEY (tenant, id)
) WITH (fillfactor = 80);

-- A user follows a source.
CREATE TABLE follow (
    tenant     text COLLATE "C" NOT NULL,
    follower   text COLLATE "C" NOT NULL,
    source     uuid   NOT NULL REFERENCES source (id),
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant, follower, source),
    FOREIGN KEY (tenant, follower) REFERENCES follower (tenant, id)
);
CREATE INDEX follow_of_source ON follow (source, tenant, follower);

-- How often a user has read in each hour of the UTC day; halved when a number becomes large.
CREATE TABLE follower_hour (
    tenant   text COLLATE "C" NOT NULL,
    follower text COLLATE "C" NOT NULL,
    hour     bigint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    views    bigint NOT NULL,
    PRIMARY KEY (tenant, follower, hour),
    FOREIGN KEY (tenant, follower) REFERENCES follower (tenant, id)
) WITH (fillfactor = 80);
