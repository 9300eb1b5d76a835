-- The one call of a worker: settle what it committed, bring the queue up to date, take work.
--
-- ARGV  …, want, global concurrency (0: none), rate limit (0: none), rate period in ms,
--       a user's concurrency (0: none), a user's rate limit (0: none), its period in ms,
--       n, then n task types of which parked tasks are wanted, then per settlement:
--       kind, member, token, argument
--         'done'     forget it
--         'delay'    run it again after the argument, in ms
--         'back'     it waits again, in its old place
--         'park'     leave it to a worker that knows its type, the argument
--         'room'     it waits for its provider's limit, which is closed for the argument, in ms; '!'
--                    behind it if its worker was lost before
--         'stale'    as 'back', unless nobody is known to hold it: somebody else does
--         'presume'  somebody may be running it: leased to whoever is heard of, for one lease
--       A settlement whose token is not the lease's is ignored: the lease was lost. Either way, what
--       it settles was written to the ledger: whoever follows the task is told.
-- Returns {milliseconds until the next call is useful (-1: unknown), leases expired, tasks parked,
--          {members of those taken whose worker was lost}, member, token, score, member, token, ...}
-- Work: O(log N) per settlement, per task type and per task taken; at most BATCH promotions, BATCH
-- expiries, BATCH rooms looked into, BATCH moves into rooms and out of them, and BATCH users forgotten
-- per band. What is left over is for the next call, at once. O(log N) per lease where users' tasks are
-- counted for the first time in a while.
if redis.call('PTTL', epoch) >= 0 then
  return redis.error_reply('EPOCH the index is being built')
end

hear()

local want = tonumber(ARGV[4])
local global_concurrency, rate_limit, period =
  tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local user_concurrency, user_rate_limit, user_period =
  tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

if user_concurrency > 0 then
  keep_count()
end

local types = tonumber(ARGV[11])
local parks = false
local any_cancelled = redis.call('EXISTS', cancels) == 1
local recorded = {}

