-- What every script of a provider's limits begins with: its keys, and the time.
--
-- KEYS  see keys.py
-- ARGV  lease in ms, then what each script says
--
-- The bucket of units is one number: the time at which it is full again, at the rate at which it
-- fills. So a missing key is a full bucket, and taking units out moves that time into the future.
local grants, starts, bucket, closed, refusals, turned_away, seen, grace = unpack(KEYS)

-- Kept for this long, in ms, if nobody comes again.
local KEPT = 3600000

local lease = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function full_at()
  return math.max(now, tonumber(redis.call('GET', bucket) or now))
end

local function fills_until(moment)
  if moment > now then
    redis.call('SET', bucket, string.format('%.17g', moment), 'PX', math.ceil(moment - now) + 1)
  else
    redis.call('DEL', bucket)
  end
end

