-- Puts tasks into a queue.
--
-- ARGV  …, '1' to leave out what was cancelled lately ('0': not), then per task: id, priority, and
--       one of
--         a delay in ms (0: due now)
--         'running'  lease it to whoever is heard of that runs it, for one lease
--         'again N'  it begins anew, due now: whoever had it N ms ago has an earlier life of it
-- Returns how many were new. Of a task that the queue already has nothing is changed (but for
-- 'again'), so that handing one over twice does no harm.
-- Work: O(log N) per task; the caller bounds how many it sends.
local added, roused = 0, false
local any_cancelled = ARGV[3] == '1' and redis.call('EXISTS', cancels) == 1

for i = 4, #ARGV, 3 do
  local id, priority, how = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local known = redis.call('ZSCORE', waiting, id)
  local info = redis.call('HGET', entry, id)
  local age = string.match(how, '^again (%d+)$')
  if age then
    redis.call('ZREM', cancels, id)
    -- The number of a token is when it was taken; nobody knows that of a lease without a holder.
    local held = holder(info)
    local taken = held and tonumber(string.match(held, '^%d+') or 0)
    if held and taken <= now - tonumber(age) then
      redis.call('ZREM', leases, id)
      redis.call('HDEL', entry, id)
      info = nil
    end
  end
  local delay = tonumber(how)
  local unwanted = any_cancelled and delay and redis.call('ZSCORE', cancels, id)
  if not known and not info and not unwanted then
    added = added + 1
    local band = TOP_PRIORITY - priority
    if delay and delay > 0 then
      redis.call('ZADD', delayed, now + delay, id)
      redis.call('HSET', entry, id, band)
      -- Sleeping workers learned the earliest due time when they last claimed: tell them of an
      -- earlier one.
      roused = roused or redis.call('ZRANGE', delayed, 0, 0)[1] == id
    else
      local score = string.format('%d', band * BAND + redis.call('INCR', seq))
      if how == 'running' then
        redis.call('ZADD', leases, now + lease, id)
        redis.call('HSET', entry, id, NOBODY .. ':' .. score)
      else
        redis.call('ZADD', waiting, score, id)
        roused = true
      end
    end
  end
end

if roused then
  rouse()
end
return added
