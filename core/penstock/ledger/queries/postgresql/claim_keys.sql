-- Claims idempotency keys for new tasks, and returns each with the task that holds it, perhaps an
-- earlier one. A key that has expired counts as new.
-- In one order, so that batches with the same keys wait for each other, but never in a circle.
INSERT INTO idempotency_key (principal, key, fingerprint, task_id, expires_at)
SELECT principal, key, fingerprint, task_id, expires_at
FROM unnest(
    CAST(:principal AS text[]), CAST(:key AS text[]), CAST(:fingerprint AS text[]),
    CAST(:task_id AS uuid[]), CAST(:expires_at AS timestamptz[])
) AS new (principal, key, fingerprint, task_id, expires_at)
ORDER BY principal, key
ON CONFLICT (principal, key) DO UPDATE SET
    fingerprint = CASE
        WHEN idempotency_key.expires_at > :now THEN idempotency_key.fingerprint
        ELSE excluded.fingerprint
    END,
    task_id = CASE
        WHEN idempotency_key.expires_at > :now THEN idempotency_key.task_id
        ELSE excluded.task_id
    END,
    expires_at = CASE
        WHEN idempotency_key.expires_at > :now THEN idempotency_key.expires_at
        ELSE excluded.expires_at
    END
RETURNING principal, key, fingerprint, task_id
