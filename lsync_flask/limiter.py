"""One limiter for each account with a provider, shared by all processes on all hosts through Redis.

It keeps to the account's limits (calls at once, calls and records in any window of time), to what the provider says of
waiting, and lets a provider alone that fails again and again: the circuit opens, and after a while one call tries it.
Each decision is one script in Redis, by Redis' clock. While Redis is away each process keeps to the limits by itself.
"""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from redis import Redis
from redis.exceptions import RedisError

from lsync_flask.plugin_api import Limits, Window

SLOT_S = 20.0
"""A slot of a process that says nothing for so long is free again: its holder has died."""
RENEW_S = 5.0
AWAY_S = 5.0
"""So long Redis is not asked again after it did not answer."""
TIMEOUT_S = 2.0
PARTS = 16
"""A window is counted in so many parts; the part that is only half in it counts whole, so no limit is overrun."""
FAILURES = 5
OPEN_S = 30.0
LONGEST_OPEN_S = 300.0

Outcome = Literal["ok", "failed", "neither"]
Why = Literal["busy", "told", "open"]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose limits they are: `key` is the same in every process that uses the same account, and tells nothing of it."""

    key: str
    limits: Limits

    def windows(self) -> tuple[Window, ...]:
        per_s = self.limits.calls_per_s
        if not per_s:
            return self.limits.windows
        # Of 0.5 calls a second there is one in two seconds.
        pace = Window(1.0, calls=int(per_s)) if per_s >= 1 else Window(1 / per_s, calls=1)
        return (pace, *self.limits.windows)


@dataclass(frozen=True, slots=True)
class Turn:
    """A call may leave now. Whoever has it gives it back."""

    account: Account
    id: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class NotYet:
    """No call may leave for so many seconds: the limits, the provider's own word, or an open circuit."""

    wait_s: float
    why: Why


_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local slots, told, circuit = KEYS[1], KEYS[2], KEYS[3]
local id, slot_ms, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local records, failures = tonumber(ARGV[4]), tonumber(ARGV[5])
local wait = redis.call('PTTL', told)
if wait > 0 then return {0, wait, 'told'} end
local state = redis.call('HMGET', circuit, 'failures', 'open_until', 'trial_until')
local is_trial = false
if tonumber(state[1] or '0') >= failures then
  local open_until, trial_until = tonumber(state[2] or '0'), tonumber(state[3] or '0')
  if open_until > now then return {0, open_until - now, 'open'} end
  if trial_until > now then return {0, math.min(trial_until - now, 1000), 'busy'} end
  is_trial = true
end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
if redis.call('ZCARD', slots) >= most then return {0, 100, 'busy'} end
local parts = tonumber(ARGV[6])
for place = 4, #KEYS do
  local at = place * 3 - 5
  local size, calls, most_records = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local part = math.max(1, math.floor(size / parts))
  local first = math.floor((now - size) / part)
  local seen_calls, seen_records, oldest = 0, 0, nil
  local kept = redis.call('HGETALL', KEYS[place])
  for i = 1, #kept, 2 do
    local kind, number = string.match(kept[i], '(%a):(%d+)')
    number = tonumber(number)
    if number < first then
      redis.call('HDEL', KEYS[place], kept[i])
    else
      local value = tonumber(kept[i + 1])
      if kind == 'c' then seen_calls = seen_calls + value else seen_records = seen_records + value end
      if oldest == nil or number < oldest then oldest = number end
    end
  end
  local full = calls > 0 and seen_calls + 1 > calls
  -- A call with more records than the window allows at all goes when it is alone in it.
  full = full or (most_records > 0 and seen_records > 0 and seen_records + records > most_records)
  if full then return {0, (oldest + 1) * part + size - now, 'busy'} end
