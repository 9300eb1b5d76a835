-- Keeps log lines of tasks that are there. Repeating it after an unknown commit changes nothing.
INSERT INTO task_log (task_id, id, run, at, level, message, fields, size)
SELECT task_id, id, run, at, level, message, fields::json, size
FROM unnest(
    CAST(:task_id AS uuid[]), CAST(:id AS uuid[]), CAST(:run AS integer[]),
    CAST(:at AS timestamptz[]), CAST(:level AS text[]), CAST(:message AS text[]),
    CAST(:fields AS text[]), CAST(:size AS integer[])
) AS line (task_id, id, run, at, level, message, fields, size)
WHERE EXISTS (SELECT FROM task WHERE task.id = line.task_id)
ON CONFLICT (task_id, id) DO NOTHING
