-- Around renew.lua: notes each lease that it refuses.
local function original()
--@original
end

local queue = string.match(KEYS[1], '{(.*)}')
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', tonumber(time[2]))

local function hex(id)
  return (string.gsub(id, '.', function(each) return string.format('%02x', string.byte(each)) end))
end

local reply = original()
for _, id in ipairs(reply[1]) do
  redis.log(redis.LOG_WARNING, 'chaos refused ' .. queue .. ' ' .. now .. ' ' .. hex(id))
end
return reply
