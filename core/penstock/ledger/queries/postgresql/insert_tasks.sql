-- Accepts a batch of tasks. Repeating it after an unknown commit changes nothing; of a unique task
-- that is open already, another is not made.
INSERT INTO task (
    id, type, queue, priority, user_id, provider, units, input, labels, max_attempts, created_at,
    run_at, expires_at, deadline, unique_key, parent_id, batch_id, updated_at
)
SELECT
    id, type, queue, priority, user_id, provider, units, input::json, labels::json, max_attempts,
    created_at, run_at, expires_at, deadline, unique_key, parent_id, batch_id, created_at
FROM unnest(
    CAST(:id AS uuid[]), CAST(:type AS text[]), CAST(:queue AS text[]),
    CAST(:priority AS smallint[]), CAST(:user_id AS text[]),
    CAST(:provider AS text[]), CAST(:units AS integer[]), CAST(:input AS text[]),
    CAST(:labels AS text[]), CAST(:max_attempts AS integer[]),
    CAST(:created_at AS timestamptz[]), CAST(:run_at AS timestamptz[]),
    CAST(:expires_at AS timestamptz[]), CAST(:deadline AS timestamptz[]),
    CAST(:unique_key AS text[]), CAST(:parent_id AS uuid[]), CAST(:batch_id AS uuid[])
) AS new (
    id, type, queue, priority, user_id, provider, units, input, labels, max_attempts, created_at,
    run_at, expires_at, deadline, unique_key, parent_id, batch_id
)
ON CONFLICT DO NOTHING
