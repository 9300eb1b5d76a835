-- Claims idempotency keys for new tasks, given as a JSON array of objects, and returns each with the
-- task that holds it, perhaps an earlier one. A key that has expired counts as new.
INSERT INTO idempotency_key (principal, key, fingerprint, task_id, expires_at)
SELECT
    json_extract(value, '$.principal'), json_extract(value, '$.key'),
    json_extract(value, '$.fingerprint'), json_extract(value, '$.task_id'),
    json_extract(value, '$.expires_at')
FROM json_each(:rows)
WHERE true -- tells SQLite's parser that the next ON belongs to the INSERT
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
