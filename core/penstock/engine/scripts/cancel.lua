-- Takes tasks out of line, and tells the workers that run some of them.
--
-- ARGV  …, ids
-- Returns how many are leased: their workers are told at once, and again by each heartbeat for as
-- long as the lease lasts.
-- Work: O(log N) per task; the caller bounds how many it sends.
local told = 0

for i = 3, #ARGV do
  local id = ARGV[i]
  local info = redis.call('HGET', entry, id)
  if holder(info) then
    redis.call('SADD', cancels, id)
    redis.call('PUBLISH', notices, id)
    told = told + 1
  else
    local task_type = parking(info)
    if task_type then
      redis.call('ZREM', parked, parked_member(task_type, id))
    end
    redis.call('ZREM', waiting, id)
    redis.call('ZREM', delayed, id)
    redis.call('HDEL', entry, id)
  end
end
return told
