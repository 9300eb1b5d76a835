-- Says how far a new index is: until it is opened nothing is handed out from it, and it goes away by
-- itself if nobody builds on.
--
-- ARGV  …, 'on' (it is being filled; then ms until it goes away), 'open' (it is complete), or
--       'abandon' (somebody else shall begin anew)
-- Work: O(1).
if ARGV[3] == 'on' then
  redis.call('PEXPIRE', epoch, ARGV[4])
elseif ARGV[3] == 'open' then
  redis.call('PERSIST', epoch)
else
  redis.call('DEL', epoch)
end
return 1
