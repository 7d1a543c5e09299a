"""Memory of a process with many open tabs: what pages leave behind is taken apart, not looked for.

Every open tab has thousands of objects. To look through all of them for cycles stops the process for half a second at
200 tabs, as a whole, and Python by itself would do it again and again.
"""

import asyncio
import ctypes
import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from nicegui import Client, ui
from nicegui.observables import ObservableCollection

LOOK = 10.0  #: seconds between two rounds; parts of pages are taken apart when they have been gone for one to two
MANY = 100_000  #: parts that have gone, after which it is time for a thorough collection
AT_ONCE = 500  #: parts that are taken apart before others have their turn; some milliseconds
YOUNG = (50_000, 20, 100)


def settle() -> None:
    """What is there by now stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG)


class Remains:
    """The parts of pages that have gone: whole tabs, pages that were left, rows that were drawn anew."""

    def __init__(self, *, look: float = LOOK, many: int = MANY) -> None:
        self._look = look
        self._many = many
        self._fresh: list[ui.element] = []
        self._since_collection = 0

    @contextmanager
    def following(self) -> Iterator[None]:
        """Hear of every part that goes, for which NiceGUI has no hook. One at a time."""
        remove = Client.remove_elements

        def remove_and_keep(client: Client, elements: Iterable[ui.element]) -> None:
            leaving = list(elements)
            remove(client, leaving)
            self._fresh += leaving

        setattr(Client, "remove_elements", remove_and_keep)  # noqa: B010 - a method is nothing to assign to
        try:
            yield
        finally:
            setattr(Client, "remove_elements", remove)  # noqa: B010

    async def clear_away(self) -> None:
        """Take apart what has gone, and now and then look for what else is unreachable. Runs until cancelled."""
        while True:
            ripe, self._fresh = self._fresh, []
            await asyncio.sleep(self._look)
            self._since_collection += len(ripe)
            while ripe:
                for _ in range(min(len(ripe), AT_ONCE)):
                    _take_apart(ripe.pop())
                await asyncio.sleep(0)
            if self._since_collection > (self._many if Client.instances else 0):
                self._since_collection = 0
                gc.collect()
                _hand_back()


def _take_apart(element: ui.element) -> None:
    """Drop all that it refers to, so that no cycle holds it; it only remembers that it has gone."""
    parts = vars(element)
    for part in parts.values():
        if isinstance(part, ObservableCollection):
            vars(part).clear()  # they hear of their own changes
    parts.clear()
    parts["_deleted"] = True


def _hand_back() -> None:
    """glibc keeps freed memory for itself unless it is asked; other systems need no asking."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
