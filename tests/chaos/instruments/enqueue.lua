-- Around enqueue.lua: notes each task that the queue did not have, and whether its index was open.
local function original()
--@original
end

local function known(id)
  return redis.call('ZSCORE', waiting, id) or redis.call('HGET', entry, id)
end

local new = {}
for i = 5, #ARGV, 3 do
  if not known(ARGV[i]) then
    new[#new + 1] = ARGV[i]
  end
end
local reply = original()
for _, id in ipairs(new) do
  if known(id) then
    chaos_note(redis.call('PTTL', epoch) < 0 and 'enqueued' or 'filled', id)
  end
end
return reply
