-- Where a task is: leased, or in any of the places where it waits.

-- Leases are counted by user in `users`, where those of one lie together; nothing if it has no user.
local function place_of_user(member)
  local user = owners(member)
  if user ~= '' then
    return user .. '\0' .. member, user
  end
end

local function count_for_user(member)
  local place = place_of_user(member)
  if place then
    redis.call('ZADD', users, 0, place)
  end
end

local function begin_lease(member)
  redis.call('ZADD', leases, now + lease, member)
  count_for_user(member)
end

local function end_leases(members)
  local places, whose = {}, {}
  for _, member in ipairs(members) do
    local place, user = place_of_user(member)
    if place then
      places[#places + 1] = place
      whose[user] = true
    end
  end
  call_with_many('ZREM', leases, members)
  call_with_many('ZREM', users, places)
  for user in pairs(whose) do
    look_again(user)
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
