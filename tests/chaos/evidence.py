"""What there is to judge a maltreated system by: its database, Temporal's word on every run, the outside's own record.

The verdict about a run is always Temporal's `describe`; its list, which lags, only names candidates.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import TypeAdapter

from operations import tenant_kinds
from operations.kinds import known
from operations.statuses import CloseReason, Status
from operations.temporal import Run, RunStatus, Temporal
from tests.chaos.ledger import Ledger

Rows = list[dict[str, object]]
DESCRIBES_AT_ONCE = 10
End = tuple[Status, CloseReason | None]
#: What a row says of a run that ended so.
ENDS: dict[RunStatus, frozenset[End]] = {
    RunStatus.COMPLETED: frozenset({(Status.COMPLETED, None)}),
    RunStatus.FAILED: frozenset({(Status.FAILED, CloseReason.ERROR), (Status.FAILED, CloseReason.REJECTED)}),
    RunStatus.CANCELED: frozenset({(Status.FAILED, CloseReason.CANCELED)}),
    RunStatus.TERMINATED: frozenset({(Status.FAILED, CloseReason.TERMINATED)}),
    RunStatus.TIMED_OUT: frozenset({(Status.FAILED, CloseReason.TIMED_OUT)}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An execution as the database has it."""

    id: UUID
    workflow_id: str
    workflow_type: str
    entity_id: UUID
    slug: str
    status: Status
    close_reason: CloseReason | None
    attempt: int
    retry_of: UUID | None
    run_id: str | None
    is_verified: bool
    start: str | None  #: state of its start command

    @property
    def end(self) -> End:
        return self.status, self.close_reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The database, Temporal's word on every run, and the outside's own record."""

    connection: AsyncConnection[dict[str, object]]
    temporal: Temporal
    ledger: Ledger
    rows: tuple[Row, ...]
    runs: dict[str, Run]  #: by workflow id

    @classmethod
    @asynccontextmanager
    async def gathered(cls, database_url: str, temporal: Temporal, ledger: Ledger) -> AsyncIterator[Self]:
        async with await AsyncConnection.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
            yield await cls.by_way_of(connection, temporal, ledger)

    @classmethod
    async def by_way_of(
        cls, connection: AsyncConnection[dict[str, object]], temporal: Temporal, ledger: Ledger
    ) -> Self:
        rows = tuple([_row(found) async for found in await connection.execute(EXECUTIONS)])
        listed = temporal.client.list_workflows(OURS)
        names = {row.workflow_id for row in rows} | {each.id async for each in listed}
        described = await _describe(temporal, sorted(names))
        return cls(connection=connection, temporal=temporal, ledger=ledger, rows=rows, runs=described)

    async def ask(self, question: str, *arguments: object) -> Rows:
        return await (await self.connection.execute(question.encode(), arguments or None)).fetchall()

    async def complain(self, question: str, words: str) -> list[str]:
        """One complaint per row that the question finds; it names its subject `what`."""
        return [f"{row['what']}: {words}" for row in await self.ask(question)]


OURS = f"WorkflowType IN ({', '.join(repr(kind.temporal_name) for kind in known())})"
EXECUTIONS = """
    SELECT e.id, e.workflow_id, e.workflow_type, e.entity_id, coalesce(t.slug, '') AS slug, e.status, e.close_reason,
           e.attempt, e.retry_of, e.run_id, e.verified_at IS NOT NULL AS is_verified,
           (SELECT state FROM commands c WHERE c.execution_id = e.id AND c.kind = 'start') AS start
    FROM workflow_executions e LEFT JOIN tenants t ON t.id = e.entity_id ORDER BY e.created_at
"""


def _row(found: dict[str, object]) -> Row:
    return TypeAdapter(Row).validate_python(found)


async def _describe(temporal: Temporal, names: list[str]) -> dict[str, Run]:
    slots = asyncio.Semaphore(DESCRIBES_AT_ONCE)

    async def describe(name: str) -> Run | None:
        async with slots:
            return await temporal.describe(name)

    found = await asyncio.gather(*map(describe, names))
    return {run.workflow_id: run for run in found if run is not None}


async def figures(evidence: Evidence) -> dict[str, object]:
    """How much there was to check."""
    ends = [f"{row.status} ({row.close_reason})" if row.close_reason else row.status.value for row in evidence.rows]
    removals = [end for row, end in zip(evidence.rows, ends, strict=True) if row.workflow_type == REMOVAL]
    return {
        "tenants": len({row.entity_id for row in evidence.rows}),
        "executions": counted(ends),
        "deprovisionings": counted(removals),
        "cancels": counted([str(row["what"]) for row in await evidence.ask(CANCELS)]),
        "decisions": counted([str(row["what"]) for row in await evidence.ask(DECISIONS)]),
        "rows of bulk operations": counted([str(row["what"]) for row in await evidence.ask(BULK_ROWS)]),
        "corrected by reconciliation": (await evidence.ask(CORRECTED))[0]["number"],
    }


def counted(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words))}


REMOVAL = tenant_kinds.DEPROVISIONING.stored_name
CANCELS = """
    SELECT e.workflow_type || ' ' || c.state || ', ' || e.status || coalesce(' (' || e.close_reason || ')', '') AS what
    FROM commands c JOIN workflow_executions e ON e.id = c.execution_id WHERE c.kind = 'cancel'
"""
DECISIONS = """
    SELECT a.decision || ' ' || coalesce(c.state, 'by the time limit') AS what
    FROM approvals a LEFT JOIN commands c ON c.execution_id = a.execution_id AND c.kind = 'decide'
"""
BULK_ROWS = """
    SELECT b.action || ' ' || r.state AS what FROM bulk_rows r JOIN bulk_operations b ON b.id = r.bulk_id
"""
CORRECTED = """
    SELECT count(*) AS number FROM execution_events
    WHERE actor = 'system:reconciliation' AND from_status IS DISTINCT FROM to_status
"""


def drifted(evidence: Evidence) -> dict[str, str]:
    """Rows that do not say what Temporal says, each with the reason: reconciliation has to heal them."""
    found = {}
    for row in evidence.rows:
        run = evidence.runs.get(row.workflow_id)
        if run is None:
            continue
        if run.status.is_open:
            if row.status.is_final:
                found[row.workflow_id] = f"the row is {row.status}, the run is open"
        elif not row.status.is_final:
            found[row.workflow_id] = f"the report of the run's end ({run.status}) was lost; the row is {row.status}"
        elif row.end not in ENDS.get(run.status, frozenset()):
            found[row.workflow_id] = f"the row is {row.status} ({row.close_reason}), the run ended as {run.status}"
    return found
