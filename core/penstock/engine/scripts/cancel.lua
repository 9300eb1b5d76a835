-- Takes tasks out of line, and tells the workers that run some of them, and whoever follows them.
--
-- ARGV  …, '1' if those that nobody runs leave the line ('0': they stay, as the ledger says that they
--       run, and whoever claims them next writes down that they are cancelled), members
-- Returns how many are leased: their workers are told at once, and again by each heartbeat for as
-- long as the lease lasts.
-- That it was cancelled is remembered for a while, for whoever is just about to put it in line.
-- Work: O(log N) per task; the caller bounds how many it sends.
local remembered = 60000 + 2 * lease
local told = 0
local members = {}

-- Twice as many as come in, so that what is remembered never piles up.
local over = redis.call('ZRANGEBYSCORE', cancels, '-inf', now, 'LIMIT', 0, 2 * #ARGV)
if #over > 0 then
  redis.call('ZREM', cancels, unpack(over))
end

for i = 5, #ARGV do
  local member = ARGV[i]
  local info = redis.call('HGET', entry, member)
  members[#members + 1] = member
  redis.call('ZADD', cancels, now + remembered, member)
  if holder(info) then
    redis.call('PUBLISH', notices, member)
    told = told + 1
  elseif ARGV[4] == '1' then
    local score = take_out(member, info)
    redis.call('HDEL', entry, member)
    if score then
      give_up(member, score)
      look_again((owners(member)))
    end
  end
end
redis.call('PEXPIRE', cancels, remembered)
keep_order()
say_changed(members)
return told
