"""Memory of a process with many open tabs: looked through when tabs have gone, not all the time."""

import asyncio
import ctypes
import gc
import sys

from nicegui import Client

LOOK = 10.0  #: seconds between two looks at whether tabs have gone
YOUNG = (50_000, 20, 100)


def settle() -> None:
    """What is there by now stays, and every open tab adds thousands of objects that stay with it.

    Looking through all of them as often as Python does by itself took a third of the processor at 200 viewers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG)


async def collect_after_tabs() -> None:
    """Free what tabs that have gone leave behind, which are cycles, and hand it back. Runs until cancelled."""
    known: set[str] = set()
    while True:
        await asyncio.sleep(LOOK)
        now = set(Client.instances)
        if known - now:
            gc.collect()
            _hand_back()
        known = now


def _hand_back() -> None:
    """glibc keeps freed memory for itself unless it is asked; other systems need no asking."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
