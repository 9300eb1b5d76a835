-- Keeps what runs want to find again, given as a JSON array of objects. A run that was superseded,
-- or has ended, keeps nothing: it matches no row of the task.
INSERT INTO checkpoint (task_id, name, run, data, updated_at)
SELECT
    task.id, json_extract(new.value, '$.name'), task.run, json_extract(new.value, '$.data'), :now
FROM json_each(:rows) AS new
JOIN task ON task.id = json_extract(new.value, '$.task_id')
WHERE task.run = json_extract(new.value, '$.run') AND task.status = 'running'
ON CONFLICT (task_id, name) DO UPDATE SET
    run = excluded.run,
    data = excluded.data,
    updated_at = excluded.updated_at
RETURNING task_id, run, name
