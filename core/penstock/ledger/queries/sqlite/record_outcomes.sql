-- Records how runs ended, given as a JSON array of objects. A run that was superseded or is
-- finished already matches no row, and changes nothing.
UPDATE task SET
    status = json_extract(outcome.value, '$.status'),
    result = json_extract(outcome.value, '$.result'),
    error_code = json_extract(outcome.value, '$.error_code'),
    error_message = json_extract(outcome.value, '$.error_message'),
    error_type = json_extract(outcome.value, '$.error_type'),
    progress = CASE
        WHEN json_extract(outcome.value, '$.status') = 'success' THEN 100 ELSE task.progress
    END,
    -- What it was doing last is of use only if it did not succeed.
    progress_message = CASE
        WHEN json_extract(outcome.value, '$.status') = 'success' THEN '' ELSE task.progress_message
    END,
    attempts = task.attempts - json_extract(outcome.value, '$.refund'),
    run_at = COALESCE(json_extract(outcome.value, '$.run_at'), task.run_at),
    finished_at = CASE
        WHEN json_extract(outcome.value, '$.status') = 'pending' THEN NULL
        ELSE json_extract(outcome.value, '$.finished_at')
    END,
    updated_at = json_extract(outcome.value, '$.finished_at')
FROM json_each(:rows) AS outcome
WHERE task.id = json_extract(outcome.value, '$.id')
    AND task.run = json_extract(outcome.value, '$.run')
    AND task.finished_at IS NULL
    AND task.status = 'running'
RETURNING id, run
