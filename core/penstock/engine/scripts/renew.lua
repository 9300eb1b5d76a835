-- A worker's heartbeat: keep its leases, and say that it lives.
--
-- ARGV  …, worker, then per lease: member, token, score, '1' if the server may have lost it ('0': not)
-- Returns {members whose lease is refused, members that somebody wants cancelled, how many wait}
-- A refused lease was lost, and another run may be under way. A lease that nobody is known to hold
-- is adopted: the index was rebuilt under a running task, or its worker was silent for longer than
-- its lease and no other one has taken the task yet. A lease that may have been lost is adopted if
-- the task is not leased at all. Of two that hold leases of one task the later has it: the earlier
-- was thought dead, and may have adopted the task before it learned that.
-- Work: O(log N) per lease.
hear()

local worker = ARGV[4]
local refused, wanted = {}, {}

redis.call('ZADD', workers, now + lease, worker)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now)
redis.call('PEXPIRE', workers, lease)

local any_cancelled = #ARGV > 4 and redis.call('EXISTS', cancels) == 1

for i = 5, #ARGV, 4 do
  local member, token, score, may_be_lost = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] == '1'
  local info = redis.call('HGET', entry, member)
  local held, _, anew = holder(info)
  local _, _, lost = lodging(member, info)
  local mine = held == token or held == NOBODY or held and is_later(token, claim_of(held))
  if not held and (info == LOST or lost == LOST or may_be_lost) then
    local old = take_out(member, info)
    if old then
      change_line(member, old, -1)
    end
    mine = true
  end
  if mine then
    if held then
      redis.call('ZADD', leases, now + lease, member)
    else
      begin_lease(member)
    end
    if held ~= token then
      redis.call('HSET', entry, member, token .. ':' .. score .. (anew or ''))
    end
    if any_cancelled and redis.call('ZSCORE', cancels, member) then
      wanted[#wanted + 1] = member
    end
  else
    refused[#refused + 1] = member
  end
end
keep_order()
return {refused, wanted, redis.call('ZCARD', waiting) + redis.call('ZCARD', roomed)}
