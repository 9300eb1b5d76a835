-- Records how runs ended, given as a JSON array of objects. A run that was superseded or is
-- finished already matches no row, and changes nothing. A task that somebody wants cancelled does
-- not run again: instead of 'pending' it becomes 'cancelled'.
UPDATE task SET
    status = CASE
        WHEN json_extract(outcome.value, '$.status') = 'pending' AND cancel_requested_at IS NOT NULL
        THEN 'cancelled' ELSE json_extract(outcome.value, '$.status')
    END,
    result = json_extract(outcome.value, '$.result'),
    error_code = CASE
        WHEN json_extract(outcome.value, '$.status') = 'pending' AND cancel_requested_at IS NOT NULL
        THEN 'cancelled' ELSE json_extract(outcome.value, '$.error_code')
    END,
    error_message = CASE
        WHEN json_extract(outcome.value, '$.status') = 'pending' AND cancel_requested_at IS NOT NULL
        THEN cancel_reason ELSE json_extract(outcome.value, '$.error_message')
    END,
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
        WHEN json_extract(outcome.value, '$.status') = 'pending' AND cancel_requested_at IS NULL
        THEN NULL ELSE json_extract(outcome.value, '$.finished_at')
    END,
    updated_at = json_extract(outcome.value, '$.finished_at')
FROM json_each(:rows) AS outcome
WHERE task.id = json_extract(outcome.value, '$.id')
    AND task.run = json_extract(outcome.value, '$.run')
    AND task.finished_at IS NULL
    AND task.status = 'running'
RETURNING id, run, status, error_code, error_message
