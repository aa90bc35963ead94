-- When an actor run was ordered is not when the platform was last asked for it: the one says how far back its run may lie,
-- the other since when nobody has asked any more.
ALTER TABLE actor_run ADD COLUMN ordered_at bigint NOT NULL DEFAULT 0; -- when the platform was first asked to start it
UPDATE actor_run SET ordered_at = asked_at;
-- Runs of the platform that stand for something already are no candidates for a start that was lost.
CREATE INDEX actor_run_ordered ON actor_run (credential, actor, ordered_at);
