"""Every view concerns all that it shows: whatever table it reads, a change there is news to it."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import cast
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from sqlalchemy import event

from console.channels import View
from console.components.shell import Frame
from console.live import Hub
from console.pages import (
    approvals,
    attention,
    bulk,
    bulk_news,
    bulks,
    executions,
    finding_dialog,
    group_bulk,
    known_execution,
    open_findings,
    overview,
    pass_marks,
    reconciliation,
    tenant,
    tenant_history,
    tenant_trouble,
    tenants,
    triage_panel,
    trouble_filters,
)
from console.pages.scope import Scope
from operations.actions.triage import Group
from operations.bootstrap import Services
from operations.feed import Changed
from operations.queries.customer_histories import Happening
from operations.queries.execution_views import Sort
from operations.queries.workforce import WorkforceQueries
from operations.statuses import Status, TenantStatus
from tests.factories import add_execution, add_owner, add_start_command, add_tenant

AnyView = View[object, object]
RELATION = re.compile(r'"Relation Name": "(\w+)"')
#: Tables in which nothing changes by itself that a page shows.
QUIET = {
    "memberships": "nobody changes who owns a tenant after the registration",
    "pg_class": "what is left of a failed tenant is counted again whenever its run or the tenant changes",
    "pg_namespace": "as pg_class",
    "staff": "nobody changes the e-mail of an account",
    "diagnosis_state": "whoever ends the first round of all says so itself, and of later ones nothing is shown",
    "reconciliation_state": "the page looks at it every few seconds, as silence is no change either",
}
HISTORY = "execution_events"  #: written with the status of their execution, by a trigger
#: Of tenants, findings show the name, which nobody changes; their executions lead to it.
NAMED = {("findings", "tenants"), ("open findings", "tenants"), ("finding", "tenants")} | {
    ("findings", "workflow_executions"),
    ("open findings", "workflow_executions"),
    ("board", "tenants"),
    ("trouble", "tenants"),
    ("trouble", "triage"),  # it shows numbers alone
    ("trouble", "notes"),
    ("finding", "workflow_executions"),
    ("bulk operations", "tenants"),
    ("bulk operation", "tenants"),
    ("executions of a bulk operation", "tenants"),
    ("bulk operations that ended lately", "tenants"),
    ("bulk operation of a group", "tenants"),
}


@pytest.fixture
async def connection(services: Services) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connected:
        yield connected


@pytest.fixture
async def first(connection: AsyncConnection) -> UUID:
    """The first of two attempts for the only tenant, with a row in every table that views read."""
    tenant_id = await add_tenant(connection, slug="acme", status=TenantStatus.FAILED)
    await add_owner(connection, tenant_id)
    old = await add_execution(connection, status=Status.FAILED, entity_id=tenant_id)
    new = await add_execution(connection, status=Status.RUNNING, entity_id=tenant_id, attempt=2)
    for id_ in (old, new):
        await add_start_command(connection, id_)
        await connection.execute(
            "INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts)"
            " VALUES (%s, 1, 'load_tenant', 'completed', 1)",
            (id_,),
        )
        await connection.execute(
            "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '7 days')", (id_,)
        )
        await connection.execute(
            "INSERT INTO approvals (id, execution_id, decision, decided_by, reason)"
            " VALUES (gen_random_uuid(), %s, 'approved', 'test', 'fine')",
            (id_,),
        )
        await connection.execute("INSERT INTO triage (execution_id) VALUES (%s)", (id_,))
        await connection.execute(
            "INSERT INTO notes (tenant_id, execution_id, author, body) VALUES (%s, %s, 'test', 'seen')",
            (tenant_id, id_),
        )
    await connection.execute(
        "WITH said AS (INSERT INTO triage (cause) VALUES ('no_worker') RETURNING id)"
        " INSERT INTO notes (triage_id, author, body) SELECT id, 'test', 'seen' FROM said"
    )
    await connection.execute("INSERT INTO notes (tenant_id, author, body) VALUES (%s, 'test', 'rang')", (tenant_id,))
    among = uuid4()
    await connection.execute(
        "INSERT INTO bulk_operations (id, action, requested_by, reason, selection, total)"
        " VALUES (%s, 'retry', 'test', 'mended', '{}', 1)",
        (among,),
    )
    await connection.execute("INSERT INTO bulk_rows (bulk_id, ordinal, execution_id) VALUES (%s, 1, %s)", (among, old))
    passed = uuid4()
    await connection.execute(
        "INSERT INTO reconciliation_passes (id, trigger, requested_by, started_at, finished_at, outcome)"
        " VALUES (%s, 'operator', 'test', now(), now(), 'completed')",
        (passed,),
    )
    await connection.execute(
        "INSERT INTO reconciliation_findings (id, pass_id, kind, workflow_id, tenant_id, execution_id)"
        " VALUES (gen_random_uuid(), %s, 'tenant_not_active', 'tenant-provision-acme', %s, %s)",
        (passed, tenant_id, old),
    )
    return old


@pytest.fixture
async def views(services: Services, connection: AsyncConnection, first: UUID) -> dict[str, AnyView]:
    scope = Scope(
        services=services,
        hub=cast(Hub, None),
        frame=cast(Frame, None),
        workforce=cast(WorkforceQueries, None),
        temporal_ui_url=None,
    )
    acme = await services.reads.tenants.by_slug("acme")
    finding = await (await connection.execute("SELECT id FROM reconciliation_findings")).fetchone()
    assert finding is not None
    (many,) = (await services.reads.bulks.list()).items
    found = {
        "execution": known_execution.view(scope, first),
        "executions": executions.view(scope, {}),
        "executions of an owner": executions.view(scope, {"q": "ada@acme.example"}),
        "execution counts": executions.counts_view(scope),
        "attention": attention.view(scope),
        "bulk operations": bulks.PAGE.view(scope, {}),
        "bulk operation": bulk.view(scope, many.id),
        "executions of a bulk operation": bulk.rows_view(scope, many.id, {}),
        "bulk operations that ended lately": bulk_news.view(scope),
        "bulk operation of a group": group_bulk.view(scope, Group(cause="no_worker", signature=None)),
        "approvals": approvals.PAGE.view(scope, {}),
        "board": overview.board_view(scope),
        "trouble": trouble_filters.view(scope),
        "overview": overview.rows_view(scope, overview.FAILURES, Sort.NEWEST),
        "waits": overview.rows_view(scope, overview.WAITS, Sort.ATTENTION),
        "throughput": overview.throughput(scope),
        "tenant": tenant.view(scope, "acme", acme.id),
        "runs of a tenant": tenant.runs(scope, acme),
        "history of a tenant": tenant_history.view(scope, acme.id, frozenset(Happening)),
        "trouble of a tenant": tenant_trouble.view(scope, acme.id),
        "triage of an execution": triage_panel.view(scope, first),
        "triage of a group": triage_panel.view(scope, Group(cause="no_worker", signature=None)),
        "tenants": tenants.PAGE.view(scope, {}),
        "tenants of an owner": tenants.PAGE.view(scope, {"q": "ada@acme.example"}),
        "reconciler": reconciliation.state_view(scope),
        "passes": pass_marks.view(scope),
        "findings": reconciliation.findings_view(scope, {}),
        "open findings": open_findings.view(scope),
        "finding": finding_dialog.view(scope, finding[0]),
    }
    return cast(dict[str, AnyView], found)


NAMES = [
    "execution",
    "executions",
    "executions of an owner",
    "execution counts",
    "attention",
    "bulk operations",
    "bulk operation",
    "executions of a bulk operation",
    "bulk operations that ended lately",
    "bulk operation of a group",
    "approvals",
    "board",
    "trouble",
    "overview",
    "waits",
    "throughput",
    "tenant",
    "runs of a tenant",
    "history of a tenant",
    "trouble of a tenant",
    "triage of an execution",
    "triage of a group",
    "tenants",
    "tenants of an owner",
    "reconciler",
    "passes",
    "findings",
    "open findings",
    "finding",
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_change_of_each_table_that_a_view_reads_concerns_it(
    services: Services, connection: AsyncConnection, views: dict[str, AnyView], name: str
) -> None:
    view = views[name]
    tables = await tables_read(services, connection, view)

    deaf = []
    for table in sorted(tables - set(QUIET)):
        if table.startswith(HISTORY) or (name, table) in NAMED:
            continue
        await connection.execute("DELETE FROM changes")
        column = await first_column(connection, table)
        await connection.execute(f"UPDATE {table} SET {column} = {column}".encode())
        if not view.concerns(await news(connection)):
            deaf.append(table)

    assert tables
    assert deaf == []


@pytest.mark.parametrize("name", ["board", "trouble"])
async def test_the_first_round_of_the_watcher_concerns_whoever_shows_trouble(
    services: Services, connection: AsyncConnection, views: dict[str, AnyView], name: str
) -> None:
    await connection.execute("UPDATE diagnosis_state SET finished_at = NULL")
    await connection.execute("DELETE FROM changes")

    await services.lookout.watcher.tend()

    assert views[name].concerns(await news(connection))


async def test_a_new_attempt_concerns_whoever_looks_at_the_one_before(
    connection: AsyncConnection, views: dict[str, AnyView]
) -> None:
    shown = [views["execution"], views["tenant"], views["runs of a tenant"]]
    for view in shown:
        await view.load()
    tenant_id = await (await connection.execute("SELECT id FROM tenants")).fetchone()
    assert tenant_id is not None
    await connection.execute(
        "UPDATE workflow_executions SET status = 'completed', completed_at = clock_timestamp() WHERE attempt = 2"
    )
    await connection.execute("DELETE FROM changes")

    await add_execution(connection, entity_id=tenant_id[0], attempt=3)

    told = await news(connection)
    assert [view.concerns(told) for view in shown] == [True, True, True]


async def news(connection: AsyncConnection) -> Changed:
    rows = await (await connection.execute("SELECT kind, id FROM changes")).fetchall()
    return Changed(things=frozenset((row[0], row[1]) for row in rows))


async def first_column(connection: AsyncConnection, table: str) -> str:
    row = await (
        await connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum LIMIT 1",
            (table,),
        )
    ).fetchone()
    assert row is not None
    return str(row[0])


async def tables_read(services: Services, connection: AsyncConnection, view: AnyView) -> set[str]:
    """By the plans of the statements that it sends; whatever else reads at the same time would be told of, too."""
    sent: list[tuple[str, Mapping[str, object]]] = []

    def note(_: object, __: object, statement: str, parameters: Mapping[str, object], *rest: object) -> None:
        sent.append((statement, parameters))

    engine = services.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await view.load()
    event.remove(engine, "before_cursor_execute", note)
    found: set[str] = set()
    for statement, parameters in sent:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            plan = await connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), parameters)
            found |= set(RELATION.findall(json.dumps(await plan.fetchone())))
    return found
