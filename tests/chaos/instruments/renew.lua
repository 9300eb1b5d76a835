-- Around renew.lua: notes each lease that it refuses.
local function original()
--@original
end

local reply = original()
for _, id in ipairs(reply[1]) do
  chaos_note('refused', id)
end
return reply
