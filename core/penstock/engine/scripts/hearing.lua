-- Shared by queues and providers: how long nobody was heard of. Needs the keys `seen` and `grace`.
--
-- A worker is heard of. If none was for half a lease (the server was down, or hung, or all of them
-- were cut off), live ones, which renew three times per lease, could not: they get the time of one
-- more. Shorter outages cost no lease that was renewed in time before.
local function hear()
  local last = tonumber(redis.call('GET', seen) or now)
  if now - last > lease / 2 then
    redis.call('SET', grace, 1, 'PX', lease)
  end
  if math.abs(now - last) > lease / 20 or last == now then
    redis.call('SET', seen, now)
  end
end

