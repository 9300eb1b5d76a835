-- Keeps log lines of tasks that are there, given as a JSON array of objects. Repeating it after an
-- unknown commit changes nothing.
INSERT INTO task_log (task_id, id, run, at, level, message, fields, size)
SELECT
    task.id, json_extract(line.value, '$.id'), json_extract(line.value, '$.run'),
    json_extract(line.value, '$.at'), json_extract(line.value, '$.level'),
    json_extract(line.value, '$.message'), json_extract(line.value, '$.fields'),
    json_extract(line.value, '$.size')
FROM json_each(:rows) AS line
JOIN task ON task.id = json_extract(line.value, '$.task_id')
WHERE true -- tells SQLite's parser that the next ON belongs to the INSERT
ON CONFLICT (task_id, id) DO NOTHING
