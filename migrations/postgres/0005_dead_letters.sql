-- Dead letters of whole runs, and extra runs that are queued once.

-- A run or an element of a page that needs a person. One shape for both; elements are those of before. Numbers are given by
-- a sequence, and never twice: people name letters by them.
ALTER TABLE dead_letter ADD COLUMN kind text;                     -- element, run
ALTER TABLE dead_letter ADD COLUMN source uuid;
ALTER TABLE dead_letter ADD COLUMN tenant text COLLATE "C";       -- of the source, for listing
ALTER TABLE dead_letter ADD COLUMN profile text COLLATE "C";      -- of the source, for listing and for the most that are kept
ALTER TABLE dead_letter ADD COLUMN class text;                    -- of the failure
ALTER TABLE dead_letter ADD COLUMN request text;                  -- of a run: its last request, without secrets; JSON object
ALTER TABLE dead_letter ADD COLUMN retried_at bigint;             -- NULL: nobody has taken it up yet
ALTER TABLE dead_letter ADD COLUMN retried_by uuid;               -- the run that takes or took it up
-- Of an element, like page and extra.
ALTER TABLE dead_letter ALTER COLUMN element DROP NOT NULL;
UPDATE dead_letter d SET kind = 'element', source = s.id, tenant = s.tenant, profile = s.profile, class = 'bad-answer'
    FROM run r JOIN source s ON s.id = r.source WHERE r.id = d.run;
DELETE FROM dead_letter WHERE kind IS NULL;
ALTER TABLE dead_letter ALTER COLUMN kind SET NOT NULL, ALTER COLUMN source SET NOT NULL, ALTER COLUMN tenant SET NOT NULL,
    ALTER COLUMN profile SET NOT NULL, ALTER COLUMN class SET NOT NULL;
CREATE INDEX dead_letter_of_source ON dead_letter (source, id);
CREATE INDEX dead_letter_of_profile ON dead_letter (tenant, profile, id);

-- The promise of the database itself: one extra run of each sort at a time, queued or under way.
CREATE UNIQUE INDEX run_extra ON run (source, trigger) WHERE trigger IN ('one-off', 'demand') AND stage <> 'ended';
