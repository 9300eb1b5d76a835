-- Puts tasks into a queue.
--
-- ARGV  …, '1' to leave out what was cancelled lately ('0': not), then per task: member, priority, and
--       one of
--         a delay in ms (0: due now)
--         'running'  lease it to whoever is heard of that runs it, for one lease
--         'again MS TICKET'  it begins anew, due now. A holder whose token is no later has an earlier
--                    life of it, and loses it. Of a later one nobody knows whether it came to the
--                    start gate before that or after: when it has done with the task, it waits again
-- Returns how many were new. Of a task that the queue already has nothing is changed (but for
-- 'again'), so that handing one over twice does no harm.
-- Work: O(log N) per task; the caller bounds how many it sends.
local added, roused = 0, false
local begun_anew = {}
local any_cancelled = ARGV[4] == '1' and redis.call('EXISTS', cancels) == 1

for i = 5, #ARGV, 3 do
  local member, priority, how = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local known = redis.call('ZSCORE', waiting, member)
  local info = redis.call('HGET', entry, member)
  local moment, ticket = string.match(how, '^again (%d+) (%d+)$')
  if moment then
    begun_anew[#begun_anew + 1] = member
    redis.call('ZREM', cancels, member)
    local held, score = holder(info)
    if held and (held == NOBODY or is_later(held, moment, ticket)) then
      redis.call('HSET', entry, member, held .. ':' .. score .. ANEW)
    elseif held then
      end_lease(member)
      redis.call('HDEL', entry, member)
      info = nil
    end
  end
  local delay = tonumber(how)
  local unwanted = any_cancelled and delay and redis.call('ZSCORE', cancels, member)
  if not known and not info and not unwanted then
    added = added + 1
    local band = TOP_PRIORITY - priority
    if delay and delay > 0 then
      redis.call('ZADD', delayed, now + delay, member)
      redis.call('HSET', entry, member, band)
      -- Sleeping workers learned the earliest due time when they last claimed: tell them of an
      -- earlier one.
      roused = roused or redis.call('ZRANGE', delayed, 0, 0)[1] == member
    elseif how == 'running' then
      -- It was taken, and paid for, before.
      local score = string.format('%d', old_score((band + 1) * BAND - 1))
      begin_lease(member)
      redis.call('HSET', entry, member, NOBODY .. ':' .. score)
    else
      wait_at(member, new_score(member, band))
      roused = true
    end
  end
end
keep_order()

if roused then
  rouse()
end
say_changed(begun_anew)
return added
