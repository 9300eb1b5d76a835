-- Remembers stored files. Repeating it after an unknown commit changes nothing.
INSERT INTO artifact (id, task_id, name, content_type, size, sha256, created_at)
SELECT id, task_id, name, content_type, size, sha256, :now
FROM unnest(
    CAST(:id AS uuid[]), CAST(:task_id AS uuid[]), CAST(:name AS text[]),
    CAST(:content_type AS text[]), CAST(:size AS bigint[]), CAST(:sha256 AS text[])
) AS new (id, task_id, name, content_type, size, sha256)
ON CONFLICT (id) DO NOTHING
