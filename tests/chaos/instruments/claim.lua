-- Around claim.lua: notes each task that it hands out, with the best that is left waiting, and
-- each lease that has run out. The server's log outlives every loss of data.
local function original()
--@original
end

local queue = string.match(KEYS[1], '{(.*)}')
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', tonumber(time[2]))

local function note(...)
  redis.log(redis.LOG_WARNING, 'chaos ' .. table.concat({...}, ' '))
end

local function hex(id)
  return (string.gsub(id, '.', function(each) return string.format('%02x', string.byte(each)) end))
end

local reply = original()
if reply.err then
  return reply
end
local lowest = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2] or '-'
for i = 5, #reply, 3 do
  note('claimed', queue, now, hex(reply[i]), reply[i + 2], lowest)
end
return reply