-- What is known of tasks, by member; false of those of whom nothing is.
local function infos_of(members)
  local infos = {}
  for i = 1, #members, AT_ONCE do
    local last = math.min(i + AT_ONCE - 1, #members)
    for j, info in ipairs(redis.call('HMGET', entry, unpack(members, i, last))) do
      infos[members[i + j - 1]] = info
    end
  end
  return infos
end

local settled = {}
for i = 13 + types, #ARGV, 4 do
  settled[#settled + 1] = ARGV[i]
end
local infos = infos_of(settled)
local done = {}

for i = 12 + types, #ARGV, 4 do
  local kind, member, token, argument = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  -- Of a second lease of the same task that is settled, what the first one left.
  local info = infos[member]
  if info == nil then
    info = redis.call('HGET', entry, member)
  end
  infos[member] = nil
  local held, score, anew = holder(info)
  if kind ~= 'presume' and kind ~= 'stale' then
    recorded[#recorded + 1] = member
  end
  if held == token or held == NOBODY and kind ~= 'stale' then
    if kind == 'presume' then
      redis.call('ZADD', leases, now + lease, member)
      redis.call('HSET', entry, member, NOBODY .. ':' .. score .. anew)
    elseif kind == 'done' and anew ~= ANEW then
      done[#done + 1] = member
      infos[member] = false
    else
      if anew == ANEW then
        kind = 'back'
      end
      end_lease(member)
      if any_cancelled then
        redis.call('ZREM', cancels, member)
      end
      if kind == 'delay' then
        redis.call('ZADD', delayed, now + tonumber(argument), member)
        redis.call('HSET', entry, member, band_of(score))
      elseif kind == 'park' then
        parks = true
        redis.call('ZADD', parked, 0, parked_member(argument, member))
        redis.call(
          'HSET', entry, member, string.format('%s=%d', argument, old_score(score)))
      elseif kind == 'room' then
        local room = room_of_provider(member)
        local pause, was_lost = string.match(argument, '^(%d+)(!?)$')
        enter_room(room, old_score(score), member, was_lost)
        change_line(member, score, 1)
        redis.call('ZADD', rooms, 'GT', now + tonumber(pause), room)
      else
        redis.call('HDEL', entry, member)
        if kind == 'back' or kind == 'stale' then
          wait_at(member, old_score(score))
        end
      end
    end
  end
end

end_leases(done)
call_with_many('HDEL', entry, done)
if any_cancelled then
  call_with_many('ZREM', cancels, done)
end

if parks then
  redis.call('PUBLISH', notices, '')
end
say_changed(recorded)

-- A lost lease keeps its score: the task is the next of its band.
local patience = redis.call('PTTL', grace)
local expired, lost = {}, 0
if patience < 0 then
  expired = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, BATCH)
  for _, member in ipairs(expired) do
    local held, score = holder(redis.call('HGET', entry, member))
    end_lease(member)
    if any_cancelled then
      redis.call('ZREM', cancels, member)
    end
    if held then -- else somebody meddled with it, and the audit will find it
      redis.call('HSET', entry, member, LOST)
      wait_at(member, old_score(score))
      lost = lost + 1
    end
  end
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, BATCH)
for _, member in ipairs(due) do
  local band = tonumber(redis.call('HGET', entry, member) or '')
  redis.call('ZREM', delayed, member)
  redis.call('HDEL', entry, member)
  if band then
    wait_at(member, new_score(member, band))
  end
end

-- How many may start now: the least of what the worker wants and the limits leave open.
local there = redis.call('ZCARD', waiting)
local capacity = math.huge
if global_concurrency > 0 then
  capacity = global_concurrency - redis.call('ZCARD', leases)
end
local take = math.max(0, math.min(want, capacity))
-- Parked tasks come back just when a worker that knows them can take them: in line, others that do
-- not know them would only park them again.
local wanted = take
for i = 12, 11 + types do
  local task_type = ARGV[i]
  local members = wanted > 0 and redis.call(
    'ZRANGEBYLEX', parked, '[' .. task_type .. '\0', '(' .. task_type .. '\1', 'LIMIT', 0, wanted)
    or {}
  for _, found in ipairs(members) do
    local member = string.sub(found, #task_type + 2)
    local _, score = parking(redis.call('HGET', entry, member))
    redis.call('ZREM', parked, found)
    redis.call('HDEL', entry, member)
    if score then
      wait_at(member, score)
      wanted = wanted - 1
      there = there + 1
    end
  end
end
local has_rooms = redis.call('EXISTS', rooms) == 1
if rate_limit > 0 and take > 0 and (there > 0 or has_rooms) then
  take = free_starts(starts, rate_limit, period, take)
end

-- Whoever may start comes back from the rooms that are open, but no more than can be taken.
local limits = {concurrency = user_concurrency, rate = user_rate_limit, period = user_period}
local looked, moves = 0, 0
if has_rooms and take > 0 then
  looked, moves = open_rooms(limits, take)
  there = there + moves
end
local could = take
take = math.min(take, there)

local orphans = {}
local reply = {-1, lost, redis.call('ZCARD', parked), orphans}
local taken = 0
local has_limits = has_rooms or user_concurrency > 0 or user_rate_limit > 0
local token = take > 0 and redis.call('INCRBY', seq, take) - take

-- What is written down of those taken.
local begun, tokens = {}, {}

local function hand_out(member, score, was_lost)
  token = token + 1
  taken = taken + 1
  -- With the time in front a token is not met again after the queue was wiped.
  local held = string.format('%d.%d', now, token)
  if was_lost then
    orphans[#orphans + 1] = member
  end
  -- At once: for the next task its user's limit is asked.
  count_for_user(member)
  take_at(member, score)
  -- Not by tostring: it would round a score of 52 bits to 14 digits.
  score = string.format('%d', score)
  begun[#begun + 1] = now + lease
  begun[#begun + 1] = member
  tokens[#tokens + 1] = member
  tokens[#tokens + 1] = held .. ':' .. score
  reply[#reply + 1] = member
  reply[#reply + 1] = held
  reply[#reply + 1] = score
end

while taken < take and moves < BATCH do
  local most = math.min(take - taken, BATCH - moves)
  local popped = redis.call('ZPOPMIN', waiting, most)
  local names = {}
  for i = 1, #popped, 2 do
    names[#names + 1] = popped[i]
  end
  local known = #names > 0 and redis.call('HMGET', entry, unpack(names))
  for i = 1, #popped, 2 do
    local member, score = popped[i], tonumber(popped[i + 1])
    local room, opens
    if has_limits then
      room, opens = closed_room(limits, member, score)
    end
    local was_lost = known[(i + 1) / 2] == LOST
    if room then
      enter_room(room, score, member, was_lost and LOST or '')
      redis.call('ZADD', rooms, 'NX', opens, room)
      moves = moves + 1
      there = there - 1
    else
      hand_out(member, score, was_lost)
      if has_limits then
        note_start(limits, member)
      end
    end
  end
  if #popped == 0 then
    break
  end
end
call_with_many('ZADD', leases, begun)
call_with_many('HSET', entry, tokens)
if taken > 0 and rate_limit > 0 then
  note_starts(starts, rate_limit, period, taken)
end
capacity = capacity - taken
local left = there - taken
keep_order()

-- In how many ms the rate limit lets the next one start; 0: now.
has_rooms = has_rooms or moves > 0
local is_ajar = has_rooms and redis.call('ZCOUNT', rooms, '-inf', now) > 0
local opens = 0
if rate_limit > 0 and (left > 0 or is_ajar) then
  local _, pause = free_starts(starts, rate_limit, period, 1)
  opens = pause
end
local next_due = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
local next_expiry = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')[2]
local next_room = has_rooms
  and redis.call('ZRANGEBYSCORE', rooms, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]

-- Whoever is woken by the marker puts it back if work is left behind. While a limit is closed there
-- is none, so that nobody spins. A worker that has no slot left will not be here when the next
-- delayed task is due or the rate limit or a room opens, so it leaves a marker too: another one comes
-- to learn of that time.
local startable = (left > 0 or is_ajar) and capacity > 0 and opens == 0
local coming = left > 0 and opens > 0 or next_due or next_room
if startable or taken == want and coming then
  rouse()
else
  redis.call('DEL', wake)
end

-- When is the next call useful? At the next due time, lease expiry or opening of a limit.
local next_wake = math.huge
local unfinished = taken < could and (moves >= BATCH or looked == BATCH)
if #due == BATCH or #expired == BATCH or unfinished or left == 0 and forget_more() then
  next_wake = 0
end
if next_due then
  next_wake = math.min(next_wake, next_due - now)
end
if next_expiry then
  next_wake = math.min(next_wake, math.max(next_expiry - now, patience))
end
if next_room then
  next_wake = math.min(next_wake, next_room - now)
end
if (left > 0 or is_ajar) and opens > 0 then
  next_wake = math.min(next_wake, opens)
end
if next_wake < math.huge then
  reply[1] = math.max(0, next_wake)
end
return reply