end
redis.call('ZADD', slots, now + slot_ms, id)
redis.call('PEXPIRE', slots, slot_ms * 2)
if is_trial then redis.call('HSET', circuit, 'trial_until', now + slot_ms) end
for place = 4, #KEYS do
  local size = tonumber(ARGV[place * 3 - 5])
  local number = string.format('%.0f', math.floor(now / math.max(1, math.floor(size / parts))))
  redis.call('HINCRBY', KEYS[place], 'c:' .. number, 1)
  redis.call('HINCRBY', KEYS[place], 'r:' .. number, records)
  redis.call('PEXPIRE', KEYS[place], size * 2)
end
return {1, 0, ''}
"""

_GIVE_BACK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[1])
local outcome, told_ms, failures = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local open_ms, longest_ms = tonumber(ARGV[5]), tonumber(ARGV[6])
if told_ms > 0 then redis.call('SET', KEYS[2], '1', 'PX', told_ms) end
if outcome == 'ok' then redis.call('DEL', KEYS[3]) return 0 end
if outcome == 'neither' then redis.call('HDEL', KEYS[3], 'trial_until') return 0 end
if redis.call('HINCRBY', KEYS[3], 'failures', 1) < failures then
  redis.call('PEXPIRE', KEYS[3], longest_ms * 2)
  return 0
end
local open_until = tonumber(redis.call('HGET', KEYS[3], 'open_until') or '0')
if open_until < now then
  local opened = redis.call('HINCRBY', KEYS[3], 'opened', 1)
  open_until = now + math.min(longest_ms, open_ms * 2 ^ (opened - 1))
  redis.call('HSET', KEYS[3], 'open_until', string.format('%.0f', open_until), 'trial_until', 0)
end
redis.call('PEXPIRE', KEYS[3], longest_ms * 2)
return open_until - now
"""

