-- The order of waiting tasks: by band, and within a band by start-time fair queueing (Goyal, Vin and
-- Cheng, 1996). A task's start tag is the virtual time of its band or the finish tag of its user,
-- whichever is later; what it costs after that is its user's new finish tag; the virtual time is the
-- greatest start tag that was taken. All tasks without a user are those of one, ''.
--
-- What a call changes is gathered here and written once, by `keep_order`.
local cost_of_user = ARGV[3] ~= '' and cjson.decode(ARGV[3]) or {}
local virtual_times, finish_tags = {}, {}
local changed_times, changed_tags, line_changes = {}, {}, {}

-- What a task of a user of weight 1 costs; a multiple of 1 to 10, so that such weights are exact.
local COST = 2520

local function cost(user)
  return cost_of_user[user] or COST
end

local function band_of(score)
  return math.floor(score / BAND)
end

local function virtual_time(band)
  if not virtual_times[band] then
    virtual_times[band] = tonumber(redis.call('HGET', virtual, band) or 0)
  end
  return virtual_times[band]
end

-- A user's line in a band, as `tags` and `lines` know it. Many tasks are of the same one, and making
-- a string of a number takes long.
local known_lines = {}
local function line_of(band, user)
  local of_band = known_lines[band]
  if not of_band then
    of_band = {}
    known_lines[band] = of_band
  end
  local line = of_band[user]
  if not line then
    line = band .. ':' .. user
    of_band[user] = line
  end
  return line
end

local function finish_tag(band, user)
  local line = line_of(band, user)
  if not finish_tags[line] then
    finish_tags[line] = tonumber(redis.call('ZSCORE', tags, line) or band * BAND) - band * BAND
  end
  return finish_tags[line]
end

local function set_finish_tag(band, user, tag)
  local line = line_of(band, user)
  finish_tags[line] = tag
  changed_tags[line] = band * BAND + tag
end

-- That so many tasks more of a user wait, or less.
local function change_line(member, score, change)
  local line = line_of(band_of(score), (owners(member)))
  line_changes[line] = (line_changes[line] or 0) + change
end

-- The score of a task that is due now, the last of its user. Beyond 2^48 tags are all the same, so that
-- no band ever runs into the next.
local function new_score(member, band)
  local user = owners(member)
  local tag = math.min(math.max(virtual_time(band), finish_tag(band, user)), BAND - 1)
  set_finish_tag(band, user, math.min(tag + cost(user), BAND - 1))
  return band * BAND + tag
end

-- The score of a task that was taken before, at `score`: no later than what is taken now, though the
-- virtual time may have begun anew since.
local function old_score(score)
  score = tonumber(score)
  local band = band_of(score)
  return math.min(score, band * BAND + virtual_time(band))
end

local function wait_at(member, score)
  redis.call('ZADD', waiting, score, member)
  change_line(member, score, 1)
end

-- A waiting task is taken.
local function take_at(member, score)
  local band = band_of(score)
  change_line(member, score, -1)
  if score - band * BAND > virtual_time(band) then
    virtual_times[band] = score - band * BAND
    changed_times[band] = true
  end
end

-- A waiting task will never be taken. If it is its user's last one, its place is free again.
local function give_up(member, score)
  local band, user = band_of(score), (owners(member))
  change_line(member, score, -1)
  if finish_tag(band, user) == score - band * BAND + cost(user) then
    set_finish_tag(band, user, score - band * BAND)
  end
end

-- Forgets the users of a band who have nothing to gain or to lose by being known, a batch of them:
-- those whose finish tag the virtual time has passed, or all if nothing of the band will come up.
local function forget_users(band)
  local idle = redis.call('ZCARD', roomed) == 0 and redis.call('ZCARD', parked) == 0
    and redis.call('ZCOUNT', waiting, band * BAND, (band + 1) * BAND - 1) == 0
  local until_tag = idle and BAND - 1 or virtual_time(band)
  local found = redis.call(
    'ZRANGEBYSCORE', tags, band * BAND, band * BAND + until_tag, 'LIMIT', 0, BATCH)
  if #found > 0 then
    redis.call('ZREM', tags, unpack(found))
  end
  if idle then
    -- Whoever is still known is to be forgotten soon, and not to be behind.
    local last = redis.call(
      'ZREVRANGEBYSCORE', tags, (band + 1) * BAND - 1, band * BAND, 'WITHSCORES', 'LIMIT', 0, 1)
    if last[2] then
      redis.call('HSET', virtual, band, last[2] - band * BAND)
    else
      redis.call('HDEL', virtual, band)
    end
  end
  return #found > 0
end

-- Forgets more users while nothing waits; whether there may be more of them.
local function forget_more()
  local first = redis.call('ZRANGE', tags, 0, 0, 'WITHSCORES')[2]
  return first and forget_users(band_of(first))
end

-- Writes down what has changed. Of a user with nothing in line the finish tag is no later than what the
-- last task taken leaves: whatever else was put in line was given up.
local function keep_order()
  local ended = {}
  for line, change in pairs(line_changes) do
    if change ~= 0 and redis.call('HINCRBY', lines, line, change) <= 0 then
      redis.call('HDEL', lines, line)
      local colon = string.find(line, ':', 1, true)
      local band, user = tonumber(string.sub(line, 1, colon - 1)), string.sub(line, colon + 1)
      local latest = virtual_time(band) + cost(user)
      if finish_tag(band, user) > latest then
        set_finish_tag(band, user, latest)
      end
      ended[band] = true
    end
  end
  for band in pairs(changed_times) do
    redis.call('HSET', virtual, band, virtual_times[band])
  end
  for line, score in pairs(changed_tags) do
    redis.call('ZADD', tags, score, line)
  end
  for band in pairs(ended) do
    forget_users(band)
  end
end
