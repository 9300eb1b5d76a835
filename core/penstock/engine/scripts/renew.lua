-- A worker's heartbeat: keep its leases, and say that it lives.
--
-- KEYS  epoch, seq, waiting, delayed, leases, entry, wake, starts, workers
-- ARGV  epoch, worker, lease in ms, then per lease: id, token, score to adopt it under ('': do not)
-- Returns the ids whose lease is refused: it was lost, and another run may be under way.
-- A lease from an earlier epoch is adopted unless somebody has it already: the queue was wiped
-- under a running task.
-- Work: O(log N) per lease.
local epoch, waiting, delayed, leases, entry, workers =
  KEYS[1], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[9]

if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH the queue was emptied or rebuilt')
end

local worker, lease = ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local refused = {}

redis.call('ZADD', workers, now + lease, worker)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now)
redis.call('PEXPIRE', workers, lease)

for i = 4, #ARGV, 3 do
  local id, token, score = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local info = redis.call('HGET', entry, id)
  if info and string.sub(info, 1, #token + 1) == token .. ':' then
    redis.call('ZADD', leases, now + lease, id)
  elseif score ~= '' and not (info and string.find(info, ':', 1, true)) then
    redis.call('ZREM', waiting, id)
    redis.call('ZREM', delayed, id)
    redis.call('ZADD', leases, now + lease, id)
    redis.call('HSET', entry, id, token .. ':' .. score)
  else
    refused[#refused + 1] = id
  end
end
return refused
