"""Looking again at what no change tells: silence, a pause, or Temporal's workers."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from operations.errors import DatabaseUnavailable

Look = Callable[[], Awaitable[None]]


def look_again(every: float, look: Look) -> None:
    """As long as the page is there; `every` is in seconds. The page has looked once already."""
    ui.timer(every, quiet(look), immediate=False)


def quiet(look: Look) -> Look:
    """Without a word about a database that is away: nobody has asked for anything, and its banner says so."""

    async def try_to_look() -> None:
        try:
            await look()
        except DatabaseUnavailable:
            return

    return try_to_look
