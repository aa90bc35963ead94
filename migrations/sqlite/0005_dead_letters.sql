-- Dead letters of whole runs, and extra runs that are queued once.

-- A run or an element of a page that needs a person. One shape for both; elements are those of before.
CREATE TABLE dead_letter_of_both (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: people name letters by it
    kind       TEXT    NOT NULL,                  -- element, run
    source     BLOB    NOT NULL REFERENCES source (id),
    tenant     TEXT    NOT NULL,                  -- of the source, for listing
    profile    TEXT    NOT NULL,                  -- of the source, for listing and for the most that are kept
    run        BLOB    NOT NULL REFERENCES run (id),
    attempt    INTEGER NOT NULL,
    page       BLOB,                              -- of an element: the raw page, if it was kept; may be gone
    element    INTEGER,                           -- of an element: of that page
    class      TEXT    NOT NULL,                  -- of the failure
    reason     TEXT    NOT NULL,                  -- for a person
    extra      TEXT,                              -- of an element: JSON object
    request    TEXT,                              -- of a run: its last request, without secrets; JSON object
    created_at INTEGER NOT NULL,
    retried_at INTEGER,                           -- NULL: nobody has taken it up yet
    retried_by BLOB                               -- the run that takes or took it up
) STRICT;
INSERT INTO dead_letter_of_both (id, kind, source, tenant, profile, run, attempt, page, element, class, reason, extra, created_at)
    SELECT d.id, 'element', s.id, s.tenant, s.profile, d.run, d.attempt, d.page, d.element, 'bad-answer', d.reason, d.extra,
        d.created_at
    FROM dead_letter d JOIN run r ON r.id = d.run JOIN source s ON s.id = r.source ORDER BY d.id;
DROP TABLE dead_letter;
ALTER TABLE dead_letter_of_both RENAME TO dead_letter;
CREATE INDEX dead_letter_of_run ON dead_letter (run);
CREATE INDEX dead_letter_of_source ON dead_letter (source, id);
CREATE INDEX dead_letter_of_profile ON dead_letter (tenant, profile, id);

-- The promise of the database itself: one extra run of each sort at a time, queued or under way.
CREATE UNIQUE INDEX run_extra ON run (source, trigger) WHERE trigger IN ('one-off', 'demand') AND stage <> 'ended';
