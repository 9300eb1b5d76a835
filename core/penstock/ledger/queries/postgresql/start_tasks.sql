-- The start gate: opens a run of each task that may start, and fences off all earlier ones.
-- A row that is 'running' may start if its worker is known to be lost (`orphan`): that costs a
-- loss, not an attempt. It may as well if this very call opened it before and never heard of it:
-- worker and time are the same then, and nothing is counted twice.
-- `finished_at IS NULL` would tempt the planner to walk all of the index of open tasks.
UPDATE task SET
    status = 'running',
    run = task.run
        + CASE WHEN task.worker = :worker AND task.started_at = :now THEN 0 ELSE 1 END,
    attempts = task.attempts + CASE WHEN task.status = 'running' THEN 0 ELSE 1 END,
    losses = task.losses + CASE
        WHEN task.worker = :worker AND task.started_at = :now THEN 0
        WHEN task.status = 'running' THEN 1
        ELSE 0
    END,
    worker = :worker,
    progress = 0,
    progress_message = '',
    started_at = :now,
    updated_at = :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:orphans AS boolean[])) AS claim (id, orphan)
WHERE task.id = claim.id
    AND task.cancel_requested_at IS NULL
    AND (
        task.status = 'pending' AND (task.run_at IS NULL OR task.run_at <= :due)
        OR task.status = 'running'
        AND (claim.orphan OR task.worker = :worker AND task.started_at = :now)
    )
RETURNING
    task.id, task.type, task.queue, task.run, task.attempts, task.max_attempts, task.losses,
    task.priority, task.user_id, task.input::text AS input, task.labels::text AS labels,
    task.started_at
