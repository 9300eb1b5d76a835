-- Takes tasks out of line, and tells the workers that run some of them.
--
-- ARGV  …, '1' if those that nobody runs leave the line ('0': they stay, as the ledger says that they
--       run, and whoever claims them next writes down that they are cancelled), ids
-- Returns how many are leased: their workers are told at once, and again by each heartbeat for as
-- long as the lease lasts.
-- That it was cancelled is remembered for a while, for whoever is just about to put it in line.
-- Work: O(log N) per task; the caller bounds how many it sends.
local remembered = 60000 + 2 * lease
local told = 0

redis.call('ZREMRANGEBYSCORE', cancels, '-inf', now)

for i = 4, #ARGV do
  local id = ARGV[i]
  local info = redis.call('HGET', entry, id)
  redis.call('ZADD', cancels, now + remembered, id)
  if holder(info) then
    redis.call('PUBLISH', notices, id)
    told = told + 1
  elseif ARGV[3] == '1' then
    local task_type = parking(info)
    if task_type then
      redis.call('ZREM', parked, parked_member(task_type, id))
    end
    redis.call('ZREM', waiting, id)
    redis.call('ZREM', delayed, id)
    redis.call('HDEL', entry, id)
  end
end
redis.call('PEXPIRE', cancels, remembered)
return told
