-- Puts the clock of a test's engine forward, and what expires by itself with it.
--
-- ARGV  namespace, milliseconds
local passed = tonumber(ARGV[2])
redis.call('INCRBY', ARGV[1] .. '-clock', passed)
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then
    redis.call('PEXPIRE', key, left - passed)
  end
end
