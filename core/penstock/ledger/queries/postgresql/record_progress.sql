-- Shows how far running tasks are; a run that was superseded shows nothing.
UPDATE task SET
    progress = report.progress,
    progress_message = report.message,
    updated_at = :now
FROM unnest(
    CAST(:id AS uuid[]), CAST(:run AS integer[]), CAST(:progress AS double precision[]),
    CAST(:message AS text[])
) AS report (id, run, progress, message)
WHERE task.id = report.id AND task.run = report.run AND task.status = 'running'
