-- The database's own record of what became of each task, written in the transaction that did it:
-- whatever the code does, or is mutated to do, it cannot do it unseen.
CREATE TABLE chaos_transition (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    task_id uuid NOT NULL,
    before json,
    after json
);

CREATE FUNCTION chaos_state(task) RETURNS json LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'status', $1.status, 'run', $1.run, 'attempts', $1.attempts, 'losses', $1.losses,
        'worker', $1.worker, 'error_code', $1.error_code, 'result', $1.result::text,
        'cancel_requested', $1.cancel_requested_at IS NOT NULL,
        'run_at', (extract(epoch FROM $1.run_at) * 1000000000)::bigint,
        'finished', (extract(epoch FROM $1.finished_at) * 1000000000)::bigint
    )
$$;

CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_transition (task_id, before, after) VALUES (
        COALESCE(NEW.id, OLD.id),
        CASE WHEN TG_OP <> 'INSERT' THEN chaos_state(OLD) END,
        CASE WHEN TG_OP <> 'DELETE' THEN chaos_state(NEW) END
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER chaos_note AFTER INSERT OR DELETE ON task
FOR EACH ROW EXECUTE FUNCTION chaos_note();

-- All that changes an outcome, and of open tasks all but progress.
CREATE TRIGGER chaos_note_update AFTER UPDATE ON task
FOR EACH ROW WHEN (
    OLD.finished_at IS NOT NULL
    OR (
        OLD.status, OLD.run, OLD.attempts, OLD.losses, OLD.worker, OLD.run_at,
        OLD.cancel_requested_at
    ) IS DISTINCT FROM (
        NEW.status, NEW.run, NEW.attempts, NEW.losses, NEW.worker, NEW.run_at,
        NEW.cancel_requested_at
    )
)
EXECUTE FUNCTION chaos_note();

-- What runs kept for later ones. Its moment is before the commit, but no later run begins before it.
CREATE TABLE chaos_save (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    task_id uuid NOT NULL,
    run integer NOT NULL,
    step integer NOT NULL
);

CREATE FUNCTION chaos_note_save() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_save (task_id, run, step) VALUES (NEW.task_id, NEW.run, NEW.data::text::int);
    RETURN NULL;
END
$$;

CREATE TRIGGER chaos_note_save AFTER INSERT OR UPDATE ON checkpoint
FOR EACH ROW EXECUTE FUNCTION chaos_note_save();
