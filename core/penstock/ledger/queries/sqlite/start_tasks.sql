-- The start gate, of claims given as a JSON array of [id, orphan]: opens a run of each task that may
-- start, and fences off all earlier ones.
-- A row that is 'running' may start if its worker is known to be lost (`orphan`): that costs a
-- loss, not an attempt. It may as well if this very call opened it before and never heard of it:
-- worker and time are the same then, and nothing is counted twice.
UPDATE task SET
    status = 'running',
    run = run + CASE WHEN worker = :worker AND started_at = :now THEN 0 ELSE 1 END,
    attempts = attempts + CASE WHEN status = 'running' THEN 0 ELSE 1 END,
    losses = losses + CASE
        WHEN worker = :worker AND started_at = :now THEN 0
        WHEN status = 'running' THEN 1
        ELSE 0
    END,
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
        status = 'pending' AND (run_at IS NULL OR run_at <= :due)
        OR status = 'running'
        AND (json_extract(claim.value, '$[1]') OR worker = :worker AND started_at = :now)
    )
RETURNING
    task.id, type, queue, run, attempts, max_attempts, losses, priority, user_id, input, labels,
    started_at
