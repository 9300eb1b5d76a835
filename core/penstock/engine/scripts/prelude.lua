-- What every script begins with: the queue's keys, the epoch's check, and the time.
--
-- KEYS  see keys.py
-- ARGV  epoch, lease in ms, then what each script says
--
-- Scores of waiting tasks are `band * 2^48 + ticket`: a double holds them exactly, and a lower score
-- runs earlier. The hash `entry` says what is known of a task beside that:
--   delayed   its band
--   leased    'token:score'; the token is '?' if nobody was heard of yet that holds the lease
--   parked    'type=score'
--   waiting   nothing, or '!' if its worker was lost
local epoch, seq, waiting, delayed, leases, entry, wake, starts, workers, cancels, parked, seen,
  grace, notices = unpack(KEYS)

if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH the queue was emptied or rebuilt')
end

local BAND = 281474976710656
local TOP_PRIORITY = 10
local BATCH = 100
local NOBODY = '?'
local LOST = '!'

local lease = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Token and score of a leased task; nothing if `info` says something else of it.
local function holder(info)
  local colon = info and string.find(info, ':', 1, true)
  if colon then
    return string.sub(info, 1, colon - 1), string.sub(info, colon + 1)
  end
end

-- Type and score of a parked task; nothing if `info` says something else of it.
local function parking(info)
  local sign = info and string.find(info, '=', 1, true)
  if sign then
    return string.sub(info, 1, sign - 1), string.sub(info, sign + 1)
  end
end

-- Parked tasks lie together by type, so that a range of them can be found without their ids.
local function parked_member(task_type, id)
  return task_type .. '\0' .. id
end

-- One marker stands for "there is work that may start": it wakes one sleeping worker.
local function rouse()
  if redis.call('LLEN', wake) == 0 then
    redis.call('LPUSH', wake, 1)
  end
end
