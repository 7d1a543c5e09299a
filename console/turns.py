"""Which view is loaded again next: those of each session in turn, so that nobody's many views keep others waiting."""

import asyncio
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from time import monotonic

SHARED = None  #: the owner of views that several sessions look at
OF_ONE = 2  #: views of one session that are loaded at the same time; fewer than there are workers


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A view to load, on account of whoever alone looks at it."""

    key: Hashable
    owner: Hashable


class Turns:
    """What waits, by owner; `take` gives each its turn, and `end` is owed for each turn taken."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, dict[Hashable, float]] = {}  # owner, view, since when it may be loaded
        self._under_way: dict[Hashable, Hashable] = {}  # view, owner
        self._began: dict[Hashable, float] = {}
        self._more = asyncio.Event()

    def add(self, key: Hashable, owner: Hashable, *, at_most_every: float = 0.0) -> None:
        """A view that waits already waits once; one that is being loaded waits for the next turn."""
        if any(key in waiting for waiting in self._waiting.values()):
            return
        began = self._began.get(key)
        not_before = 0.0 if began is None else began + at_most_every
        self._waiting.setdefault(owner, {})[key] = not_before
        self._more.set()

    async def take(self) -> Turn:
        while True:
            self._more.clear()
            turn = self._next()
            if turn is not None:
                return turn
            try:
                async with asyncio.timeout(self._until_next()):
                    await self._more.wait()
            except TimeoutError:
                pass

    def end(self, turn: Turn) -> None:
        del self._under_way[turn.key]
        self._more.set()

    def forget(self, key: Hashable) -> None:
        """Nobody looks at it any more."""
        self._began.pop(key, None)

    def _next(self) -> Turn | None:
        """Of the owner who has waited for a turn longest; owners come behind the others after each."""
        now, busy = monotonic(), Counter(self._under_way.values())
        for owner, waiting in self._waiting.items():
            if owner is not SHARED and busy[owner] >= OF_ONE:
                continue
            for key, not_before in waiting.items():
                if not_before <= now and key not in self._under_way:
                    return self._give(Turn(key=key, owner=owner), now)
        return None

    def _give(self, turn: Turn, now: float) -> Turn:
        waiting = self._waiting.pop(turn.owner)
        del waiting[turn.key]
        if waiting:
            self._waiting[turn.owner] = waiting
        self._under_way[turn.key] = turn.owner
        self._began[turn.key] = now
        return turn

    def _until_next(self) -> float | None:
        """Seconds until something that waits for its time may be loaded."""
        times = [at for waiting in self._waiting.values() for at in waiting.values() if at > monotonic()]
        return max(0.0, min(times) - monotonic()) if times else None
