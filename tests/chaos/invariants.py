"""What must be true once a maltreated system has come to rest, and who would notice if it were not.

The verdict about a run is always Temporal's `describe`; its list, which lags, only names candidates.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import TypeAdapter

from operations import contracts
from operations.statuses import CloseReason, Status, TenantStatus
from operations.temporal import Run, RunStatus, Temporal
from tests.chaos.load import Ledger

Rows = list[dict[str, object]]
DESCRIBES_AT_ONCE = 10
TABLES = ["accounts", "documents", "projects", "schema_migrations", "settings"]
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


OURS = f"WorkflowType IN ({', '.join(repr(kind.temporal_name) for kind in contracts.KINDS)})"
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


async def no_registration_is_lost(evidence: Evidence) -> list[str]:
    first = {row.id: row for row in evidence.rows if row.attempt == 1}
    return [
        f"{slug}: acknowledged, and not there"
        for slug, id_ in evidence.ledger.registered.items()
        if id_ not in first or first[id_].slug != slug
    ]


async def a_registration_is_all_or_nothing(evidence: Evidence) -> list[str]:
    complaints = await evidence.complain(INCOMPLETE, "the registration is not whole")
    return [line for line in complaints if line.split(":")[0] not in evidence.ledger.without_owner]


INCOMPLETE = """
    SELECT t.slug AS what FROM tenants t
    WHERE (SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = t.id) <> 1
       OR (SELECT count(*) FROM workflow_executions e WHERE e.entity_id = t.id AND e.attempt = 1) <> 1
       OR (SELECT count(*) FROM audit_log a WHERE a.action = 'tenant.register' AND a.target_id = t.id::text) <> 1
    UNION ALL
    SELECT e.workflow_id FROM workflow_executions e
    WHERE (SELECT count(*) FROM commands c WHERE c.execution_id = e.id AND c.kind = 'start') <> 1
"""


async def no_run_is_a_ghost(evidence: Evidence) -> list[str]:
    """Every run of ours in Temporal has its row, and carries its id."""
    ids = {row.workflow_id: str(row.id) for row in evidence.rows}
    return [
        f"{name}: the run carries {run.execution_id}, its row is {ids.get(name)}"
        for name, run in evidence.runs.items()
        if ids.get(name) != run.execution_id
    ]


async def no_row_lacks_its_run(evidence: Evidence) -> list[str]:
    """Unless the start was withdrawn before it was delivered."""
    return [
        f"{row.workflow_id}: {row.status}, its start is {row.start}, and Temporal does not know it"
        for row in evidence.rows
        if row.workflow_id not in evidence.runs and not (row.start == "failed" and row.status is Status.FAILED)
    ]


async def one_run_at_most_is_open_for_a_tenant(evidence: Evidence) -> list[str]:
    open_ = [
        (row.slug, row.workflow_type)
        for row in evidence.rows
        if (run := evidence.runs.get(row.workflow_id)) is not None and run.status.is_open
    ]
    complaints = [f"{slug}: several open runs of {kind}" for slug, kind in set(open_) if open_.count((slug, kind)) > 1]
    return complaints + await evidence.complain(SEVERAL_OPEN, "several open executions")


SEVERAL_OPEN = """
    SELECT entity_id AS what FROM workflow_executions WHERE status IN ('pending', 'running')
    GROUP BY entity_id, workflow_type HAVING count(*) > 1
"""


async def a_workflow_id_has_one_run(evidence: Evidence) -> list[str]:
    seen: dict[str, set[str]] = {name: {run.run_id} for name, run in evidence.runs.items()}
    async for listed in evidence.temporal.client.list_workflows(OURS):
        seen.setdefault(listed.id, set()).add(listed.run_id)
    for row in evidence.rows:
        if row.run_id:
            seen.setdefault(row.workflow_id, set()).add(row.run_id)
    return [f"{name}: several runs {sorted(runs)}" for name, runs in seen.items() if len(runs) > 1]


async def a_final_status_is_never_left(evidence: Evidence) -> list[str]:
    """Reconciliation alone may correct one, by what Temporal says."""
    return await evidence.complain(LEFT, "left a final status")


LEFT = """
    SELECT e.workflow_id || ' by ' || h.actor AS what
    FROM execution_events h JOIN workflow_executions e ON e.id = h.execution_id
    WHERE h.from_status IN ('completed', 'failed') AND h.actor <> 'system:reconciliation'
