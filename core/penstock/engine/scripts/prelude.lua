-- What every script begins with: the queue's keys, the epoch's check, and the time.
--
-- KEYS  see keys.py
-- ARGV  epoch, lease in ms, what tasks of some users cost ('' or JSON, see order.lua), then what each
--       script says
--
-- A task is known by its member (member.py): 16 bytes of its id, its user, and, behind a NUL, its
-- provider. Scores of waiting tasks are `band * 2^48 + start tag`: a double holds them exactly, and a
-- lower score runs earlier. The hash `entry` says what is known of a task beside that:
--   delayed   its band
--   leased    'token:score'; the token is '?' if nobody was heard of yet that holds the lease. '+'
--             behind it if the task began anew meanwhile: whatever its holder says, it waits again
--   parked    'type=score'
--   in a room '@u' (of its user) or '@p' (of its provider) and its score, then '!' if its worker was
--             lost
--   waiting   nothing, or '!' if its worker was lost
local epoch, seq, waiting, delayed, leases, entry, wake, starts, workers, cancels, parked, seen,
  grace, virtual, tags, lines, users, roomed, rooms, notices, changed = unpack(KEYS)

if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH the queue was emptied or rebuilt')
end

local BAND = 281474976710656
local TOP_PRIORITY = 10
local BATCH = 100
local NOBODY = '?'
local LOST = '!'
local ANEW = '+'

local lease = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- User and provider of a task; '' if it has none. A script asks more than once for the same.
local known_users, known_providers = {}, {}
local function owners(member)
  if #member == 16 then
    return '', ''
  end
  local user = known_users[member]
  if not user then
    local nul = string.find(member, '\0', 17, true)
    user = string.sub(member, 17, nul and nul - 1)
    known_users[member] = user
    known_providers[member] = nul and string.sub(member, nul + 1)
  end
  return user, known_providers[member] or ''
end

-- Token and score of a leased task, and ANEW or ''; nothing if `info` says something else of it.
local function holder(info)
  local colon = info and string.find(info, ':', 1, true)
  if colon then
    local anew = string.sub(info, -1) == ANEW and ANEW or ''
    return string.sub(info, 1, colon - 1), string.sub(info, colon + 1, -1 - #anew), anew
  end
end

-- When a token was made, in ms, and its ticket among those of that moment.
local function claim_of(token)
  return string.match(token, '^(%d+)%.(%d+)$')
end

-- Whether a token was made after that; as in Lease.number, of its ticket 20 bits count.
local function is_later(token, moment, ticket)
  local own_moment, own_ticket = claim_of(token)
  if own_moment == moment then
    return own_ticket % 1048576 > ticket % 1048576
  end
  return tonumber(own_moment) > tonumber(moment)
end

-- Type and score of a parked task; nothing if `info` says something else of it.
local function parking(info)
  local sign = info and string.find(info, '=', 1, true)
  if sign then
    return string.sub(info, 1, sign - 1), string.sub(info, sign + 1)
  end
end

-- Room and score of a task in a room, and LOST or ''; nothing if `info` says something else of it.
local function lodging(member, info)
  local kind, score, lost = string.match(info or '', '^@([up])(%d+)(!?)$')
  if kind then
    local user, provider = owners(member)
    return kind .. ':' .. (kind == 'u' and user or provider), tonumber(score), lost
  end
end

-- Parked tasks lie together by type, so that a range of them can be found without their ids.
local function parked_member(task_type, member)
  return task_type .. '\0' .. member
end

-- So do those in rooms, in order.
local function roomed_member(room, score, member)
  -- `%s` would end at the first NUL of a member.
  return room .. '\0' .. string.format('%016d', score) .. member
end

-- One marker stands for "there is work that may start": it wakes one sleeping worker.
local function rouse()
  if redis.call('LLEN', wake) == 0 then
    redis.call('LPUSH', wake, 1)
  end
end

-- Tells whoever follows tasks to look at these anew: their rows have changed; see changes.py.
local function say_changed(members)
  if #members > 0 then
    for i, member in ipairs(members) do
      members[i] = string.sub(member, 1, 16)
    end
    redis.call('PUBLISH', changed, 's' .. table.concat(members))
  end
end
