"""The wish to end: the first signal asks, any further one hurries."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(kw_only=True, slots=True)
class Interrupts:
    """Use `caught` around the whole life of the supervisor."""

    hurry: Callable[[], None]
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def unless_asked(self, work: Coroutine[None, None, None]) -> None:
        """Do the work until it is done or the end is asked for; then it is cancelled, and this returns."""
        doing = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait([doing, asked], return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            doing.cancel()
        with suppress(asyncio.CancelledError):
            await doing

    @contextmanager
    def caught(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        # With `nohup` a closed terminal is no reason to end.
        asking = [number for number in ASKING if number != signal.SIGHUP or not _ignored(number)]
        for number in asking:
            loop.add_signal_handler(number, self._heard)
        try:
            yield
        finally:
            for number in asking:
                loop.remove_signal_handler(number)

    def _heard(self) -> None:
        if self._asked.is_set():
            self.hurry()
        self._asked.set()


@contextmanager
def caught(number: signal.Signals, heard: Callable[[], None]) -> Iterator[None]:
    """Call `heard` at each such signal, as long as the block lasts."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, heard)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def _ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN
