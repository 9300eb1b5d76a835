-- Shows how far running tasks are, given as a JSON array of objects; a run that was superseded
-- shows nothing.
UPDATE task SET
    progress = json_extract(report.value, '$.progress'),
    progress_message = json_extract(report.value, '$.message'),
    updated_at = :now
FROM json_each(:rows) AS report
WHERE task.id = json_extract(report.value, '$.id')
    AND task.run = json_extract(report.value, '$.run')
    AND task.finished_at IS NULL
    AND task.status = 'running'
