-- Opens or closes a provider's waiting room in this queue.
--
-- ARGV  …, provider, then 'open' and after how many ms, or for how many ms it is closed at least
-- Work: O(log N).
local room = 'p:' .. ARGV[4]
if ARGV[5] ~= 'open' then
  redis.call('ZADD', rooms, 'GT', now + tonumber(ARGV[5]), room)
elseif redis.call('ZSCORE', rooms, room) then
  redis.call('ZADD', rooms, now + tonumber(ARGV[6]), room)
  rouse()
end
return 1
