-- Indexes for what is asked at every start and in every tick, however many sources and runs there are.

-- Sources that are followed, as last counted, or were never counted.
CREATE INDEX source_followed ON source (id) WHERE followers IS NULL OR followers <> 0;