"""


async def attempts_grow_by_one(evidence: Evidence) -> list[str]:
    complaints = await evidence.complain(GAPS, "attempts do not count 1, 2, 3")
    known = {row.id: row for row in evidence.rows}
    for row in evidence.rows:
        before = known.get(row.retry_of) if row.retry_of else None
        if row.workflow_type != contracts.PROVISIONING.stored_name or (row.attempt == 1 and before is None):
            continue
        if before is None or before.entity_id != row.entity_id or before.attempt != row.attempt - 1:
            complaints.append(f"{row.workflow_id}: attempt {row.attempt} is not a retry of the one before")
    return complaints


GAPS = """
    SELECT entity_id AS what FROM workflow_executions GROUP BY entity_id, workflow_type
    HAVING max(attempt) <> count(*) OR count(DISTINCT attempt) <> count(*)
"""


async def what_completed_is_there_once(evidence: Evidence) -> list[str]:
    complaints = []
    for row in evidence.rows:
        if row.status is not Status.COMPLETED or row.workflow_type != contracts.PROVISIONING.stored_name:
            continue
        tenant = (await evidence.ask("SELECT * FROM tenants WHERE id = %s", row.entity_id))[0]
        schema = str(tenant["schema_name"])
        if TenantStatus(str(tenant["status"])).leaves:
            continue
        if tenant["status"] != "active" or tenant["activated_at"] is None:
            complaints.append(f"{row.slug}: completed, and the tenant is {tenant['status']}")
        if (tables := await _tables(evidence, schema)) != TABLES:
            complaints.append(f"{row.slug}: completed with the tables {tables}")
            continue
        numbers = (await evidence.ask(CONTENTS.format(schema=schema)))[0]
        if numbers != {"owners": 1, "projects": 1, "settings": 4, "migrations": 3}:
            complaints.append(f"{row.slug}: completed with {numbers}")
    return complaints


CONTENTS = """
    SELECT (SELECT count(*) FROM {schema}.accounts WHERE role = 'owner') AS owners,
           (SELECT count(*) FROM {schema}.projects) AS projects,
           (SELECT count(*) FROM {schema}.settings) AS settings,
           (SELECT count(*) FROM {schema}.schema_migrations) AS migrations
"""


async def _tables(evidence: Evidence, schema: str) -> list[object]:
    found = await evidence.ask("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", schema)
    return [row["tablename"] for row in found]


async def a_tenants_status_and_its_schema_agree(evidence: Evidence) -> list[str]:
    """What is being dropped may be there or not; nobody is active without a schema, or deleted with one."""
    return await evidence.complain(DISAGREE, "status and schema do not agree")


DISAGREE = """
    SELECT t.slug || ' (' || t.status || ')' AS what
    FROM tenants t LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
    WHERE CASE WHEN coalesce(t.former_status, t.status) = 'active' AND t.status <> 'dropping' THEN n.oid IS NULL
               WHEN t.status = 'deleted' THEN n.oid IS NOT NULL END
"""


async def no_step_runs_in_a_run_that_completed(evidence: Evidence) -> list[str]:
    return await evidence.complain(RUNNING_STILL, "shown as running in a run that completed")


RUNNING_STILL = """
    SELECT e.workflow_id || ' ' || s.name AS what
    FROM execution_steps s JOIN workflow_executions e ON e.id = s.execution_id
    WHERE e.status = 'completed' AND s.status IN ('running', 'retrying')
