-- Where a task is: leased, or in any of the places where it waits.

-- Leases are counted by user in `users` while claims ask for that, and for a while after: COUNTED is a
-- member of it then. Whoever begins or ends leases keeps the count, whatever limits it knows of.
local COUNTED = ''
local is_counted = redis.call('ZSCORE', users, COUNTED) ~= false

-- Those of one user lie together; nothing if the task has none.
local function place_of_user(member)
  local user = owners(member)
  if user ~= '' then
    return user .. '\0' .. member, user
  end
end

local function count_for_user(member)
  local place = is_counted and place_of_user(member)
  if place then
    redis.call('ZADD', users, 0, place)
  end
end

-- Counts leases by user from now on, those that there are first. Work: O(log N) per lease if they were
-- not counted, which does not grow with what waits.
local function keep_count()
  if not is_counted then
    is_counted = true
    redis.call('DEL', users)
    redis.call('ZADD', users, 0, COUNTED)
    for _, member in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
      count_for_user(member)
    end
  end
  redis.call('PEXPIRE', users, 2 * lease)
end

local function begin_lease(member)
  redis.call('ZADD', leases, now + lease, member)
  count_for_user(member)
end

local function end_leases(members)
  call_with_many('ZREM', leases, members)
  local has_rooms = redis.call('EXISTS', rooms) == 1
  if not (is_counted or has_rooms) then
    return
  end
  local places, whose = {}, {}
  for _, member in ipairs(members) do
    local place, user = place_of_user(member)
    if place then
      places[#places + 1] = place
      whose[user] = true
    end
  end
  call_with_many('ZREM', users, places)
  if has_rooms then
    for user in pairs(whose) do
      look_again(user)
    end
  end
end

local function end_lease(member)
  end_leases({member})
end

-- Takes a task that is not leased from wherever it is; returns its score if it was in line.
local function take_out(member, info)
  local room, score = lodging(member, info)
  if room then
    redis.call('ZREM', roomed, roomed_member(room, score, member))
    return score
  end
  local task_type = parking(info)
  if task_type then
    redis.call('ZREM', parked, parked_member(task_type, member))
    return
  end
  score = redis.call('ZSCORE', waiting, member)
  redis.call('ZREM', waiting, member)
  redis.call('ZREM', delayed, member)
  return score and tonumber(score)
end
