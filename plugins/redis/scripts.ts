/**
 * What Redis does in one step. Scripts are sent as text with each call: one that Redis has lost, after a restart or a
 * failover, would be noticed only after later commands of the same turn have run.
 */

/** Keys: hash, its sorted set of ids. Arguments: number of puts, id and value of each, ids to delete. Returns how many were deleted. */
export const CHANGE = changeFrom(1);

/** As CHANGE, after the arguments: id and value that must be there, in the form of COMPARE_AND_SET. Returns -1 when something else is. */
export const CHANGE_IF = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
if (found and '=' .. found or '') ~= ARGV[2] then return -1 end
${changeFrom(3)}`;

/** @param first the argument with the number of puts. */
function changeFrom(first: number): string {
  return `
local at = ${first + 1}
for _ = 1, ARGV[${first}] do
  if redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) == 1 then redis.call('ZADD', KEYS[2], 0, ARGV[at]) end
  at = at + 2
end
${deleteFrom('at')}`;
}

/** @param first Lua: the argument with the first id. */
function deleteFrom(first: string): string {
  return `
local deleted = 0
for i = ${first}, #ARGV do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    redis.call('ZREM', KEYS[2], ARGV[i])
    deleted = deleted + 1
  end
end
return deleted`;
}

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

/** Keys: hash, its sorted set of ids, fence. Arguments: fence, ids to delete. Returns how many were deleted: none with a fence below. */
export const DELETE = `
if tonumber(redis.call('GET', KEYS[3]) or 0) > tonumber(ARGV[1]) then return 0 end
${deleteFrom('2')}`;

/** Key: fence. Argument: the next one, unless it is lower. */
export const SET_FENCE = `
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1`;

/** Keys as for CHANGE. Arguments: id, value. An id that is there already keeps its value. */
export const ADD = `
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('ZADD', KEYS[2], 0, ARGV[1]) end
return 1`;

/**
 * Key: hash of leases. Arguments: hub, its term in ms, name and present fence ('': none) of each lease it asks for. Returns the
 * fence of each, 0: another hub holds it. A new fence is at least the time, so that it is higher than those of a
 * Redis that has lost its data, too.
 */
export const CLAIM = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fences = {}
for i = 3, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i]) or '0 - 0'
  local fence, hub, till = string.match(held, '^(%d+) (%S+) (%d+)$')
  if hub ~= ARGV[1] and tonumber(till) > now then
    fence = 0
  else
    if hub ~= ARGV[1] or fence ~= ARGV[i + 1] then fence = math.max(fence + 1, now) end
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%d %s %d', fence, ARGV[1], now + ARGV[2]))
  end
  fences[#fences + 1] = tonumber(fence)
end
return fences`;

/** Key: hash of leases. Arguments: hub, names of leases. Those it holds may be taken at once; their fences stay. */
export const RELEASE = `
for i = 2, #ARGV do
  local fence, hub = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^(%d+) (%S+)')
  if hub == ARGV[1] then redis.call('HSET', KEYS[1], ARGV[i], fence .. ' - 0') end
end`;

/**
 * Key: sorted set of hubs. Arguments: hub, how long it lives from now on in ms, 'new' for one that was not there before. Returns
 * the hubs that live, those that do not, and those of them that said so; nothing: the hub was there, and does not live any more.
 */
export const BEAT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] == '' then
  local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not till or tonumber(till) <= now then return {} end
end
redis.call('ZADD', KEYS[1], string.format('%d', now + ARGV[2]), ARGV[1])
local living = redis.call('ZRANGE', KEYS[1], '(' .. string.format('%d', now), '+inf', 'BYSCORE')
local dead = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%d', now), 'BYSCORE')
return { living, dead, redis.call('ZRANGE', KEYS[1], 0, 0, 'BYSCORE') }`;

/** Key: stream. Arguments: XRANGE or XREVRANGE, both ends, number of entries, how many of them are passed over. */
export const PAGE = `
local entries = redis.call(ARGV[1], KEYS[1], ARGV[2], ARGV[3], 'COUNT', ARGV[4])
local page = {}
for i = ARGV[5] + 1, #entries do page[#page + 1] = entries[i] end
return page`;

/** Which process of Redis this is. */
const RUN = `string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')`;

/**
 * Appends to a stream and publishes the entry, once for each number of a sender. Keys: list of entries, hash that says where the
 * list stands, number of the sender's last entry with the epoch it was appended in, channel. Arguments: entry, number, entries, bytes
 * and seconds to keep, an epoch in case one begins, whether one begins because entries of the sender are lost,
 * whether the number before must be there. An epoch begins, too, when another Redis than before has the stream: see HISTORY. Returns 1;
 * 0: the number was there before.
 */
export const APPEND = `
local number = tonumber(ARGV[2])
local epoch, known = unpack(redis.call('HMGET', KEYS[2], 'epoch', 'run'))
local run = ${RUN}
if known and known ~= run then epoch = nil end
local last = redis.call('GET', KEYS[3]) or '0 -'
local reached, ofEpoch = string.match(last, '(%d+) (.*)')
if tonumber(reached) >= number then return 0 end
if tonumber(reached) + 1 < number and ARGV[7] == '' and (ARGV[8] ~= '' or ofEpoch == epoch) then
  return redis.error_reply('ERR entry ' .. number .. ' came before the entries it follows')
end
if not epoch or ARGV[7] ~= '' then
  epoch = ARGV[6]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', 0, 'run', run)
end
redis.call('SET', KEYS[3], number .. ' ' .. epoch, 'EX', 86400)
local offset = redis.call('HINCRBY', KEYS[2], 'offset', 1)
local count = redis.call('RPUSH', KEYS[1], ARGV[1])
if count == 1 then redis.call('HSET', KEYS[2], 'bytes', 0) end
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', #ARGV[1])
while count > 0 and (count > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4])) do
  bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -#redis.call('LPOP', KEYS[1]))
  count = count - 1
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('SPUBLISH', KEYS[4], '#' .. epoch .. ' ' .. offset .. ' ' .. ARGV[1])
return 1`;

/**
 * What a stream has after a place. Keys: list of entries, hash that says where it stands. Arguments: epoch and offset of the place,
 * an epoch in case one begins: that is so when another Redis than before has the stream, for it may have lost entries that were
 * acknowledged. Returns epoch, offset and entries.
 */
export const HISTORY = `
local run = ${RUN}
local epoch, offset, known = unpack(redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'run'))
if known ~= run then redis.call('HSET', KEYS[2], 'run', run) end
if not epoch or (known and known ~= run) then
  epoch, offset = ARGV[3], 0
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', offset)
end
local count = redis.call('LLEN', KEYS[1])
if epoch == ARGV[1] then count = math.min(count, offset - ARGV[2]) end
local entries = {}
if count > 0 then entries = redis.call('LRANGE', KEYS[1], -count, -1) end
return {epoch, tonumber(offset), entries}`;
