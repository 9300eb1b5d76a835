-- A worker's heartbeat: keep its grants.
--
-- ARGV  …, '1' to put back those that the server lost ('0': not), grants
-- Returns those that are not there: they were given back meanwhile, or the server lost them.
-- Work: O(log N) per grant.
hear()

local missing = {}
for i = 3, #ARGV do
  if ARGV[2] == '1' or redis.call('ZSCORE', grants, ARGV[i]) then
    redis.call('ZADD', grants, now + lease, ARGV[i])
  else
    missing[#missing + 1] = ARGV[i]
  end
end
redis.call('PEXPIRE', grants, lease + KEPT)
redis.call('PEXPIRE', seen, lease + KEPT)
return missing
