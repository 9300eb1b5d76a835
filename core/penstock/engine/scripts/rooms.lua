-- Waiting rooms: a task that meets a closed limit of its user ('u:name') or provider ('p:name') waits
-- there, its score unchanged, and is in nobody's way. `rooms` says when to look into each again. Until
-- then a provider's is closed; whether a user's is, the limits themselves say.

local function room_of_provider(member)
  local _, provider = owners(member)
  return 'p:' .. provider
end

-- A place of this user may have come free.
local function look_again(user)
  if user ~= '' then
    redis.call('ZADD', rooms, 'XX', now, 'u:' .. user)
  end
end

local function enter_room(room, score, member, lost)
  redis.call('ZADD', roomed, 0, roomed_member(room, score, member))
  redis.call('HSET', entry, member, string.format('@%s%d%s', string.sub(room, 1, 1), score, lost))
end

-- The first tasks in a room: of each the member and the score.
local function first_in(room, count)
  local first = {}
  local found = redis.call(
    'ZRANGEBYLEX', roomed, '[' .. room .. '\0', '(' .. room .. '\1', 'LIMIT', 0, count)
  for i, each in ipairs(found) do
    local score = tonumber(string.sub(each, #room + 2, #room + 17))
    first[i] = {member = string.sub(each, #room + 18), score = score}
  end
  return first
end

local function leave_room(room, task)
  redis.call('ZREM', roomed, roomed_member(room, task.score, task.member))
  local _, _, lost = lodging(task.member, redis.call('HGET', entry, task.member))
  if lost == LOST then
    redis.call('HSET', entry, task.member, LOST)
  else
    redis.call('HDEL', entry, task.member)
  end
  redis.call('ZADD', waiting, task.score, task.member)
end

-- Puts back in line who may start of those in rooms whose time has come, of each room at most `most`.
-- Returns how many rooms were looked into, and how many tasks came back.
local function open_rooms(limits, most)
  local moves = 0
  local found = redis.call('ZRANGEBYSCORE', rooms, '-inf', now, 'LIMIT', 0, BATCH)
  for _, room in ipairs(found) do
    -- A provider's limit is asked when the task is taken.
    local free, opens = most, now
    if string.sub(room, 1, 1) == 'u' then
      free, opens = free_for(limits, string.sub(room, 3), most)
    end
    local places = math.min(free, BATCH - moves)
    -- One more, to learn whether any is left.
    local first = first_in(room, places + 1)
    for i = 1, math.min(places, #first) do
      leave_room(room, first[i])
    end
    moves = moves + math.min(places, #first)
    if #first <= places then
      redis.call('ZREM', rooms, room)
    else
      redis.call('ZADD', rooms, places < free and now or opens, room)
    end
  end
  return #found, moves
end

-- Whether a task of this score has to wait for others in the room that are before it.
local function is_behind(room, score)
  local first = first_in(room, 1)[1]
  return first and first.score < score
end

-- The room in which a task has to wait, and when to look into it if it is new; nothing if it may start.
local function closed_room(limits, member, score)
  local user, provider = owners(member)
  if provider ~= '' then
    local room = 'p:' .. provider
    local opens = tonumber(redis.call('ZSCORE', rooms, room) or nil)
    if opens and (opens > now or is_behind(room, score)) then
      return room, opens
    end
  end
  if user ~= '' then
    local room = 'u:' .. user
    local free, opens = free_for(limits, user, 1)
    if free < 1 or is_behind(room, score) then
      return room, opens
    end
  end
end

-- A task has started: those of the same user that wait for their limit may be next.
local function note_start(limits, member)
  local user = owners(member)
  if user == '' then
    return
  end
  if limits.rate > 0 then
    note_starts(starts_of(user), limits.rate, limits.period, 1)
  end
  local room = 'u:' .. user
  if redis.call('ZSCORE', rooms, room) then
    local free, opens = free_for(limits, user, 1)
    redis.call('ZADD', rooms, free > 0 and now or opens, room)
  end
end
