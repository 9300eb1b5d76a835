-- Puts tasks into a queue: at once into `waiting`, or into `delayed` until they are due.
--
-- KEYS  epoch, seq, waiting, delayed, leases, entry, wake, starts, workers
-- ARGV  epoch, then per task: id, band, delay in ms (0: due now)
-- Returns how many were new. A task that the queue already has is left where it is, so that
-- handing one over twice changes nothing.
-- Work: O(log N) per task; the caller bounds how many it sends.
local epoch, seq, waiting, delayed, entry, wake =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[6], KEYS[7]

if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH the queue was emptied or rebuilt')
end

-- Scores are `band * 2^48 + ticket`: a double holds them exactly, and a lower score runs earlier.
local BAND = 281474976710656
local TOP_PRIORITY = 10

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local added, rouse = 0, false

for i = 2, #ARGV, 3 do
  local id, priority, delay = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  if not redis.call('ZSCORE', waiting, id) and redis.call('HEXISTS', entry, id) == 0 then
    added = added + 1
    local band = TOP_PRIORITY - priority
    if delay > 0 then
      redis.call('ZADD', delayed, now + delay, id)
      redis.call('HSET', entry, id, band)
      -- Sleeping workers learned the earliest due time when they last claimed: tell them of an
      -- earlier one.
      rouse = rouse or redis.call('ZRANGE', delayed, 0, 0)[1] == id
    else
      redis.call('ZADD', waiting, band * BAND + redis.call('INCR', seq), id)
      rouse = true
    end
  end
end

if rouse and redis.call('LLEN', wake) == 0 then
  redis.call('LPUSH', wake, 1)
end
return added
