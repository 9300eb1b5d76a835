-- Ended tasks. Ids are UUIDv7 in the order of their making. Of a million: 4 queues, one of them with
-- 10 rows; 9 task types, one with 10 rows; a user with a tenth of all, and 50,000 others; 5 % failed,
-- 0.1 % cancelled; one text of an error in 10 rows; families of 10, batches of 100.
INSERT INTO task (
    id, type, queue, status, priority, user_id, input, result, error_code, error_message,
    error_type, run, attempts, max_attempts, worker, lease, created_at, started_at, finished_at,
    updated_at, parent_id, batch_id
)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows),
numbered AS (SELECT n, :first + n * :step AS ms FROM numbers),
made_up AS (
    SELECT
        n,
        strftime('%Y-%m-%d %H:%M:%S', ms / 1000, 'unixepoch') || printf('.%03d000', ms % 1000)
            AS created_at,
        printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, n) AS id,
        printf('%08x-%04x-7000-8000-000000000000', n / 1000 >> 16, n / 1000 & 65535)
            AS first_of_thousand,
        CASE WHEN n % 100000 = 7 THEN 'rare.type' ELSE 'acme.type-' || n % 8 END AS type,
        CASE WHEN n % 100000 = 7 THEN 'rare' ELSE 'acme-' || n % 3 END AS queue,
        CASE WHEN n % 20 = 3 THEN 'failed' WHEN n % 1000 = 500 THEN 'cancelled' ELSE 'success' END
            AS status,
        CASE WHEN n % 40 = 3 THEN 'rate_limited' ELSE 'handler_error' END AS code,
        CASE WHEN n % 100000 = 3 THEN 'The needle in the haystack'
            ELSE 'upstream answered 503 after 30 s, see request ' || n END AS message
    FROM numbered
)
SELECT
    id, type, queue, status, 5,
    CASE WHEN n % 10 = 1 THEN 'big' WHEN n % 2 = 0 THEN 'user-' || (n / 2 % 50000) END,
    '{"markdown": "some text of a usual length, which is not long"}',
    CASE WHEN status = 'success' THEN '{"key": "a key of the result"}' END,
    CASE status WHEN 'failed' THEN code WHEN 'cancelled' THEN 'cancelled' END,
    CASE status WHEN 'failed' THEN message WHEN 'cancelled' THEN 'cancelled by an operator' END,
    CASE status WHEN 'failed' THEN 'TransientError' WHEN 'cancelled' THEN '' END,
    1, 1, 3, 'worker', n, created_at, created_at, created_at, created_at,
    CASE WHEN n % 1000 < 10 THEN first_of_thousand END,
    CASE WHEN n % 1000 < 100 THEN first_of_thousand END
FROM made_up