_RENEW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
"""


class Limiter:
    """Lets calls through; one for the whole process, used by all its threads."""

    slot_s = SLOT_S
    open_s = OPEN_S

    def __init__(self, connection: Redis | None, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = threading.Lock()
        self._turns: dict[str, Turn] = {}
        self._local: dict[str, _LocalAccount] = {}
        self._away_until = 0.0
        self._renew_at = 0.0
        self._scripts = {} if connection is None else _register(connection)

    def take(self, account: Account, records: int) -> Turn | NotYet:
        """Ask for the turn of one call with so many records."""
        turn_id = uuid.uuid4().hex
        answer = self._ask("take", _keys(account), _take_arguments(account, turn_id, records, self.slot_s))
        if answer is None:
            refused = self._local_of(account).take(turn_id, records, self._clock())
            turn = Turn(account, turn_id, is_shared=False)
        else:
            refused = None if answer[0] else NotYet(max(0.001, answer[1] / 1000), _why(answer[2]))
            turn = Turn(account, turn_id, is_shared=True)
        if refused is not None:
            return refused
        with self._lock:
            self._turns[turn_id] = turn
        return turn

    def give_back(self, turn: Turn, outcome: Outcome, told_s: float = 0.0) -> float:
        """The call is over. `told_s`: the provider said that nobody may call for so long.

        The seconds for which the circuit is open now; 0 when it is closed.
        """
        with self._lock:
            self._turns.pop(turn.id, None)
        limits = (FAILURES, int(self.open_s * 1000), int(LONGEST_OPEN_S * 1000))
        arguments = (turn.id, outcome, int(told_s * 1000), *limits)
        answer = self._ask("give_back", _keys(turn.account)[:3], arguments) if turn.is_shared else None
        if answer is None:
            return self._local_of(turn.account).give_back(turn.id, outcome, told_s, self._clock())
        return float(answer) / 1000

    def renew(self) -> None:
        """The calls of this process are still under way; to be called every second or so."""
        now = self._clock()
        if now < self._renew_at:
            return
        self._renew_at = now + RENEW_S
        with self._lock:
            turns = [turn for turn in self._turns.values() if turn.is_shared]
        for turn in turns:
            self._ask("renew", _keys(turn.account)[:1], (turn.id, int(self.slot_s * 1000)))

    def _local_of(self, account: Account) -> "_LocalAccount":
        with self._lock:
            return self._local.setdefault(account.key, _LocalAccount(account, self.open_s))

    def _ask(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """What the script answers; None when Redis does not."""
        if not self._scripts or self._clock() < self._away_until:
            return None
        try:
            return self._scripts[script](keys=keys, args=arguments)
        except RedisError:
            self._away_until = self._clock() + AWAY_S
            return None


def _register(connection: Redis) -> dict[str, Any]:
    scripts = {"take": _TAKE, "give_back": _GIVE_BACK, "renew": _RENEW}
    return {name: connection.register_script(text) for name, text in scripts.items()}


def _keys(account: Account) -> list[str]:
    # The braces keep all of an account's keys on one node of a cluster.
    base = f"lsync:limit:{{{account.key}}}"
    windows = [f"{base}:{number}:{window.seconds:g}" for number, window in enumerate(account.windows())]
    return [f"{base}:slots", f"{base}:told", f"{base}:circuit", *windows]


def _take_arguments(account: Account, turn_id: str, records: int, slot_s: float) -> list[Any]:
    found: list[Any] = [turn_id, int(slot_s * 1000), account.limits.concurrency, records, FAILURES, PARTS]
    for window in account.windows():
        found += [int(window.seconds * 1000), window.calls or 0, window.records or 0]
    return found


def _why(word: bytes) -> Why:
    return "open" if word == b"open" else "told" if word == b"told" else "busy"


@dataclass
class _LocalAccount:
    """The same for one process alone."""

    account: Account
    open_s: float
    slots: set[str] = field(default_factory=set)
    calls: deque[tuple[float, int]] = field(default_factory=deque)
    told_until: float = 0.0
    failures: int = 0
    opened: int = 0
    open_until: float = 0.0
    trial: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, turn_id: str, records: int, now: float) -> NotYet | None:
        with self.lock:
            refused = self._refuse(records, now)
            if refused is None:
                self.slots.add(turn_id)
                self.calls.append((now, records))
                self.trial = turn_id if self.failures >= FAILURES else ""
            return refused

    def _refuse(self, records: int, now: float) -> NotYet | None:
        if self.told_until > now:
            return NotYet(self.told_until - now, "told")
        if self.open_until > now:
            return NotYet(self.open_until - now, "open")
        if self.trial or len(self.slots) >= self.account.limits.concurrency:
            return NotYet(0.1, "busy")
        waits = [self._wait(window, records, now) for window in self.account.windows()]
        longest = max(waits, default=0.0)
        return NotYet(longest, "busy") if longest > 0 else None

    def _wait(self, window: Window, records: int, now: float) -> float:
        """The seconds until a window has room."""
        since = [(at, size) for at, size in self.calls if at > now - window.seconds]
        self._forget(now)
        full = window.calls is not None and len(since) >= window.calls
        seen = sum(size for _, size in since)
        full = full or (window.records is not None and bool(seen) and seen + records > window.records)
        return since[0][0] + window.seconds - now if full else 0.0

    def _forget(self, now: float) -> None:
        longest = max((window.seconds for window in self.account.windows()), default=0.0)
        while self.calls and self.calls[0][0] <= now - longest:
            self.calls.popleft()

    def give_back(self, turn_id: str, outcome: Outcome, told_s: float, now: float) -> float:
        with self.lock:
            self.slots.discard(turn_id)
            self.trial = "" if self.trial == turn_id else self.trial
            self.told_until = max(self.told_until, now + told_s if told_s else 0.0)
            if outcome == "ok":
                self.failures, self.opened, self.open_until = 0, 0, 0.0
            elif outcome == "failed":
                self._fail(now)
            return max(0.0, self.open_until - now)

    def _fail(self, now: float) -> None:
        self.failures += 1
        if self.failures >= FAILURES and self.open_until <= now:
            self.opened += 1
            self.open_until = now + min(LONGEST_OPEN_S, self.open_s * 2 ** (self.opened - 1))
