-- The start gate: opens a run of each task that may start, and fences off all earlier ones.
-- `finished_at IS NULL` would say the same, and tempt the planner to walk all of ix_task_open.
-- A row that is 'running' already lost its worker: that costs a loss, not an attempt.
UPDATE task SET
    status = 'running',
    run = run + 1,
    attempts = attempts + CASE WHEN status = 'running' THEN 0 ELSE 1 END,
    losses = losses + CASE WHEN status = 'running' THEN 1 ELSE 0 END,
    worker = :worker,
    progress = 0,
    progress_message = '',
    started_at = :now,
    updated_at = :now
WHERE id = ANY(CAST(:ids AS uuid[]))
    AND status IN ('pending', 'running')
    AND (run_at IS NULL OR run_at <= :due)
RETURNING
    id, type, queue, run, attempts, max_attempts, losses, priority, user_id,
    input::text AS input, labels::text AS labels, started_at
