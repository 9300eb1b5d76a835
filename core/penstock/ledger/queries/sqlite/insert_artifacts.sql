-- Remembers stored files, given as a JSON array of objects. Repeating it after an unknown commit
-- changes nothing.
INSERT INTO artifact (id, task_id, name, content_type, size, sha256, created_at)
SELECT
    json_extract(value, '$.id'), json_extract(value, '$.task_id'), json_extract(value, '$.name'),
    json_extract(value, '$.content_type'), json_extract(value, '$.size'),
    json_extract(value, '$.sha256'), :now
FROM json_each(:rows)
WHERE true -- tells SQLite's parser that the next ON belongs to the INSERT
ON CONFLICT (id) DO NOTHING
