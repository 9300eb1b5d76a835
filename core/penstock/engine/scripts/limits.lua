-- The limits of a queue and of its users, as far as they need more than a look at one key.

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
  for _ = 1, count do
    redis.call('LPUSH', key, now)
  end
  redis.call('LTRIM', key, 0, limit - 1)
  -- A little longer than it is needed: the expiry is counted from when the script began.
  redis.call('PEXPIRE', key, period + 1000)
end

local function starts_of(user)
  return starts .. ':' .. user
end

-- How many of `most` tasks of a user may start now, and when to look again if not all: one that is
-- settled tells, so the lease is for what nobody tells, as when the limit is changed. All those looks
-- are at the same time.
local function free_for(limits, user, most)
  local free, opens = most, (math.floor(now / lease) + 2) * lease
  if limits.concurrency > 0 then
    local of_user = user .. '\0'
    local running = redis.call('ZLEXCOUNT', users, '[' .. of_user, '(' .. user .. '\1')
    free = math.max(0, math.min(free, limits.concurrency - running))
  end
  if limits.rate > 0 and free > 0 then
    local pause
    free, pause = free_starts(starts_of(user), limits.rate, limits.period, free)
    opens = pause > 0 and math.min(opens, now + pause) or opens
  end
  return free, opens
end
