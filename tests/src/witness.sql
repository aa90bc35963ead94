-- What a test wants to have seen of a database that daemons share: every claim with who made it and who ended it, and
-- whatever must not happen. Daemons are told apart by their application_name.
CREATE SCHEMA witness;

CREATE TABLE witness.claim (
    run        uuid   NOT NULL,
    generation bigint NOT NULL,
    source     uuid   NOT NULL,
    app        text   NOT NULL,
    at         bigint NOT NULL, -- ms since 1970
    left_at    bigint,          -- when the run was no longer running under this generation
    left_by    text,
    PRIMARY KEY (run, generation)
);
CREATE INDEX ON witness.claim (source, generation);
CREATE INDEX ON witness.claim (app) WHERE left_at IS NULL;

CREATE TABLE witness.wrong (what text NOT NULL);

CREATE FUNCTION witness.now() RETURNS bigint LANGUAGE sql AS
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

CREATE FUNCTION witness.tell(what text) RETURNS void LANGUAGE sql AS
    'INSERT INTO witness.wrong VALUES (what)';

CREATE FUNCTION witness.run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    me text := current_setting('application_name');
    claimer text;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.stage = 'ended' AND
        (NEW.stage, NEW.generation, NEW.ended_at, NEW.ending, NEW.items_new) IS DISTINCT FROM
        (OLD.stage, OLD.generation, OLD.ended_at, OLD.ending, OLD.items_new) THEN
        PERFORM witness.tell(format('run %s was changed by %s after its end: %s to %s', OLD.id, me, OLD, NEW));
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.stage = 'running' THEN
        SELECT app INTO claimer FROM witness.claim WHERE run = OLD.id AND generation = OLD.generation;
        -- Whoever is alive speaks for its own runs; others may take up what nobody speaks for any more.
        IF claimer IS DISTINCT FROM me AND NEW IS DISTINCT FROM OLD AND OLD.lease_until >= witness.now() THEN
            PERFORM witness.tell(format('run %s of %s was changed by %s while its lease held: %s to %s', OLD.id, claimer,
                me, OLD, NEW));
        END IF;
        IF NEW.stage = 'running' AND NEW.generation <> OLD.generation THEN
            PERFORM witness.tell(format('run %s was claimed by %s while it was running for %s', OLD.id, me, claimer));
        END IF;
        IF NEW.stage <> 'running' OR NEW.generation <> OLD.generation THEN
            UPDATE witness.claim SET left_at = witness.now(), left_by = me
                WHERE run = OLD.id AND generation = OLD.generation;
        END IF;
    END IF;
    IF NEW.stage = 'running' AND (TG_OP = 'INSERT' OR OLD.stage <> 'running') THEN
        IF EXISTS (SELECT FROM witness.claim WHERE source = NEW.source AND generation >= NEW.generation) THEN
            PERFORM witness.tell(format('source %s was claimed under generation %s again', NEW.source, NEW.generation));
        END IF;
        IF EXISTS (SELECT FROM run WHERE source = NEW.source AND id <> NEW.id AND stage IN ('running', 'waiting')) THEN
            PERFORM witness.tell(format('source %s has two live runs', NEW.source));
        END IF;
        INSERT INTO witness.claim VALUES (NEW.id, NEW.generation, NEW.source, me, witness.now()) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON run FOR EACH ROW EXECUTE FUNCTION witness.run_changed();

-- The one argument: runs a day in all.
CREATE FUNCTION witness.ledger_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.scope = 'all' AND NEW.measure = 'runs-per-day' AND NEW.reserved + NEW.spent > TG_ARGV[0]::bigint THEN
        PERFORM witness.tell(format('the budget was exceeded: %s reserved, %s spent', NEW.reserved, NEW.spent));
    END IF;
    IF NEW.reserved < 0 OR NEW.spent < 0 OR TG_OP = 'UPDATE' AND NEW.spent < OLD.spent THEN
        PERFORM witness.tell(format('the ledger went from %s to %s', OLD, NEW));
    END IF;
    RETURN NULL;
END $$;
