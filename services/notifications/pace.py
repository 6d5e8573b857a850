"""How fast we may write: 25 messages a second in all, one a second to a chat, and silence when Telegram asks for it
(source: Telegram Bot FAQ, "My bot is hitting limits"; five a second are left to the bot's answers)."""

from __future__ import annotations

from typing import cast

import redis

from services.platform.errors import TryLater

# Both buckets are taken from together or not at all. Time is Redis's own, so that all workers agree on it.
TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local pause = redis.call('PTTL', KEYS[3])
if pause > 0 then return pause end
local function level(key, capacity, per_ms)
  local tokens, at = unpack(redis.call('HMGET', key, 'tokens', 'at'))
  if not tokens then return capacity end
  return math.min(capacity, tokens + (now - at) * per_ms)
end
local all, chat = level(KEYS[1], 25, 0.025), level(KEYS[2], 1, 0.001)
if all < 1 or chat < 1 then
  return math.ceil(math.max((1 - all) / 0.025, (1 - chat) / 0.001, 1))
end
redis.call('HSET', KEYS[1], 'tokens', all - 1, 'at', now)
redis.call('PEXPIRE', KEYS[1], 2000)
redis.call('HSET', KEYS[2], 'tokens', chat - 1, 'at', now)
redis.call('PEXPIRE', KEYS[2], 2000)
return 0
"""


class Pace:
    """Shared by all processes through Redis. When Redis has forgotten, the buckets are full: a short burst at most."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._take = client.register_script(TAKE)

    def take(self, chat: int) -> float:
        """0 when a message may go to this chat now, else the seconds to wait. Raises TryLater without Redis."""
        try:
            wait = cast(int, self._take(keys=["pace:all", f"pace:chat:{chat}", "pace:pause"]))
        except redis.RedisError as error:
            raise TryLater(f"pace: {type(error).__name__}", after=1) from None
        return wait / 1000

    def pause(self, seconds: float) -> None:
        """Nobody writes for so long."""
        try:
            self._redis.set("pace:pause", 1, px=max(1, int(seconds * 1000)))
        except redis.RedisError as error:
            raise TryLater(f"pace: {type(error).__name__}", after=seconds) from None
