-- The start gate: opens a run of each task that may start, and fences off all earlier ones.
-- A claim with a smaller lease number than the task was started under is stale. One with the same
-- number is this very call, which opened the run before and never heard of it: nothing is counted
-- twice. A row that is 'running' may start if its worker is known to be lost (`orphan`): that costs a
-- loss, not an attempt.
-- A task that has not started when its time-to-live ends does not start, and none starts after its
-- deadline. The time-to-live is gone once an outcome says that the handler was called; a worker that
-- was lost may have called it too.
-- `finished_at IS NULL` would tempt the planner to walk all of the index of open tasks.
UPDATE task SET
    status = 'running',
    run = task.run + CASE WHEN task.lease = claim.lease THEN 0 ELSE 1 END,
    attempts = task.attempts + CASE WHEN task.status = 'running' THEN 0 ELSE 1 END,
    losses = task.losses + CASE
        WHEN task.status = 'running' AND task.lease IS DISTINCT FROM claim.lease THEN 1 ELSE 0
    END,
    lease = claim.lease,
    worker = :worker,
    progress = 0,
    progress_message = '',
    started_at = :now,
    updated_at = :now
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:leases AS bigint[]), CAST(:orphans AS boolean[])
) AS claim (id, lease, orphan)
WHERE task.id = claim.id
    AND task.cancel_requested_at IS NULL
    AND (
        task.status = 'pending'
        AND (task.run_at IS NULL OR task.run_at <= :due)
        AND (task.lease IS NULL OR task.lease < claim.lease)
        AND (
            task.expires_at IS NULL OR task.expires_at > :now OR task.losses > 0
        )
        AND (task.deadline IS NULL OR task.deadline > :now)
        OR task.status = 'running'
        AND (
            task.lease = claim.lease
            OR claim.orphan AND (task.lease IS NULL OR task.lease < claim.lease)
            AND (task.deadline IS NULL OR task.deadline > :now)
        )
    )
RETURNING
    task.id, task.type, task.queue, task.run, task.attempts, task.max_attempts, task.losses,
    task.priority, task.user_id, task.provider, task.units, task.input::text AS input,
    task.labels::text AS labels, task.started_at, task.deadline, task.batch_id
