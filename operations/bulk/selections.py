"""How executions are chosen for a bulk operation, and which they are. What is chosen is fixed once, in the preview."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy import text

from operations.database import Database
from operations.errors import InvalidInput
from operations.queries import search
from operations.queries.execution_views import ExecutionFilter
from operations.queries.executions import ExecutionQueries

MOST = 10_000  #: executions in one operation


@dataclass(frozen=True, kw_only=True, slots=True)
class ByIds:
    """One by one."""

    ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ByFilter:
    """All that a list shows with this filter."""

    filter: ExecutionFilter


@dataclass(frozen=True, kw_only=True, slots=True)
class ByGroup:
    """Open executions in trouble for one cause and by one error."""

    cause: str
    signature: str | None


Selection = ByIds | ByFilter | ByGroup


@dataclass(frozen=True, kw_only=True, slots=True)
class Chooser:
    """Looks up which executions a selection is."""

    database: Database
    executions: ExecutionQueries

    async def ids(self, selection: Selection) -> tuple[UUID, ...]:
        """Each once. Raises `InvalidInput` for what narrows nothing, which is never meant, and for too many."""
        match selection:
            case ByIds():
                found: Sequence[UUID] = tuple(dict.fromkeys(selection.ids))
                if not found:
                    raise InvalidInput({"ids": "Name at least one execution; no ids are not all of them."})
            case ByFilter():
                if not narrows(selection.filter):
                    raise InvalidInput({"filter": "Narrow the filter down; an empty one is not all executions."})
                found = await self.executions.ids(_usable(selection.filter), limit=MOST + 1)
            case ByGroup():
                async with self.database.reading() as connection:
                    values = {"cause": selection.cause, "signature": selection.signature, "most": MOST + 1}
                    found = (await connection.scalars(GROUP, values)).all()
            case _:
                assert_never(selection)
        if len(found) > MOST:
            raise InvalidInput({"filter": f"These are more than {MOST:,} executions; narrow them down."})
        return tuple(found)

    async def count(self, wanted: ExecutionFilter) -> int:
        """How many executions this filter chooses; more than `MOST` are one more."""
        return len(await self.executions.ids(_usable(wanted), limit=MOST + 1))


def narrows(wanted: ExecutionFilter) -> bool:
    """Whether it asks for anything: what does not is never meant, and chooses nothing.

    Nor does one that leaves out only what a newer attempt superseded: that is all there is to act on.
    """
    return _usable(wanted) not in (ExecutionFilter(), ExecutionFilter().narrowed(superseded=False))


def _usable(wanted: ExecutionFilter) -> ExecutionFilter:
    return replace(wanted, search=search.usable(wanted.search))


# The members of a group as `operations.queries.groups` counts them; the one for which it lasts longest comes first.
GROUP = text(
    """
    SELECT id FROM workflow_executions
    WHERE status IN ('pending', 'running') AND health <> 'ok' AND coalesce(cause, 'unknown') = :cause
      AND signature IS NOT DISTINCT FROM CAST(:signature AS text)
    ORDER BY coalesce(health_since, last_progress_at), id LIMIT :most
    """
)


def described(selection: Selection) -> dict[str, object]:
    """As it is kept, for people: the ids themselves stand in the rows."""
    match selection:
        case ByIds():
            return {"by": "ids"}
        case ByGroup():
            return {"by": "group", "cause": selection.cause, "signature": selection.signature}
        case ByFilter():
            wanted = {each.name: getattr(selection.filter, each.name) for each in fields(selection.filter)}
            return {"by": "filter", **{name: _plain(value) for name, value in wanted.items() if value}}
        case _:
            assert_never(selection)


def _plain(value: object) -> object:
    match value:
        case frozenset():
            return sorted(str(each) for each in value)
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
