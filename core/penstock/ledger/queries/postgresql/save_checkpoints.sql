-- Keeps what runs want to find again. A run that was superseded, or has ended, keeps nothing: it
-- matches no row of the task, which is locked until the commit, so that no later run starts between.
INSERT INTO checkpoint (task_id, name, run, data, updated_at)
SELECT new.task_id, new.name, new.run, new.data::json, :now
FROM unnest(
    CAST(:task_id AS uuid[]), CAST(:run AS integer[]), CAST(:name AS text[]), CAST(:data AS text[])
) AS new (task_id, run, name, data)
JOIN task ON task.id = new.task_id
WHERE task.run = new.run AND task.status = 'running'
ORDER BY new.task_id
FOR SHARE OF task
ON CONFLICT (task_id, name) DO UPDATE SET
    run = excluded.run,
    data = excluded.data,
    updated_at = excluded.updated_at
RETURNING task_id, run, name
