"""Whether this installation is a demo, and what goes wrong in it on purpose."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import text

from operations.database import Database
from operations.errors import NotADemo
from operations.faults import IS_MARKED, Fault

MOST_SHOWN = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultView:
    """Something that a presenter ordered."""

    id: UUID
    fault: Fault
    slug: str | None
    ordered_by: str
    ordered_at: datetime
    begun_at: datetime | None  #: None while nobody has taken it up
    ends_at: datetime
    is_going_on: bool
    outcome: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A demo as it stands: when its three weeks ended, and its latest faults, newest first."""

    filled_at: datetime | None
    faults: tuple[FaultView, ...]

    def at(self, now: datetime) -> Self:
        """The same later, as far as the clock alone decides: what has come to its end does not go on."""
        faults = (replace(each, is_going_on=each.is_going_on and each.ends_at > now) for each in self.faults)
        return replace(self, faults=tuple(faults))


@dataclass(kw_only=True, slots=True)
class Stage:
    """Reads about a demo. `is_demo` is what `look` found last: pages are drawn by it, and nothing is done by it."""

    database: Database
    is_demo: bool = False

    async def look(self) -> bool:
        """Ask the database; raises `DatabaseUnavailable`."""
        async with self.database.reading() as connection:
            self.is_demo = bool(await connection.scalar(MARKED))
        return self.is_demo

    async def scene(self) -> Scene:
        """Raises `NotADemo`."""
        if not await self.look():
            raise NotADemo
        async with self.database.reading() as connection:
            filled_at = await connection.scalar(FILLED)
            rows = await connection.execute(FAULTS, {"most": MOST_SHOWN})
        faults = tuple(
            FaultView(
                id=row.id,
                fault=Fault(row.fault),
                slug=row.slug,
                ordered_by=row.ordered_by,
                ordered_at=row.ordered_at,
                begun_at=row.begun_at,
                ends_at=row.ends_at,
                is_going_on=row.is_going_on,
                outcome=row.outcome,
            )
            for row in rows
        )
        return Scene(filled_at=filled_at, faults=faults)


MARKED = text(IS_MARKED)
FILLED = text("SELECT max(at) FROM demo.filled")
FAULTS = text(
    """
    SELECT id, fault, slug, ordered_by, ordered_at, begun_at, ends_at, outcome,
           ended_at IS NULL AND ends_at > clock_timestamp() AS is_going_on
    FROM demo.faults ORDER BY ordered_at DESC LIMIT :most
    """
)
