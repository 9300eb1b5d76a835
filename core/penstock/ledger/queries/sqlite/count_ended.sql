-- Counts the ended tasks of one queue.
INSERT INTO queue_stat (queue, shard, completed, failed, cancelled)
VALUES (:queue, :shard, :completed, :failed, :cancelled)
ON CONFLICT (queue, shard) DO UPDATE SET
    completed = queue_stat.completed + excluded.completed,
    failed = queue_stat.failed + excluded.failed,
    cancelled = queue_stat.cancelled + excluded.cancelled
