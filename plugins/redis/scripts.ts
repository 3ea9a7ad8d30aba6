/**
 * What Redis does in one step. Scripts are sent as text with each call: one that Redis has lost, after a restart or a
 * failover, would be noticed only after later commands of the same turn have run.
 */

/** Keys: hash, its sorted set of ids. Arguments: number of puts, id and value of each, ids to delete. Returns how many were deleted. */
export const CHANGE = `
local at = 2
for _ = 1, ARGV[1] do
  if redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) == 1 then redis.call('ZADD', KEYS[2], 0, ARGV[at]) end
  at = at + 2
end
local deleted = 0
for i = at, #ARGV do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    redis.call('ZREM', KEYS[2], ARGV[i])
    deleted = deleted + 1
  end
end
return deleted`;

/**
 * Keys as before. Arguments: id, present value, next value; a value is preceded by '=', and '' stands for none.
 * Returns 1, or when something else is there the value that is, in the same form.
 */
export const COMPARE_AND_SET = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
found = found and '=' .. found or ''
if found ~= ARGV[2] then return found end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.sub(ARGV[3], 2))
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
end
return 1`;

/** Keys as before. Arguments: id, value. An id that is there already keeps its value. */
export const ADD = `
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('ZADD', KEYS[2], 0, ARGV[1]) end
return 1`;

/** Key: stream. Arguments: XRANGE or XREVRANGE, both ends, number of entries, how many of them are passed over. */
export const PAGE = `
local entries = redis.call(ARGV[1], KEYS[1], ARGV[2], ARGV[3], 'COUNT', ARGV[4])
local page = {}
for i = ARGV[5] + 1, #entries do page[#page + 1] = entries[i] end
return page`;
