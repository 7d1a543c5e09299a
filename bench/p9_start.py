"""P9: `tenantry up` with existing data to a rendered log-in page, what its processes hold when nothing happens, and how
long a demo takes from nothing."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from playwright.async_api import Browser

from bench import browsers
from bench.results import Figure, Result
from embedded import ports
from embedded.environment import DATABASE_URL
from embedded.state import State
from workbench import dataset
from workbench.servers import environment, eventually, passable_directory

ROOT = Path(__file__).parents[1]
EXECUTIONS = 2_000
STARTS = 3
IDLE = 20.0  #: seconds without anybody, before memory is looked at
LONGEST_START, LONGEST_DEMO = 10.0, 60.0  #: seconds
MOST_MEMORY = {"console": 200, "worker": 150}  #: megabytes, resident
TENANTRY = (sys.executable, "-c", "from console.cli import main; main()")


async def run(*, full: bool) -> Result:
    del full
    async with browsers.chromium() as browser:
        with passable_directory() as directory:
            home, port = directory / "data", ports.any_free()
            async with _up(home, port) as first:  # which makes the data
                await asyncio.to_thread(dataset.load, first.database_url(), EXECUTIONS)
            starts, memory = [], dict[str, float]()
            for _ in range(STARTS):
                began = time.monotonic()
                async with _up(home, port) as running:
                    await _until_rendered(browser, port)
                    starts.append(time.monotonic() - began)
                    if len(starts) == STARTS:
                        await asyncio.sleep(IDLE)
                        memory = running.memory()
            began = time.monotonic()
            async with _up(directory / "demo", port, "--demo"):
                await _until_rendered(browser, port)
                demo = time.monotonic() - began
    settings: dict[str, str | int | float] = {"executions": EXECUTIONS, "starts": STARTS, "idle_seconds": IDLE}
    figures = [*_of_starts(median(starts), demo), *_of_memory(memory)]
    return Result(name="P9", title="start, and memory when idle", settings=settings, figures=figures)


def _of_starts(start: float, demo: float) -> list[Figure]:
    return [
        Figure(
            what="start with existing data, to a rendered log-in page",
            unit="s",
            ours=start,
            bar=f"≤ {LONGEST_START:g} s",
            passed=start <= LONGEST_START,
        ),
        Figure(
            what="a demo from nothing, to a rendered log-in page",
            unit="s",
            ours=demo,
            bar=f"≤ {LONGEST_DEMO:g} s",
            passed=demo <= LONGEST_DEMO,
        ),
    ]


def _of_memory(memory: dict[str, float]) -> list[Figure]:
    limited = [
        Figure(what=f"{name}, idle", unit="MB", ours=memory[name], bar=f"≤ {most} MB", passed=memory[name] <= most)
        for name, most in MOST_MEMORY.items()
    ]
    others = [
        Figure(what=f"{name}, idle", unit="MB", ours=held) for name, held in memory.items() if name not in MOST_MEMORY
    ]
    return limited + others


class Running:
    """A `tenantry up`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def state(self) -> State | None:
        return State.read(self._home / "state.json")

    def database_url(self) -> str:
        lines = (self._home / "environment").read_text().splitlines()
        line = next(line for line in lines if line.startswith(f"export {DATABASE_URL}="))
        return line.partition("=")[2].strip("'")

    def memory(self) -> dict[str, float]:
        """Megabytes by process; PostgreSQL's children share most of theirs, and are not counted."""
        state = self.state
        processes = () if state is None else state.processes
        return {each.name: _resident(each.pid) for each in processes if each.pid is not None}


@asynccontextmanager
async def _up(home: Path, port: int, *options: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *TENANTRY,
        "up",
        *("--data-dir", str(home)),
        *("--port", str(port)),
        *options,
        cwd=ROOT,
        env=environment(),
        stdout=PIPE,
        stderr=STDOUT,
    )
    reading = asyncio.ensure_future(process.stdout.read() if process.stdout else asyncio.sleep(0))
    running = Running(home)

    async def look() -> bool:
        if process.returncode is not None:
            raise RuntimeError(f"`tenantry up` ended: {await reading!r}")
        state = running.state
        return state is not None and [each.name for each in state.processes][-1:] == ["console"]

    try:
        await eventually(look, bool, within=120)
        yield running
    finally:
        process.terminate()
        await process.wait()
        await reading


async def _until_rendered(browser: Browser, port: int) -> None:
    context = await browser.new_context(base_url=f"http://localhost:{port}")
    page = await context.new_page()
    await page.goto("/login")
    await page.wait_for_selector("input[name=password]")
    await context.close()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6
