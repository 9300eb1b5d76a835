-- Around claim.lua: notes each task that it hands out, with the best that is left waiting.
local function original()
--@original
end

local reply = original()
if reply.err then
  return reply
end
local lowest = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2] or '-'
for i = 5, #reply, 3 do
  chaos_note('claimed', reply[i], reply[i + 2], lowest)
end
return reply
