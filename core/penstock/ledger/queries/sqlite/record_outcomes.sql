-- Records how runs ended, given as a JSON array of objects. A run that was superseded or is
-- finished already matches no row, and changes nothing. A task that somebody wants cancelled does
-- not run again: instead of 'pending' it becomes 'cancelled'; nor does one whose next run would
-- come at its deadline or later: it has failed.
UPDATE task SET
    status = CASE
        WHEN outcome.status <> 'pending' THEN outcome.status
        WHEN task.cancel_requested_at IS NOT NULL THEN 'cancelled'
        WHEN outcome.again_at >= task.deadline THEN 'failed'
        ELSE outcome.status
    END,
    result = outcome.result,
    error_code = CASE
        WHEN outcome.status <> 'pending' THEN outcome.error_code
        WHEN task.cancel_requested_at IS NOT NULL THEN 'cancelled'
        WHEN outcome.again_at >= task.deadline THEN 'deadline_exceeded'
        ELSE outcome.error_code
    END,
    error_message = CASE
        WHEN outcome.status <> 'pending' THEN outcome.error_message
        WHEN task.cancel_requested_at IS NOT NULL THEN task.cancel_reason
        WHEN outcome.again_at >= task.deadline THEN :too_late
        ELSE outcome.error_message
    END,
    error_type = outcome.error_type,
    progress = CASE WHEN outcome.status = 'success' THEN 100 ELSE task.progress END,
    -- What it was doing last is of use only if it did not succeed.
    progress_message = CASE WHEN outcome.status = 'success' THEN '' ELSE task.progress_message END,
    attempts = task.attempts - outcome.refund,
    run_at = COALESCE(outcome.run_at, task.run_at),
    -- Whoever has started keeps no time-to-live.
    expires_at =
        CASE WHEN outcome.ran AND outcome.status = 'pending' THEN NULL ELSE task.expires_at END,
    -- An earlier run may have called the handler, and would be forgotten.
    started_at = CASE WHEN outcome.ran OR task.run > 1 THEN task.started_at END,
    finished_at = CASE
        WHEN outcome.status = 'pending' AND task.cancel_requested_at IS NULL
        AND (task.deadline IS NULL OR outcome.again_at < task.deadline)
        THEN NULL ELSE outcome.finished_at
    END,
    updated_at = outcome.finished_at
FROM (
    SELECT
        json_extract(value, '$.id') AS id, json_extract(value, '$.run') AS run,
        json_extract(value, '$.status') AS status, json_extract(value, '$.result') AS result,
        json_extract(value, '$.error_code') AS error_code,
        json_extract(value, '$.error_message') AS error_message,
        json_extract(value, '$.error_type') AS error_type,
        json_extract(value, '$.refund') AS refund, json_extract(value, '$.ran') AS ran,
        json_extract(value, '$.run_at') AS run_at,
        json_extract(value, '$.finished_at') AS finished_at,
        COALESCE(
            json_extract(value, '$.run_at'), json_extract(value, '$.finished_at')
        ) AS again_at
    FROM json_each(:rows)
) AS outcome
WHERE task.id = outcome.id
    AND task.run = outcome.run
    AND task.finished_at IS NULL
    AND task.status = 'running'
RETURNING task.id, task.run, task.status, task.error_code, task.error_message
