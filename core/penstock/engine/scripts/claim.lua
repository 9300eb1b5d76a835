-- The one call of a worker: settle what it committed, bring the queue up to date, take work.
--
-- KEYS  epoch, seq, waiting, delayed, leases, entry, wake, starts, workers
-- ARGV  epoch, want, lease in ms, global concurrency (0: none), rate limit (0: none),
--       rate period in ms, then per settlement: kind, id, token, delay in ms
--       kinds: 'done' forget it; 'delay' run it again after the delay; 'back' wait again, in its
--       old place. A settlement whose token is not the lease's is ignored: the lease was lost.
-- Returns {milliseconds until the next call is useful (-1: unknown), leases expired,
--          id, token, score, id, token, score, ...}
-- Work: O(log N) per settlement and per task taken; at most BATCH promotions and expiries.
local epoch, seq, waiting, delayed, leases, entry, wake, starts =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]

if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH the queue was emptied or rebuilt')
end

local BAND = 281474976710656
local BATCH = 100

local want, lease = tonumber(ARGV[2]), tonumber(ARGV[3])
local global_concurrency, rate_limit, period =
  tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- An entry of a leased task is 'token:score', that of a delayed one its band alone.
local function split(info)
  local colon = string.find(info, ':', 1, true)
  return string.sub(info, 1, colon - 1), string.sub(info, colon + 1)
end

for i = 7, #ARGV, 4 do
  local kind, id, token, delay = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local info = redis.call('HGET', entry, id)
  if info and string.find(info, ':', 1, true) then
    local held, score = split(info)
    if held == token then
      redis.call('ZREM', leases, id)
      if kind == 'delay' then
        redis.call('ZADD', delayed, now + delay, id)
        redis.call('HSET', entry, id, math.floor(tonumber(score) / BAND))
      else
        redis.call('HDEL', entry, id)
        if kind == 'back' then
          redis.call('ZADD', waiting, score, id)
        end
      end
    end
  end
end

-- A lost lease keeps its score: the task is the next of its band.
local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, BATCH)
for _, id in ipairs(expired) do
  local _, score = split(redis.call('HGET', entry, id))
  redis.call('ZREM', leases, id)
  redis.call('HDEL', entry, id)
  redis.call('ZADD', waiting, score, id)
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, BATCH)
for _, id in ipairs(due) do
  local band = tonumber(redis.call('HGET', entry, id))
  redis.call('ZREM', delayed, id)
  redis.call('HDEL', entry, id)
  redis.call('ZADD', waiting, band * BAND + redis.call('INCR', seq), id)
end

-- How many may start now: the least of what the worker wants and the limits leave open.
local room = math.huge
if global_concurrency > 0 then
  room = global_concurrency - redis.call('ZCARD', leases)
end
local take = math.min(want, room)
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

local reply = {-1, #expired}
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
    redis.call('ZADD', leases, now + lease, id)
    redis.call('HSET', entry, id, held .. ':' .. score)
    reply[#reply + 1] = id
    reply[#reply + 1] = held
    reply[#reply + 1] = score
    if rate_limit > 0 then
      redis.call('LPUSH', starts, now)
    end
  end
  if rate_limit > 0 and taken > 0 then
    redis.call('LTRIM', starts, 0, rate_limit - 1)
    -- A little longer than it is needed: the expiry is counted from when the script began.
    redis.call('PEXPIRE', starts, period + 1000)
  end
  room = room - taken
end

-- In how many ms the rate limit lets the next one start; 0: now.
local opens = 0
if rate_limit > 0 then
  local oldest = redis.call('LINDEX', starts, rate_limit - 1)
  if oldest then
    opens = math.max(0, oldest + period - now)
  end
end

-- One marker stands for "there is work that may start": it wakes one sleeping worker, which puts
-- it back if it leaves work behind. While a limit is closed there is none, so that nobody spins.
-- A worker that has no slot left will not be here when the next delayed task is due or the rate
-- limit opens, so it leaves a marker too: another one comes to learn of that time.
local left = redis.call('ZCARD', waiting)
local startable = left > 0 and room > 0 and opens == 0
local coming = left > 0 and opens > 0 or redis.call('EXISTS', delayed) == 1
if startable or taken == want and coming then
  if redis.call('LLEN', wake) == 0 then
    redis.call('LPUSH', wake, 1)
  end
else
  redis.call('DEL', wake)
end

-- When is the next call useful? At the next due time, lease expiry or opening of the rate limit.
local next_wake = math.huge
if #due == BATCH or #expired == BATCH then
  next_wake = 0
end
local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
if first[2] then
  next_wake = math.min(next_wake, first[2] - now)
end
first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
if first[2] then
  next_wake = math.min(next_wake, first[2] - now)
end
if left > 0 and opens > 0 then
  next_wake = math.min(next_wake, opens)
end
if next_wake < math.huge then
  reply[1] = math.max(0, next_wake)
end
return reply
