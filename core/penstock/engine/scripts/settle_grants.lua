-- Takes grants back, and corrects what was charged for them.
--
-- ARGV  …, units (0: no limit), their period in ms, then per grant: grant, units that it used beyond
--       what was charged (below 0: fewer), '1' to take it back ('0': it goes on)
-- Returns queues that were turned away and may ask again; none while it is closed
-- Work: O(log N) per grant; the caller bounds how many it sends.
local unit_limit, unit_period = tonumber(ARGV[2]), tonumber(ARGV[3])
local freed, units, given_back = 0, 0, false

for i = 4, #ARGV, 3 do
  local grant, more = ARGV[i], tonumber(ARGV[i + 1])
  units = units + more
  given_back = given_back or more < 0
  if ARGV[i + 2] == '1' then
    freed = freed + redis.call('ZREM', grants, grant)
  end
end
if unit_limit > 0 and units ~= 0 then
  fills_until(full_at() + units * unit_period / unit_limit)
end

local queues = {}
if (freed > 0 or given_back) and redis.call('PTTL', closed) <= 0 then
  queues = redis.call('SMEMBERS', turned_away)
  redis.call('DEL', turned_away)
end
return queues
