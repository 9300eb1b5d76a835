-- Exact rate limits, of queues, users and providers: a list of the last start times for each.

-- How many of `most` may start now, where at most `limit` may in any `period` (ms), and in how many ms
-- the next one may, if not all. `key` holds the last `limit` start times, newest first: the k-th start
-- from now is allowed if the one `limit - k` places back is at least a period old.
local function free_starts(key, limit, period, most)
  most = math.min(most, limit)
  local recent = redis.call('LRANGE', key, limit - most, limit - 1)
  local free, opens = most, 0
  for i = #recent, 1, -1 do
    local old_enough = tonumber(recent[i]) + period
    if old_enough > now then
      free = free - 1
      opens = opens > 0 and opens or old_enough - now
    end
  end
  return free, opens
end

local function note_starts(key, limit, period, count)
  local times = {}
  for i = 1, count do
    times[i] = now
  end
  call_with_many('LPUSH', key, times)
  redis.call('LTRIM', key, 0, limit - 1)
  -- A little longer than it is needed: the expiry is counted from when the script began.
  redis.call('PEXPIRE', key, period + 1000)
end

