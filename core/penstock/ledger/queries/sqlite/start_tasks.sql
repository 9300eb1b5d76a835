-- The start gate, of claims given as a JSON array of [id, lease number, orphan]: opens a run of each
-- task that may start, and fences off all earlier ones.
-- A claim with a smaller lease number than the task was started under is stale. One with the same
-- number is this very call, which opened the run before and never heard of it: nothing is counted
-- twice. A row that is 'running' may start if its worker is known to be lost (`orphan`): that costs a
-- loss, not an attempt.
-- A task that has not started when its time-to-live ends does not start, and none starts after its
-- deadline. The time-to-live is gone once an outcome says that the handler was called; a worker that
-- was lost may have called it too.
UPDATE task SET
    status = 'running',
    run = run + CASE WHEN lease = json_extract(claim.value, '$[1]') THEN 0 ELSE 1 END,
    attempts = attempts + CASE WHEN status = 'running' THEN 0 ELSE 1 END,
    losses = losses + CASE
        WHEN status = 'running' AND lease IS NOT json_extract(claim.value, '$[1]') THEN 1 ELSE 0
    END,
    lease = json_extract(claim.value, '$[1]'),
    worker = :worker,
    progress = 0,
    progress_message = '',
    started_at = :now,
    updated_at = :now
FROM json_each(:claims) AS claim
WHERE task.id = json_extract(claim.value, '$[0]')
    AND finished_at IS NULL
    AND cancel_requested_at IS NULL
    AND (
        status = 'pending'
        AND (run_at IS NULL OR run_at <= :due)
        AND (lease IS NULL OR lease < json_extract(claim.value, '$[1]'))
        AND (
            expires_at IS NULL OR expires_at > :now OR losses > 0
        )
        AND (deadline IS NULL OR deadline > :now)
        OR status = 'running'
        AND (
            lease = json_extract(claim.value, '$[1]')
            OR json_extract(claim.value, '$[2]')
            AND (lease IS NULL OR lease < json_extract(claim.value, '$[1]'))
            AND (deadline IS NULL OR deadline > :now)
        )
    )
RETURNING
    task.id, type, queue, run, attempts, max_attempts, losses, priority, user_id, provider, units,
    input, labels, started_at, deadline, batch_id
