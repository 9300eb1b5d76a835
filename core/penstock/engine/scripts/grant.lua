-- Lets the next starts of tasks that need a provider through, as far as its limits allow.
--
-- ARGV  …, queue, concurrency (0: none), rate limit (0: none), its period in ms, units (0: no limit),
--       their period in ms, units that a full bucket holds, then per start: grant, units
-- Returns {how many of them may start, the first ones; milliseconds until asking for the next is
--          useful; 1 if the queue is told when that is earlier, as somebody gives something back}
-- None overtakes another: the first that does not fit stops those behind it.
-- Work: O(log N) per start; the caller bounds how many it sends.
local queue, concurrency, rate_limit, period = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]),
  tonumber(ARGV[5])
local unit_limit, unit_period, capacity = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local FIRST = 9
local wanted = (#ARGV - FIRST + 1) / 2

local shut = redis.call('PTTL', closed)
if shut > 0 then
  return {0, shut, 0}
end

-- With no grant there is nobody to be heard of.
if redis.call('EXISTS', grants) == 1 then
  hear()
else
  redis.call('SET', seen, now)
end
redis.call('PEXPIRE', seen, lease + KEPT)
local patience = redis.call('PTTL', grace)
if patience < 0 then
  redis.call('ZREMRANGEBYSCORE', grants, '-inf', now)
end

local open = wanted
local room = math.huge
if concurrency > 0 then
  room = math.max(0, concurrency - redis.call('ZCARD', grants))
  open = math.min(open, room)
end
if rate_limit > 0 and open > 0 then
  open = free_starts(starts, rate_limit, period, open)
end

local per_unit = unit_limit > 0 and unit_period / unit_limit or 0
local filled = full_at()
-- In how many ms the bucket holds the units of a start; more than it ever holds need a full one.
local function lacks(units)
  return filled - now + (math.min(units, capacity) - capacity) * per_unit
end

local granted = 0
while granted < open do
  local units = tonumber(ARGV[FIRST + granted * 2 + 1])
  if unit_limit > 0 then
    if lacks(units) > 0 then
      break
    end
    filled = filled + units * per_unit
  end
  redis.call('ZADD', grants, now + lease, ARGV[FIRST + granted * 2])
  granted = granted + 1
end
if granted > 0 then
  redis.call('PEXPIRE', grants, lease + KEPT)
  if rate_limit > 0 then
    note_starts(starts, rate_limit, period, granted)
  end
  if unit_limit > 0 then
    fills_until(filled)
  end
end
if granted == wanted then
  return {granted, 0, 0}
end

-- When may the next one start? When the last of the limits that are in its way opens.
local opens, unless_given_back = 0, 0
if rate_limit > 0 then
  local _, pause = free_starts(starts, rate_limit, period, 1)
  opens = pause
end
if room <= granted then
  local expiry = redis.call('ZRANGE', grants, 0, 0, 'WITHSCORES')[2]
  -- Whoever asks three times per lease is heard of. After a silence all grants would be kept for one
  -- lease more, those of dead workers too, and again at the next late question, without an end.
  unless_given_back = math.min(math.max(expiry and expiry - now or 0, patience), lease / 3)
end
if unit_limit > 0 then
  local units = tonumber(ARGV[FIRST + granted * 2 + 1])
  unless_given_back = math.max(unless_given_back, lacks(units))
end
local is_listed = unless_given_back > opens
if is_listed then
  redis.call('SADD', turned_away, queue)
  redis.call('PEXPIRE', turned_away, lease + KEPT)
end
return {granted, math.ceil(math.max(1, opens, unless_given_back)), is_listed and 1 or 0}
