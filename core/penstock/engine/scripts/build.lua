-- Says how far a new index is: until it is opened nothing is handed out from it, and it goes away by
-- itself if nobody builds on.
--
-- ARGV  …, 'on' (it is being filled; then ms until it goes away), 'open' (it is complete),
--       'abandon' (somebody else shall begin anew), or 'replace' (it has an older layout: in its place
--       the epoch begins that follows; then ms until it goes away). What limits go by is kept.
-- Work: O(1); what is replaced is freed in the background.
if ARGV[4] == 'on' then
  redis.call('PEXPIRE', epoch, ARGV[5])
elseif ARGV[4] == 'open' then
  redis.call('PERSIST', epoch)
elseif ARGV[4] == 'replace' then
  redis.call('UNLINK', waiting, delayed, leases, entry, cancels, parked, users)
  redis.call('SET', epoch, ARGV[5], 'PX', ARGV[6])
else
  redis.call('DEL', epoch)
end
return 1
