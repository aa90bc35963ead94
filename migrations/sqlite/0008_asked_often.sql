-- Indexes for what is asked at every start and in every tick, however many sources and runs there are. A partial index is
-- used where the question has its condition word by word.

-- Runs whose daemon may be dead.
CREATE INDEX run_leased ON run (lease_until, id) WHERE stage = 'running';
-- Sources that a daemon looks at again when it starts, and whoever opens a gate.
CREATE INDEX source_put_off ON source (id) WHERE parked = 1 OR skipped_at IS NOT NULL;
-- Sources that are followed, as last counted, or were never counted.
CREATE INDEX source_followed ON source (id) WHERE followers IS NULL OR followers <> 0;
