"""One trial: a running system, load, faults by a seed, and the verdict once it has come to rest."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos import bulks, faults, invariants
from tests.chaos import evidence as facts
from tests.chaos.evidence import Evidence
from tests.chaos.load import Load
from tests.chaos.system import System, running_system

QUIET_WITHIN = 60.0  # seconds after the last fault
RECONCILED_WITHIN = 120.0  # seconds after that: the lease of a pass whose process was killed may have to run out
LONGEST_PAUSE = 1.5  # seconds between two faults
LOOK = 0.5  # seconds


@dataclass(kw_only=True, slots=True)
class Verdict:
    """What a trial found. `left_to_reconciliation` names rows that had drifted when all else was quiet, and why."""

    seed: int
    faults: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    left_to_reconciliation: dict[str, str] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)


async def run(seed: int, number: int, say: Callable[[str], None]) -> Verdict:
    """Cause `number` faults; a trial that finds a violation keeps its databases and logs, and says where."""
    directory = _directory(seed)
    verdict = Verdict(seed=seed)
    try:
        async with running_system(directory) as system:
            await _try(system, Random(seed), number, verdict, say)
    except BaseException:
        say(f"kept: {directory}")
        raise
    if verdict.violations:
        say(f"kept: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return verdict


def _directory(seed: int) -> Path:
    """A new one, which a server running as another user can reach."""
    directory = Path(tempfile.mkdtemp(prefix=f"tenantry-chaos-{seed}-"))
    directory.chmod(0o711)
    return directory


async def _try(system: System, chance: Random, number: int, verdict: Verdict, say: Callable[[str], None]) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    stop = asyncio.Event()
    load = Load(system=system, chance=Random(chance.random()), stop=stop)
    async with asyncio.TaskGroup() as group:
        journeys = group.create_task(load.run())
        for count in range(1, number + 1):
            await asyncio.sleep(chance.uniform(0.2, LONGEST_PAUSE))
            fault = faults.choose(system, chance)
            verdict.faults.append(f"{clock() - began:7.1f} s  {fault.words}")
            say(f"{count:4}  {verdict.faults[-1]}")
            await fault.happen()
            await system.begin_again()
        stop.set()
        await _come_to_rest(system, load, verdict)
        journeys.cancel()
    async with Evidence.gathered(system.database_url, system.temporal, load.ledger) as evidence:
        verdict.violations += await invariants.violations(evidence)
        verdict.figures |= await facts.figures(evidence)
    verdict.violations += [f"{name} ended by itself" for name in system.ended_by_themselves]
    verdict.violations += [f"unexpected answer: {each}" for each in load.ledger.unexpected]
    verdict.figures |= {
        "faults": number,
        "seconds": round(clock() - began),
        "acknowledged actions": load.ledger.acknowledged,
        "steps tried and runs replaced": facts.counted([kind.value for kind, _ in load.ledger.helped]),
        "bulk operations": len(load.ledger.begun),
        "bulk operations moved": facts.counted([move for move, _ in load.ledger.moved]),
        "cleaned up": len(load.ledger.cleaned),
        "requests repeated": load.ledger.repeats,
        "requests refused": len(load.ledger.refused),
    }


async def _come_to_rest(system: System, load: Load, verdict: Verdict) -> None:
    """Wait for quiet, then for reconciliation; what is late for either is a violation."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while moving := await _moving(system, load):
        if clock() - began > QUIET_WITHIN:
            verdict.violations += [f"not quiet within {QUIET_WITHIN:g} s: {each}" for each in moving]
            break
        await system.begin_again()
        await asyncio.sleep(LOOK)
    verdict.figures["quiet after seconds"] = round(clock() - began, 1)
    verdict.left_to_reconciliation = drift = await _drifted(system, load)
    while drift:
        if clock() - began > QUIET_WITHIN + RECONCILED_WITHIN:
            verdict.violations += [f"not reconciled: {name}: {why}" for name, why in drift.items()]
            break
        await asyncio.sleep(LOOK)
        drift = await _drifted(system, load)
    verdict.figures["reconciled after seconds"] = round(clock() - began, 1)


async def _moving(system: System, load: Load) -> list[str]:
    """What has not come to rest; a customer whose row waits for reconciliation does not count."""
    async with Evidence.gathered(system.database_url, system.temporal, load.ledger) as evidence:
        open_runs = [f"{run.workflow_id} runs" for run in evidence.runs.values() if run.status.is_open]
        queued = await invariants.the_outbox_is_empty(evidence)
        queued += await bulks.every_bulk_operation_has_come_to_its_end(evidence)
        at_rest = {row.id for row in evidence.rows if row.workflow_id in facts.drifted(evidence)}
    acting = ["somebody does something"] if load.acting else []
    return open_runs + queued + acting + [f"the customer of {each} waits" for each in load.awaited - at_rest]


async def _drifted(system: System, load: Load) -> dict[str, str]:
    async with Evidence.gathered(system.database_url, system.temporal, load.ledger) as evidence:
        return facts.drifted(evidence)
