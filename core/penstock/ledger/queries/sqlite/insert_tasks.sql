-- Accepts a batch of tasks, given as a JSON array of objects. Repeating it after an unknown commit
-- changes nothing; of a unique task that is open already, another is not made.
INSERT INTO task (
    id, type, queue, priority, user_id, provider, units, input, labels, max_attempts, created_at,
    run_at, expires_at, deadline, unique_key, parent_id, batch_id, updated_at
)
SELECT
    json_extract(value, '$.id'), json_extract(value, '$.type'), json_extract(value, '$.queue'),
    json_extract(value, '$.priority'), json_extract(value, '$.user_id'),
    json_extract(value, '$.provider'), json_extract(value, '$.units'),
    json_extract(value, '$.input'), json_extract(value, '$.labels'),
    json_extract(value, '$.max_attempts'), json_extract(value, '$.created_at'),
    json_extract(value, '$.run_at'), json_extract(value, '$.expires_at'),
    json_extract(value, '$.deadline'), json_extract(value, '$.unique_key'),
    json_extract(value, '$.parent_id'), json_extract(value, '$.batch_id'),
    json_extract(value, '$.created_at')
FROM json_each(:rows)
WHERE true -- tells SQLite's parser that the next ON belongs to the INSERT
ON CONFLICT DO NOTHING
