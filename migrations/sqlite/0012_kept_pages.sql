-- What a replay needs of kept pages, and the room they may take. Pages that were kept before have neither: they go by their time.

ALTER TABLE page ADD COLUMN profile TEXT;       -- of its source; NULL: kept by an older version
ALTER TABLE page ADD COLUMN kept_bytes INTEGER;  -- room it takes: meta and body
ALTER TABLE page ADD COLUMN left_out TEXT;      -- JSON array: elements that the run left out because of its cap; NULL: none
CREATE INDEX page_of_profile ON page (profile, fetched_at, kept_bytes) WHERE profile IS NOT NULL;
