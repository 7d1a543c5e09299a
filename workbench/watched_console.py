"""A console that writes down what holds up its event loop: `python -m workbench.watched_console`.

It runs on asyncio's own loop, whose callbacks can be seen. What counts is the processor time of the loop's thread: a
busy machine makes no callback slow. Pauses of the garbage collector, which may fall into any callback, do not count.
"""

import gc
import os
import sys
from asyncio import events
from time import thread_time

from uvicorn.loops import auto
from uvicorn.loops.asyncio import asyncio_loop_factory

LONGEST = 0.050  #: seconds of processor time that a callback may take
REPORT = "SLOW_CALLBACKS"  #: variable with the file that gets a line for each that takes longer


class Watchdog:
    """Measures every callback of the loop."""

    def __init__(self, report: str) -> None:
        self._report = report
        self._collecting_since = 0.0
        self._collected = 0.0

    def watch(self) -> None:
        run = events.Handle._run

        def measured(handle: events.Handle) -> None:
            begun, collected = thread_time(), self._collected
            run(handle)
            taken = thread_time() - begun - (self._collected - collected)
            if taken > LONGEST:
                self._write(taken, handle)

        setattr(events.Handle, "_run", measured)  # noqa: B010 - a method is nothing to assign to
        gc.callbacks.append(self._collects)

    def _collects(self, phase: str, _: object) -> None:
        if phase == "start":
            self._collecting_since = thread_time()
        else:
            self._collected += thread_time() - self._collecting_since

    def _write(self, taken: float, handle: events.Handle) -> None:
        with open(self._report, "a", encoding="utf-8") as report:
            report.write(f"{taken * 1000:.0f} ms: {ascii(handle)[:500]}\n")


if __name__ == "__main__":
    setattr(auto, "auto_loop_factory", asyncio_loop_factory)  # noqa: B010 - before the console takes it
    Watchdog(os.environ[REPORT]).watch()
    from console.main import main

    sys.exit(main())
