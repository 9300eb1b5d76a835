-- The provider wants a pause: nobody starts until it is over.
--
-- ARGV  …, the pause in ms (0: not said), the first and the longest one that is taken for granted
-- Returns for how many ms it is closed now.
-- Each pause that was not said is twice as long as the one before, if it follows within the same
-- time again. Those that come while it is closed are of runs that began before.
-- Work: O(1).
local pause, first, longest = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local left = math.max(0, redis.call('PTTL', closed))

if pause == 0 and left == 0 then
  local times = redis.call('INCR', refusals)
  pause = math.min(longest, first * 2 ^ math.min(times - 1, 30))
  redis.call('PEXPIRE', refusals, 2 * pause)
end
if pause > left then
  redis.call('SET', closed, 1, 'PX', pause)
end
return math.max(pause, left)
