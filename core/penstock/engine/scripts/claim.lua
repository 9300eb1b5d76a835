-- The one call of a worker: settle what it committed, bring the queue up to date, take work.
--
-- ARGV  …, want, global concurrency (0: none), rate limit (0: none), rate period in ms,
--       n, then n task types of which parked tasks are wanted, then per settlement:
--       kind, id, token, argument
--         'done'     forget it
--         'delay'    run it again after the argument, in ms
--         'back'     it waits again, in its old place
--         'park'     leave it to a worker that knows its type, the argument
--         'stale'    as 'back', unless nobody is known to hold it: somebody else does
--         'presume'  somebody may be running it: leased to whoever is heard of, for one lease
--       A settlement whose token is not the lease's is ignored: the lease was lost.
-- Returns {milliseconds until the next call is useful (-1: unknown), leases expired, tasks parked,
--          {ids of those taken whose worker was lost}, id, token, score, id, token, score, ...}
-- Work: O(log N) per settlement, per task type and per task taken; at most BATCH promotions and
-- expiries.
if redis.call('PTTL', epoch) >= 0 then
  return redis.error_reply('EPOCH the index is being built')
end

hear()

local want = tonumber(ARGV[3])
local global_concurrency, rate_limit, period =
  tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local types = tonumber(ARGV[7])
local parks = false

for i = 8 + types, #ARGV, 4 do
  local kind, id, token, argument = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local held, score = holder(redis.call('HGET', entry, id))
  if held == token or held == NOBODY and kind ~= 'stale' then
    if kind == 'presume' then
      redis.call('ZADD', leases, now + lease, id)
      redis.call('HSET', entry, id, NOBODY .. ':' .. score)
    else
      redis.call('ZREM', leases, id)
      redis.call('ZREM', cancels, id)
      if kind == 'delay' then
        redis.call('ZADD', delayed, now + tonumber(argument), id)
        redis.call('HSET', entry, id, math.floor(tonumber(score) / BAND))
      elseif kind == 'park' then
        parks = true
        redis.call('ZADD', parked, 0, parked_member(argument, id))
        redis.call('HSET', entry, id, argument .. '=' .. score)
      else
        redis.call('HDEL', entry, id)
        if kind == 'back' or kind == 'stale' then
          redis.call('ZADD', waiting, score, id)
        end
      end
    end
  end
end

if parks then
  redis.call('PUBLISH', notices, '')
end

-- A lost lease keeps its score: the task is the next of its band.
local patience = redis.call('PTTL', grace)
local expired, lost = {}, 0
if patience < 0 then
  expired = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, BATCH)
  for _, id in ipairs(expired) do
    local held, score = holder(redis.call('HGET', entry, id))
    redis.call('ZREM', leases, id)
    redis.call('ZREM', cancels, id)
    if held then -- else somebody meddled with it, and the audit will find it
      redis.call('HSET', entry, id, LOST)
      redis.call('ZADD', waiting, score, id)
      lost = lost + 1
    end
  end
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, BATCH)
for _, id in ipairs(due) do
  local band = tonumber(redis.call('HGET', entry, id) or '')
  redis.call('ZREM', delayed, id)
  redis.call('HDEL', entry, id)
  if band then
    redis.call('ZADD', waiting, band * BAND + redis.call('INCR', seq), id)
  end
end

-- How many may start now: the least of what the worker wants and the limits leave open.
local there = redis.call('ZCARD', waiting)
local room = math.huge
if global_concurrency > 0 then
  room = global_concurrency - redis.call('ZCARD', leases)
end
local take = math.min(want, room)
-- Parked tasks come back just when a worker that knows them can take them: in line, others that do
-- not know them would only park them again.
local wanted = take
for i = 8, 7 + types do
  local task_type = ARGV[i]
  local members = wanted > 0 and redis.call(
    'ZRANGEBYLEX', parked, '[' .. task_type .. '\0', '(' .. task_type .. '\1', 'LIMIT', 0, wanted)
    or {}
  for _, member in ipairs(members) do
    local id = string.sub(member, #task_type + 2)
    local _, score = parking(redis.call('HGET', entry, id))
    redis.call('ZREM', parked, member)
    redis.call('HDEL', entry, id)
    if score then
      redis.call('ZADD', waiting, score, id)
      wanted = wanted - 1
      there = there + 1
    end
  end
end
take = math.min(take, there)
if rate_limit > 0 and take > 0 then
  -- `starts` holds the last `rate_limit` start times, newest first. The k-th start from now is
  -- allowed if the one `rate_limit - k` places back is at least a period old.
  take = math.min(take, rate_limit)
  local recent = redis.call('LRANGE', starts, rate_limit - take, rate_limit - 1)
  for i = 1, #recent do
    if tonumber(recent[i]) > now - period then
      take = take - 1
    end
  end
end

local orphans = {}
local reply = {-1, lost, redis.call('ZCARD', parked), orphans}
local taken = 0
if take > 0 then
  local popped = redis.call('ZPOPMIN', waiting, take)
  taken = #popped / 2
  local token = redis.call('INCRBY', seq, taken) - taken
  for i = 1, #popped, 2 do
    local id, score = popped[i], popped[i + 1]
    token = token + 1
    -- With the time in front a token is not met again after the queue was wiped.
    local held = string.format('%d.%d', now, token)
    -- Not by tostring: it would round a score of 52 bits to 14 digits.
    score = string.format('%d', tonumber(score))
    if redis.call('HGET', entry, id) == LOST then
      orphans[#orphans + 1] = id
    end
    redis.call('ZADD', leases, now + lease, id)
    redis.call('HSET', entry, id, held .. ':' .. score)
    reply[#reply + 1] = id
    reply[#reply + 1] = held
    reply[#reply + 1] = score
    if rate_limit > 0 then
      redis.call('LPUSH', starts, now)
    end
  end
  if rate_limit > 0 then
    redis.call('LTRIM', starts, 0, rate_limit - 1)
    -- A little longer than it is needed: the expiry is counted from when the script began.
    redis.call('PEXPIRE', starts, period + 1000)
  end
  room = room - taken
end
local left = there - taken

-- In how many ms the rate limit lets the next one start; 0: now.
local opens = 0
if rate_limit > 0 and left > 0 then
  local oldest = redis.call('LINDEX', starts, rate_limit - 1)
  if oldest then
    opens = math.max(0, oldest + period - now)
  end
end
local next_due = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
local next_expiry = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')[2]

-- Whoever is woken by the marker puts it back if work is left behind. While a limit is closed there
-- is none, so that nobody spins. A worker that has no slot left will not be here when the next
-- delayed task is due or the rate limit opens, so it leaves a marker too: another one comes to learn
-- of that time.
local startable = left > 0 and room > 0 and opens == 0
local coming = left > 0 and opens > 0 or next_due
if startable or taken == want and coming then
  rouse()
else
  redis.call('DEL', wake)
end

-- When is the next call useful? At the next due time, lease expiry or opening of the rate limit.
local next_wake = math.huge
if #due == BATCH or #expired == BATCH then
  next_wake = 0
end
if next_due then
  next_wake = math.min(next_wake, next_due - now)
end
if next_expiry then
  next_wake = math.min(next_wake, math.max(next_expiry - now, patience))
end
if left > 0 and opens > 0 then
  next_wake = math.min(next_wake, opens)
end
if next_wake < math.huge then
  reply[1] = math.max(0, next_wake)
end
return reply
