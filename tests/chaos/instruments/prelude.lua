-- After prelude.lua: writes what happens into the server's log, which outlives every loss of data.
local chaos_time = redis.call('TIME')
local chaos_head = string.match(KEYS[1], '{(.*)}') .. ' ' .. chaos_time[1]
  .. string.format('%06d', tonumber(chaos_time[2]))

local function chaos_note(what, member, ...)
  local hex = string.gsub(member, '.', function(each) return string.format('%02x', string.byte(each)) end)
  redis.log(redis.LOG_WARNING, 'chaos ' .. table.concat({what, chaos_head, hex, ...}, ' '))
end
