"""What can be done to a running system, one thing at a time, chosen by a seeded chance."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.proxy import COMMIT, Way
from tests.chaos.system import System, begin
from workbench.processes import Part

BROKEN_WAYS = [way for way in Way if way is not Way.PASS]
LONGEST_FREEZE = 5.0  # seconds
HEARTBEAT_LOST = 12.0  # seconds: longer than a step's heartbeat may be silent
LONGEST_CUT = 4.0  # seconds
BESIDE = 3.0  # seconds for which workers of two deploys run beside each other


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that goes wrong, in words, and how it does and is mended."""

    words: str
    happen: Callable[[], Awaitable[None]]


def choose(system: System, chance: Random) -> Fault:
    """All that chance decides is decided here, so that a seed names a sequence of faults."""
    kinds = {_kill: 32, _freeze: 18, _break_way: 28, _lose_commit: 7, _deploy: 3, _roll: 8, _two_at_once: 12}
    kind = chance.choices(list(kinds), weights=list(kinds.values()))[0]
    return kind(system, chance)


def _kill(system: System, chance: Random) -> Fault:
    name, part = _part(system, chance)
    down = chance.uniform(0, 2)

    async def happen() -> None:
        await part.kill()
        await asyncio.sleep(down)
        await begin(part)

    return Fault(words=f"kill {name}, begin it again after {down:.1f} s", happen=happen)


def _freeze(system: System, chance: Random) -> Fault:
    name, part = _part(system, chance)
    frozen = HEARTBEAT_LOST if name == "worker" and chance.random() < 0.2 else chance.uniform(0.5, LONGEST_FREEZE)

    async def happen() -> None:
        await part.freeze()
        await asyncio.sleep(frozen)
        await part.thaw()

    return Fault(words=f"freeze {name} for {frozen:.1f} s", happen=happen)


def _break_way(system: System, chance: Random) -> Fault:
    name = chance.choice(sorted(system.ways))
    way = chance.choice([*BROKEN_WAYS, Way.LOSE_REPLIES, Way.LOSE_REPLIES])
    broken = chance.uniform(0.3, LONGEST_CUT)

    async def happen() -> None:
        await system.ways[name].take(way)
        await asyncio.sleep(broken)
        await system.ways[name].take(Way.PASS)

    return Fault(words=f"{way.replace('_', ' ')} from {name} for {broken:.1f} s", happen=happen)


def _lose_commit(system: System, chance: Random) -> Fault:
    name = chance.choice([name for name in sorted(system.ways) if name.endswith("PostgreSQL")])
    number = chance.randint(1, 5)

    async def happen() -> None:
        for _ in range(number):
            system.ways[name].lose_reply_to(COMMIT)
            await asyncio.sleep(0.3)

    return Fault(words=f"lose the answers to {number} commits from {name}", happen=happen)


def _deploy(system: System, _: Random) -> Fault:
    async def happen() -> None:
        await system.worker.end()
        await begin(system.worker)

    return Fault(words="ask the worker to end, and begin another", happen=happen)


def _roll(system: System, _: Random) -> Fault:
    """Two workers are replaced one after the other, and runs go from hand to hand."""

    async def happen() -> None:
        await begin(system.beside)
        try:
            await asyncio.sleep(BESIDE)
            await system.worker.end()
            await begin(system.worker)
            await asyncio.sleep(BESIDE)
        finally:
            await system.beside.end()

    return Fault(words="begin a worker beside the other, replace that one, and end the first", happen=happen)


def _two_at_once(system: System, chance: Random) -> Fault:
    """A process and a way: the one makes the other's trouble harder to see."""
    process = chance.choice([_kill, _freeze])(system, chance)
    way = _break_way(system, chance)

    async def happen() -> None:
        await asyncio.gather(process.happen(), way.happen())

    return Fault(words=f"{process.words}; meanwhile {way.words}", happen=happen)


def _part(system: System, chance: Random) -> tuple[str, Part]:
    """The worker most often: it is what runs are made of."""
    names = ["PostgreSQL", "Temporal", "console", "worker", "worker"]
    name = chance.choice(names)
    return name, system.parts[name]
