"""What a presenter does to a demo. Every deed asks for the mark of the database first, in its own transaction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor, Permission, acting
from operations.actions.registration import Registration, slug_problem
from operations.actions.tenants import Tenants
from operations.database import Database
from operations.errors import AlreadyTaken, CannotBreak, InvalidInput, NotADemo
from operations.faults import IS_MARKED, LASTS, OF_PROCESSES, RUSHING, TITLES, Fault
from operations.temporal import Temporal

AT_ONCE = 8  #: registrations
EXCUSE = "Cleaning up the namespace."  #: of somebody who does not know what he ended
BEGINS = "It begins now, and ends by itself."
FIRST = (
    *("Acorn", "Agate", "Almond", "Apricot", "Badger", "Basalt", "Beryl", "Bison", "Canyon", "Cardinal"),
    *("Chestnut", "Citrus", "Comet", "Cricket", "Dahlia", "Dune", "Egret", "Elm", "Finch", "Flint"),
    *("Gale", "Ginger", "Glacier", "Heath", "Ibis", "Jasper", "Kelp", "Lark", "Lotus", "Mango"),
    *("Mistral", "Nectar", "Olive", "Opal", "Otter", "Pepper", "Plover", "Poppy", "Reed", "Robin"),
)
SECOND = ("Partners", "Collective", "Works", "Supply", "Trading", "Ventures", "Group", "Services")


@dataclass(frozen=True, kw_only=True, slots=True)
class Presenter:
    """Actions of somebody who shows the product."""

    database: Database
    temporal: Temporal
    tenants: Tenants

    async def order(self, actor: Actor, fault: Fault, *, slug: str | None = None) -> str:
        """Have it go wrong, and return what was done, in a sentence. `slug` is of the one tenant that is meant.

        Raises `NotADemo`, `NotPermitted`, `InvalidInput`, or `CannotBreak` when it goes on already.
        """
        if slug is not None and (problem := slug_problem(slug)):
            raise InvalidInput({"slug": problem})
        async with self._acting(actor) as connection:
            await _check_free(connection, fault, slug)
            run = await _run_to_end(connection, slug) if fault is Fault.TERMINATE_RUN else None
            rushes = await connection.scalar(EARLIER, {"fault": Fault.RUSH.value}) or 0
            id_ = uuid4()
            values = {"id": id_, "fault": fault.value, "slug": slug, "by": actor.name, "seconds": LASTS[fault]}
            await connection.execute(ORDER, values)
            target = audit.Target(kind="demo", id=str(id_), label=slug or fault.value)
            await audit.record(connection, actor, f"demo.{fault}", audit.Outcome.REQUESTED, target)
        match fault:
            case Fault.TERMINATE_RUN:
                if run is None:
                    raise LookupError(fault)
                return await self._terminate(run)
            case Fault.RUSH:
                return await self._rush(actor, rushes)
            case Fault.BREAK_STEP:
                return BEGINS
            case Fault.STOP_WORKER | Fault.FREEZE_TEMPORAL | Fault.STOP_POSTGRES | Fault.BAD_BUILD | Fault.RESET:
                return BEGINS
            case never:
                assert_never(never)

    async def end(self, actor: Actor, id_: UUID) -> None:
        """End a fault before its time; harmless when it is over."""
        async with self._acting(actor) as connection:
            await connection.execute(END, {"id": id_})
            target = audit.Target(kind="demo", id=str(id_), label="fault")
            await audit.record(connection, actor, "demo.end", audit.Outcome.APPLIED, target)

    async def _terminate(self, run: "Victim") -> str:
        """As anybody could who has a way to Temporal: no row of ours tells of it."""
        await self.temporal.terminate(run.workflow_id, run.run_id, reason=EXCUSE)
        return f"The run of {run.name} was terminated in Temporal. Nobody has told the database."

    async def _rush(self, actor: Actor, earlier: int) -> str:
        slots = asyncio.Semaphore(AT_ONCE)

        async def register(first: str) -> None:
            round_, kind = divmod(earlier, len(SECOND))
            name = f"{first} {SECOND[kind]}" + (f" {round_ + 1}" if round_ else "")
            slug = name.lower().replace(" ", "-")
            async with slots:
                with suppress(AlreadyTaken):  # somebody was quicker
                    await self.tenants.register(
                        actor, Registration(slug=slug, name=name, owner_email=f"hello@{slug}.example")
                    )

        await asyncio.gather(*(register(first) for first in FIRST[:RUSHING]))
        return f"{RUSHING} customers were registered."

    @asynccontextmanager
    async def _acting(self, actor: Actor) -> AsyncIterator[AsyncConnection]:
        async with acting(self.database, actor, Permission.PRESENT) as connection:
            if not await connection.scalar(MARKED):
                raise NotADemo
            yield connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Victim:
    """A run that somebody ends behind our back."""

    workflow_id: str
    run_id: str
    name: str


async def _check_free(connection: AsyncConnection, fault: Fault, slug: str | None) -> None:
    await connection.execute(LOCK)
    if await connection.scalar(GOES_ON, {"fault": fault.value, "slug": slug}):
        raise CannotBreak("This goes on already; it ends by itself. Nothing was changed.")
    if await connection.scalar(GOES_ON, {"fault": Fault.RESET.value, "slug": None}):
        raise CannotBreak("Everything begins anew just now. Nothing was changed.")
    of_processes = [each.value for each in OF_PROCESSES]
    if fault is Fault.RESET and (others := (await connection.execute(OTHERS, {"faults": of_processes})).all()):
        raise CannotBreak(" ".join(map(_goes_on, others)) + " Begin anew after that. Nothing was changed.")


def _goes_on(fault: Row[tuple[str, float]]) -> str:
    seconds = max(1, round(fault.left_))
    return f"“{TITLES[Fault(fault.fault)]}” goes on for another {'second' if seconds == 1 else f'{seconds} seconds'}."


async def _run_to_end(connection: AsyncConnection, slug: str | None) -> Victim:
    row = (await connection.execute(OPEN_RUN, {"slug": slug})).one_or_none()
    if row is None:
        of = "" if slug is None else f" of {slug}"
        raise CannotBreak(f"No run{of} is open; register a customer first. Nothing was changed.")
    return Victim(workflow_id=row.workflow_id, run_id=row.run_id, name=row.name)


MARKED = text(IS_MARKED)
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tenantry:demo', 0))")
GOES_ON = text(
    """
    SELECT EXISTS (
        SELECT FROM demo.faults WHERE fault = :fault AND slug IS NOT DISTINCT FROM CAST(:slug AS text)
        AND ended_at IS NULL AND ends_at > clock_timestamp())
    """
)
OTHERS = text(
    """
    SELECT fault, extract(epoch FROM ends_at - clock_timestamp())::float8 AS left_ FROM demo.faults
    WHERE fault = ANY(:faults) AND ended_at IS NULL AND ends_at > clock_timestamp() ORDER BY ends_at
    """
)
EARLIER = text("SELECT count(*) FROM demo.faults WHERE fault = :fault")
ORDER = text(
    """
    INSERT INTO demo.faults (id, fault, slug, ordered_by, ends_at)
    VALUES (:id, :fault, :slug, :by, clock_timestamp() + make_interval(secs => :seconds))
    """
)
END = text("UPDATE demo.faults SET ended_at = clock_timestamp() WHERE id = :id AND ended_at IS NULL")
# One that waits for a decision comes first: it would wait for long, and nobody would look.
OPEN_RUN = text(
    """
    SELECT e.workflow_id, e.run_id, t.name
    FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id
    WHERE e.status = 'running' AND e.run_id IS NOT NULL AND t.slug = coalesce(CAST(:slug AS text), t.slug)
    ORDER BY e.cause = 'awaiting_approval' DESC NULLS LAST, t.status = 'provisioning' DESC, e.started_at DESC LIMIT 1
    """
)
