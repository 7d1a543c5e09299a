"""Bounds failed log-ins, and shuts nobody out: browsers that somebody logged in with before have their own limits."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from time import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from operations.errors import LoginsBusy, TooManyTries, WrongPassword

PER_ACCOUNT = RateLimitItemPerMinute(10)  #: from one address, or from one browser that is known
PER_ADDRESS = RateLimitItemPerMinute(20)
PER_ACCOUNT_ANYWHERE = RateLimitItemPerMinute(30)
OF_STRANGERS = RateLimitItemPerMinute(300)  #: of all together
MOST_WAITING = 100  #: for others that are under way
LONGEST_WAIT = 10.0  #: seconds

Key = tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Throttle:
    """One per process; forgets within a minute."""

    _failed: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))
    _under_way: Counter[Key] = field(default_factory=Counter)
    _ended: asyncio.Condition = field(default_factory=asyncio.Condition)
    _waiting: int = 0

    @asynccontextmanager
    async def attempt(self, email: str, address: str, *, browser: str | None = None) -> AsyncIterator[None]:
        """Around one log-in, whose `WrongPassword` is counted; raises `TooManyTries` instead of letting it begin.

        `browser` names one that is known. Of many sent at once no more may fail than one after the other: who could
        be one too many waits until others under way have ended, and goes on when they were right.
        """
        bounds = _bounds(email, address, browser)
        await self._take_turn(bounds)
        try:
            yield
        except WrongPassword:
            for key, bound in bounds.items():
                await self._failed.hit(bound, *key)
            raise
        finally:
            self._under_way.subtract(bounds.keys())
            self._under_way += Counter()  # forgets what is zero
            async with self._ended:
                self._ended.notify_all()

    async def _take_turn(self, bounds: Mapping[Key, RateLimitItemPerMinute]) -> None:
        """Raises `TooManyTries`, or `LoginsBusy` when it would take long to say."""
        async with self._ended:
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    while not await self._has_room(bounds):
                        await self._wait()
            except TimeoutError:
                raise LoginsBusy from None
            self._under_way.update(bounds.keys())

    async def _has_room(self, bounds: Mapping[Key, RateLimitItemPerMinute]) -> bool:
        stats = {key: await self._failed.get_window_stats(bound, *key) for key, bound in bounds.items()}
        if full := [each.reset_time for each in stats.values() if each.remaining <= 0]:
            raise TooManyTries(max(1, ceil(max(full) - time())))
        return all(self._under_way[key] < each.remaining for key, each in stats.items())

    async def _wait(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise LoginsBusy
        self._waiting += 1
        try:
            await self._ended.wait()
        finally:
            self._waiting -= 1


def _bounds(email: str, address: str, browser: str | None) -> dict[Key, RateLimitItemPerMinute]:
    account = email.strip().lower()
    if browser is not None:
        return {("browser", account, browser): PER_ACCOUNT}
    network = _network(address)
    return {
        ("pair", account, network): PER_ACCOUNT,
        ("address", network): PER_ADDRESS,
        ("account", account): PER_ACCOUNT_ANYWHERE,
        ("strangers",): OF_STRANGERS,
    }


def _network(address: str) -> str:
    """Whose address it is: of IPv6, everybody has 2⁶⁴."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
