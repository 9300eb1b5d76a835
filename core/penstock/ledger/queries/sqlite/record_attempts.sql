-- Keeps what ended runs otherwise than well, among recorded outcomes; for whoever retries the task
-- later, so is a cancellation that came instead of another run.
INSERT INTO task_attempt (
    task_id, run, attempt, error_code, error_message, error_type, traceback,
    started_at, finished_at
)
SELECT
    json_extract(value, '$.id'), json_extract(value, '$.run'), json_extract(value, '$.attempt'),
    json_extract(value, '$.error_code'), json_extract(value, '$.error_message'),
    json_extract(value, '$.error_type'), json_extract(value, '$.traceback'),
    json_extract(value, '$.started_at'), json_extract(value, '$.finished_at')
FROM json_each(:rows)
