-- Says how far a new index is: until it is opened nothing is handed out from it, and it goes away by
-- itself if nobody builds on.
--
-- ARGV  …, ms until it goes away (0: it is complete, and opened)
-- Work: O(1).
if tonumber(ARGV[3]) > 0 then
  redis.call('PEXPIRE', epoch, ARGV[3])
else
  redis.call('PERSIST', epoch)
end
return 1
