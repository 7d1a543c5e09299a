import asyncio
import os
import signal

import pytest

from embedded.interrupts import Interrupts


async def forever(cancelled: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        cancelled.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_asks_and_the_second_hurries(number: signal.Signals) -> None:
    hurried, cancelled = asyncio.Event(), asyncio.Event()
    interrupts = Interrupts(hurry=hurried.set)

    with interrupts.caught():
        os.kill(os.getpid(), number)
        await interrupts.unless_asked(forever(cancelled))
        assert cancelled.is_set()
        assert not hurried.is_set()

        os.kill(os.getpid(), number)
        await asyncio.wait_for(hurried.wait(), 5)


async def test_work_that_fails_is_heard() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Interrupts(hurry=lambda: None).unless_asked(fail())


async def test_work_that_ends_needs_no_signal() -> None:
    await Interrupts(hurry=lambda: None).unless_asked(asyncio.sleep(0))
