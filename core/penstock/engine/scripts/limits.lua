-- The limits of a queue and of its users, as far as they need more than a look at one key.

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