"""


async def what_failed_is_taken_back(evidence: Evidence) -> list[str]:
    """Unless it was terminated: then nothing is taken back, and a tenant that was switched on just before stays on."""
    complaints = []
    by_tenant: dict[str, list[Row]] = {}
    for row in evidence.rows:
        by_tenant.setdefault(row.slug, []).append(row)
    for slug, rows in by_tenant.items():
        if any(row.status is not Status.FAILED or row.close_reason is CloseReason.TERMINATED for row in rows):
            continue
        tenant = (await evidence.ask("SELECT status, schema_name FROM tenants WHERE slug = %s", slug))[0]
        if tenant["status"] != "failed":
            complaints.append(f"{slug}: every attempt failed, and the tenant is {tenant['status']}")
        if await evidence.ask(SCHEMA, tenant["schema_name"]):
            complaints.append(f"{slug}: every attempt failed, and the schema is there")
    return complaints


SCHEMA = "SELECT nspname FROM pg_namespace WHERE nspname = %s"


async def every_acknowledged_action_is_in_the_audit_log_once(evidence: Evidence) -> list[str]:
    wanted = [(f"execution.{kind}", id_) for id_, kinds in evidence.ledger.ended.items() for kind in kinds]
    wanted += [("execution.retry", old) for old in evidence.ledger.retried]
    wanted += [
        (f"execution.{'approve' if decision == 'approved' else 'reject'}", id_)
        for id_, decision in evidence.ledger.decided.items()
    ]
    complaints = []
    for action, id_ in wanted:
        found = await evidence.ask(ENTRIES, action, str(id_))
        commands = await evidence.ask(COMMANDS, id_, action.removeprefix("execution."))
        expected = max(1, len(commands))  # a repeat whose first one was settled meanwhile is an action of its own
        if len(found) != expected:
            complaints.append(f"{action} of {id_}: {len(found)} entries, {expected} expected")
    return complaints + await evidence.complain(SETTLED, "settled, but not exactly once in the audit log")


ENTRIES = "SELECT seq FROM audit_log WHERE action = %s AND target_id = %s"
COMMANDS = "SELECT id FROM commands WHERE execution_id = %s AND kind = %s"
SETTLED = """
    SELECT c.kind || ' of ' || c.execution_id AS what FROM commands c
    WHERE c.state IN ('delivered', 'failed')
      AND (SELECT count(*) FROM audit_log a WHERE a.after ->> 'command' = c.id::text)
          <> CASE WHEN c.kind = 'start' AND c.error LIKE 'Withdrawn by %' THEN 0 ELSE 1 END
"""


async def a_decision_stands_once_and_is_followed(evidence: Evidence) -> list[str]:
    complaints = []
    rows = {row.id: row for row in evidence.rows}
    for id_, decision in evidence.ledger.decided.items():
        found = [row["decision"] for row in await evidence.ask(DECISION, id_)]
        if found != [decision]:
            complaints.append(f"{id_}: acknowledged as {decision}, stands as {found}")
        rejected = rows[id_].close_reason is CloseReason.REJECTED
        if decision == "approved" and rejected:
            complaints.append(f"{rows[id_].workflow_id}: approved, and ended as rejected")
        if decision == "rejected" and rows[id_].status is Status.COMPLETED:
            complaints.append(f"{rows[id_].workflow_id}: rejected, and completed")
    return complaints


DECISION = "SELECT decision FROM approvals WHERE execution_id = %s"


async def the_outbox_is_empty(evidence: Evidence) -> list[str]:
    return await evidence.complain(QUEUED, "still queued")


QUEUED = (
    "SELECT kind || ' of ' || execution_id || coalesce(': ' || error, '') AS what FROM commands WHERE state = 'queued'"
)


async def times_go_forward(evidence: Evidence) -> list[str]:
    return await evidence.complain(BACKWARD, "a time goes backward")


BACKWARD = """
    SELECT workflow_id AS what FROM workflow_executions
    WHERE started_at < created_at OR completed_at < started_at OR completed_at < created_at
    UNION ALL
    SELECT e.workflow_id || ' event ' || h.seq FROM (
        SELECT execution_id, seq, at, lag(at) OVER (PARTITION BY execution_id ORDER BY seq) AS before
        FROM execution_events
    ) h JOIN workflow_executions e ON e.id = h.execution_id WHERE h.at < h.before
    UNION ALL
    SELECT execution_id::text FROM execution_steps WHERE completed_at < started_at
"""

Check = Callable[[Evidence], Awaitable[list[str]]]
CHECKS: tuple[Check, ...] = (
    no_registration_is_lost,
    a_registration_is_all_or_nothing,
    no_run_is_a_ghost,
    no_row_lacks_its_run,
    one_run_at_most_is_open_for_a_tenant,
    a_workflow_id_has_one_run,
    a_final_status_is_never_left,
    attempts_grow_by_one,
    what_completed_is_there_once,
    a_tenants_status_and_its_schema_agree,
    no_step_runs_in_a_run_that_completed,
    what_failed_is_taken_back,
    every_acknowledged_action_is_in_the_audit_log_once,
    a_decision_stands_once_and_is_followed,
    the_outbox_is_empty,
    times_go_forward,
)


async def violations(evidence: Evidence) -> list[str]:
    return [f"{check.__name__}: {complaint}" for check in CHECKS for complaint in await check(evidence)]


async def figures(evidence: Evidence) -> dict[str, object]:
    """How much there was to check."""
    ends = [f"{row.status} ({row.close_reason})" if row.close_reason else row.status.value for row in evidence.rows]
    return {
        "tenants": len({row.entity_id for row in evidence.rows}),
        "executions": {end: ends.count(end) for end in sorted(set(ends))},
        "corrected by reconciliation": (await evidence.ask(CORRECTED))[0]["number"],
    }


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
