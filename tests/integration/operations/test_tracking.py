"""The one writer of statuses: late and repeated writes change nothing, a final status stays, the tenant follows."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations import tracking
from operations.database import Database, driver_of
from operations.error_texts import LONGEST_ERROR, clean
from operations.statuses import FOLLOWERS, CloseReason, Status, TenantStatus
from operations.transitions import Transition
from tests.factories import add_execution, add_tenant

HOSTILE = [
    "a\x00b",
    "\x00",
    "half a pair: \ud83d!",
    "x" * 10_000,
    "\u202edrowssap\u202c",
    "<script>alert(1)</script>",
    "'; DROP TABLE workflow_executions; --",
    "$1 %s %(a)s {x} :name",
    "line\nline\r\nline",
    "💥" * 5_000,
    "",
]


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


async def moved(database: Database, transition: Transition) -> bool:
    async with database.transaction() as connection:
        return await tracking.move(connection, transition)


def transition(execution: UUID, to: Status, *, error: str | None = None, at: datetime | None = None) -> Transition:
    return Transition(
        execution_id=execution,
        to=to,
        actor="test",
        run_id="run-1",
        close_reason=CloseReason.ERROR if to is Status.FAILED else None,
        error=error,
        at=at,
    )


async def row_of(connection: AsyncConnection, execution: UUID) -> dict[str, object]:
    found = await connection.execute("SELECT row_to_json(e) FROM workflow_executions e WHERE id = %s", (execution,))
    row = await found.fetchone()
    assert row is not None
    return dict(row[0])


async def history(connection: AsyncConnection, execution: UUID) -> list[str]:
    found = await connection.execute(
        "SELECT to_status FROM execution_events WHERE execution_id = %s ORDER BY seq", (execution,)
    )
    return [row[0] for row in await found.fetchall()]


async def tenant_status(connection: AsyncConnection, tenant: UUID) -> TenantStatus:
    row = await (await connection.execute("SELECT status FROM tenants WHERE id = %s", (tenant,))).fetchone()
    assert row is not None
    return TenantStatus(row[0])


def late_writes() -> float:
    return float(tracking.late_writes._value.get())


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("to", [status for status in Status if status is not Status.PENDING])
async def test_a_write_moves_the_row_exactly_if_its_status_may_follow(
    database: Database, connection: AsyncConnection, status: Status, to: Status
) -> None:
    execution = await add_execution(connection, status=status)
    before, late = await row_of(connection, execution), late_writes()

    applied = await moved(database, transition(execution, to))

    after = await row_of(connection, execution)
    assert applied == (to in FOLLOWERS[status])
    assert late_writes() - late == (0 if applied or to is status else 1)
    if applied:
        assert (after["status"], after["run_id"]) == (to, "run-1")
    else:
        assert after == before


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("to", [Status.RUNNING, Status.COMPLETED])
@pytest.mark.parametrize("known_run", [None, "run-1", "another"])
async def test_a_free_row_is_moved_as_any_other(
    database: Database, connection: AsyncConnection, status: Status, to: Status, known_run: str | None
) -> None:
    def comparable(row: dict[str, object]) -> dict[str, object]:
        times = {name: row[name] is None for name in row if name.endswith("_at")}
        return {**row, **times, "id": None, "workflow_id": None, "entity_id": None}

    alone, free = [await add_execution(connection, status=status) for _ in range(2)]
    await connection.execute(
        "UPDATE workflow_executions SET run_id = %s WHERE id = ANY(%s)", (known_run, [alone, free])
    )
    late = late_writes()

    applied = await moved(database, replace(transition(alone, to), own_run_only=True))
    alone_late, late = late_writes() - late, late_writes()
    done = await tracking.move_free(connection, [transition(free, to)])

    assert done == {free}
    is_said = (to is status and known_run != "another") or (to is Status.RUNNING and known_run == "run-1")
    assert late_writes() - late == alone_late == (0 if applied or is_said else 1)
    assert comparable(await row_of(connection, free)) == comparable(await row_of(connection, alone))
    assert await history(connection, free) == await history(connection, alone)


async def test_moving_free_rows_waits_for_none_and_leaves_out_what_has_consequences(
    database: Database, connection: AsyncConnection
) -> None:
    held, unfinished, free = [await add_execution(connection, status=Status.RUNNING) for _ in range(3)]
    await connection.execute("UPDATE workflow_executions SET steps_total = 6 WHERE id = %s", (unfinished,))

    async with await AsyncConnection.connect(database.dsn) as holder:
        await holder.execute("SELECT FROM workflow_executions WHERE id = %s FOR UPDATE", (held,))
        ends = [transition(each, Status.COMPLETED) for each in (held, unfinished, free)]
        done = await tracking.move_free(connection, ends)

    assert done == {free}
    statuses = [(await row_of(connection, each))["status"] for each in (held, unfinished, free)]
    assert statuses == ["running", "running", "completed"]


async def test_writes_in_any_order_and_repeated_end_where_the_first_end_was(
    database: Database, connection: AsyncConnection
) -> None:
    execution = await add_execution(connection)

    for to in (Status.COMPLETED, Status.RUNNING, Status.COMPLETED, Status.FAILED, Status.RUNNING):
        await moved(database, transition(execution, to))

    assert await history(connection, execution) == ["pending", "completed"]


async def test_the_first_end_keeps_its_time_its_error_and_its_reason(
    database: Database, connection: AsyncConnection
) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)
    await moved(database, transition(execution, Status.FAILED, error="disk full"))
    first = await row_of(connection, execution)

    await moved(database, transition(execution, Status.FAILED, error="something later"))

    assert first["error_message"] == "disk full"
    assert await row_of(connection, execution) == first


async def test_of_sixteen_who_end_a_run_at_once_one_does(database: Database, connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)
    late = late_writes()
    ends = [random.choice([Status.COMPLETED, Status.FAILED]) for _ in range(16)]

    won = await asyncio.gather(*(moved(database, transition(execution, to, error=str(to))) for to in ends))

    assert sorted(won) == [False] * 15 + [True]
    winner = ends[won.index(True)]
    assert late_writes() - late == sum(to is not winner for to in ends)
    assert (await history(connection, execution))[-1] == winner
    assert (await row_of(connection, execution))["error_message"] == str(winner)


async def test_an_execution_that_is_gone_is_no_error(database: Database) -> None:
    assert await moved(database, transition(uuid4(), Status.COMPLETED)) is False


async def test_a_run_never_ends_before_it_began(database: Database, connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)

    await moved(database, transition(execution, Status.COMPLETED, at=long_ago))

    row = await row_of(connection, execution)
    assert row["completed_at"] == row["started_at"]


async def test_the_time_that_temporal_tells_is_kept(database: Database, connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)
    closed_at = datetime.now(UTC) + timedelta(minutes=5)

    await moved(database, transition(execution, Status.COMPLETED, at=closed_at))

    assert datetime.fromisoformat(str((await row_of(connection, execution))["completed_at"])) == closed_at


async def test_history_tells_who_moved_the_row_and_why(database: Database, connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)
    ended = Transition(
        execution_id=execution,
        to=Status.FAILED,
        actor="ada@example.com",
        reason="took too long\x00",
        close_reason=CloseReason.TERMINATED,
        error="Terminated by ada@example.com",
    )

    await moved(database, ended)

    found = await connection.execute(
        "SELECT actor, reason, detail FROM execution_events WHERE to_status = 'failed' AND execution_id = %s",
        (execution,),
    )
    assert await found.fetchone() == (
        "ada@example.com",
        "took too long�",
        {"close_reason": "terminated", "error": "Terminated by ada@example.com"},
    )


@pytest.mark.parametrize("error", HOSTILE, ids=lambda error: ascii(error)[:16])
async def test_any_error_text_can_be_kept(database: Database, connection: AsyncConnection, error: str) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)

    assert await moved(database, transition(execution, Status.FAILED, error=error))

    kept = (await row_of(connection, execution))["error_message"]
    assert kept == clean(error)
    assert len(str(kept)) <= LONGEST_ERROR


def test_an_error_that_can_be_kept_stays_as_it_is() -> None:
    for error in ("disk full", "\u202edrowssap", "x" * LONGEST_ERROR, "", "Größe"):
        assert clean(error) == error
    assert clean(None) is None
    assert clean("x" * (LONGEST_ERROR + 1)) == "x" * (LONGEST_ERROR - 1) + "…"


@pytest.mark.parametrize("status", TenantStatus)
async def test_a_failed_provisioning_fails_only_a_tenant_that_was_being_provisioned(
    database: Database, connection: AsyncConnection, status: TenantStatus
) -> None:
    tenant = await add_tenant(connection, status=status)
    execution = await add_execution(connection, status=Status.RUNNING, entity_id=tenant)

    await moved(database, transition(execution, Status.FAILED))

    expected = TenantStatus.FAILED if status is TenantStatus.PROVISIONING else status
    assert await tenant_status(connection, tenant) is expected


async def test_another_kind_of_run_that_fails_leaves_the_tenant_as_it_is(
    database: Database, connection: AsyncConnection
) -> None:
    tenant = await add_tenant(connection)
    execution = await add_execution(
        connection, status=Status.RUNNING, entity_id=tenant, workflow_type="tenant_deprovisioning"
    )

    await moved(database, transition(execution, Status.FAILED))

    assert await tenant_status(connection, tenant) is TenantStatus.PROVISIONING


async def test_a_failure_that_comes_too_late_leaves_the_tenant_as_it_is(
    database: Database, connection: AsyncConnection
) -> None:
    tenant = await add_tenant(connection)
    execution = await add_execution(connection, status=Status.COMPLETED, entity_id=tenant)

    await moved(database, transition(execution, Status.FAILED))

    assert await tenant_status(connection, tenant) is TenantStatus.PROVISIONING


async def test_row_tenant_and_history_move_together_or_not_at_all(
    database: Database, connection: AsyncConnection
) -> None:
    tenant = await add_tenant(connection, slug="invincible")
    execution = await add_execution(connection, status=Status.RUNNING, entity_id=tenant)
    await connection.execute(
        "ALTER TABLE tenants ADD CONSTRAINT never_failed CHECK (slug <> 'invincible' OR status <> 'failed')"
    )

    with pytest.raises(Exception, match="never_failed"):
        await moved(database, transition(execution, Status.FAILED))

    assert (await row_of(connection, execution))["status"] == "running"
    assert await history(connection, execution) == ["pending", "running"]


async def test_only_a_write_that_says_something_else_is_late(database: Database, connection: AsyncConnection) -> None:
    execution = await add_execution(connection)

    async def late(to: Status, run_id: str) -> float:
        before = late_writes()
        reason = CloseReason.ERROR if to is Status.FAILED else None
        written = Transition(execution_id=execution, to=to, actor="test", run_id=run_id, close_reason=reason)
        async with database.transaction() as transaction:
            await tracking.move(transaction, written)
            if to is not Status.FAILED:
                await tracking.move_free(await driver_of(transaction), [written])
        return late_writes() - before

    healthy = [await late(Status.RUNNING, "a"), await late(Status.COMPLETED, "a"), await late(Status.RUNNING, "a")]

    assert healthy == [0, 0, 0]
    assert await late(Status.RUNNING, "b") == 2
    assert await late(Status.FAILED, "a") == 1
