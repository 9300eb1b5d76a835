-- Records how runs ended, and counts the ended tasks, in one statement. A run that was superseded
-- or is finished already matches no row, and changes nothing. A task that somebody wants cancelled
-- does not run again: instead of 'pending' it becomes 'cancelled'; nor does one whose next run would
-- come at its deadline or later: it has failed. What ended a run otherwise than well is kept as an
-- attempt; for whoever retries the task later, so is what came instead of another run.
WITH outcome AS (
    SELECT *, COALESCE(run_at, finished_at) AS again_at FROM unnest(
        CAST(:id AS uuid[]), CAST(:run AS integer[]), CAST(:status AS text[]),
        CAST(:result AS text[]), CAST(:error_code AS text[]), CAST(:error_message AS text[]),
        CAST(:error_type AS text[]), CAST(:traceback AS text[]), CAST(:refund AS integer[]),
        CAST(:ran AS boolean[]), CAST(:run_at AS timestamptz[]),
        CAST(:finished_at AS timestamptz[])
    ) AS o (
        id, run, status, result, error_code, error_message, error_type, traceback, refund,
        ran, run_at, finished_at
    )
), recorded AS (
    UPDATE task SET
        status = CASE
            WHEN outcome.status <> 'pending' THEN outcome.status
            WHEN task.cancel_requested_at IS NOT NULL THEN 'cancelled'
            WHEN outcome.again_at >= task.deadline THEN 'failed'
            ELSE outcome.status
        END,
        result = outcome.result::json,
        error_code = CASE
            WHEN outcome.status <> 'pending' THEN outcome.error_code
            WHEN task.cancel_requested_at IS NOT NULL THEN 'cancelled'
            WHEN outcome.again_at >= task.deadline THEN 'deadline_exceeded'
            ELSE outcome.error_code
        END,
        error_message = CASE
            WHEN outcome.status <> 'pending' THEN outcome.error_message
            WHEN task.cancel_requested_at IS NOT NULL THEN task.cancel_reason
            WHEN outcome.again_at >= task.deadline THEN CAST(:too_late AS text)
            ELSE outcome.error_message
        END,
        error_type = outcome.error_type,
        progress = CASE WHEN outcome.status = 'success' THEN 100 ELSE task.progress END,
        -- What it was doing last is of use only if it did not succeed.
        progress_message =
            CASE WHEN outcome.status = 'success' THEN '' ELSE task.progress_message END,
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
    FROM outcome
    WHERE task.id = outcome.id AND task.run = outcome.run AND task.status = 'running'
    RETURNING
        task.id, task.run, task.queue, task.attempts, task.started_at, task.status,
        COALESCE(outcome.error_code, task.error_code) AS error_code,
        COALESCE(outcome.error_message, task.error_message) AS error_message,
        COALESCE(outcome.error_type, '') AS error_type, outcome.traceback,
        outcome.refund, outcome.finished_at
), attempt AS (
    INSERT INTO task_attempt (
        task_id, run, attempt, error_code, error_message, error_type, traceback,
        started_at, finished_at
    )
    SELECT
        id, run, attempts, error_code, error_message, error_type, traceback,
        started_at, finished_at
    FROM recorded
    WHERE error_code IS NOT NULL AND (refund = 0 OR status IN ('cancelled', 'failed'))
), counted AS (
    INSERT INTO queue_stat (queue, shard, completed, failed, cancelled)
    SELECT
        queue, CAST(:shard AS smallint), count(*) FILTER (WHERE status = 'success'),
        count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'cancelled')
    FROM recorded WHERE status <> 'pending'
    GROUP BY queue ORDER BY queue
    ON CONFLICT (queue, shard) DO UPDATE SET
        completed = queue_stat.completed + excluded.completed,
        failed = queue_stat.failed + excluded.failed,
        cancelled = queue_stat.cancelled + excluded.cancelled
)
SELECT id, run, status FROM recorded
