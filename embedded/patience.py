"""Waiting for a fact, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(is_so: Callable[[], bool], *, within: float, every: float = 0.02) -> bool:
    """Look every so many seconds; false when it is still not so at the deadline."""

    async def look() -> bool:
        return is_so()

    return await until_answered(look, within=within, every=every)


async def until_answered(ask: Callable[[], Awaitable[bool]], *, within: float, every: float = 0.02) -> bool:
    """Like `until`, for a question that is itself awaited and may hang."""
    try:
        async with asyncio.timeout(within):
            while not await ask():  # noqa: ASYNC110 - other programs set no event of ours
                await asyncio.sleep(every)
            return True
    except TimeoutError:
        return False


async def once(ask: Callable[[], Awaitable[bool]], *, within: float) -> bool:
    """Ask a single time; a hanging answer counts as no."""
    try:
        async with asyncio.timeout(within):
            return await ask()
    except TimeoutError:
        return False
