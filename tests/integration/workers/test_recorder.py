"""Reports of steps reach the database although connections break and rows are refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations.connections import can_bound_transactions
from operations.statuses import Status, StepStatus
from operations.step_reports import StepReport
from operations.transitions import Transition
from tests.factories import add_execution
from workbench.servers import eventually
from workers.tracking import recorder as recording
from workers.tracking.recorder import Recorder, lost_reports

HELD = 10  #: rows
END_CONNECTION = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'tenantry steps'
"""


BROKEN_STEPS = b"""
    CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = 'connection_failure'; END $$;
    CREATE TRIGGER break_off BEFORE INSERT ON execution_steps FOR EACH ROW EXECUTE FUNCTION break_off();
"""


@pytest.fixture
async def recorder(database_url: str) -> AsyncIterator[Recorder]:
    recorder = Recorder.at(database_url)
    async with recorder.running():
        yield recorder


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def execution(connection: AsyncConnection) -> UUID:
    return await add_execution(connection, status=Status.RUNNING)


def report(execution: UUID, ordinal: int = 1, status: StepStatus = StepStatus.RUNNING) -> StepReport:
    return StepReport(
        execution_id=execution, ordinal=ordinal, name="load_tenant", attempt=1, run_id="run", status=status
    )


def end_of(execution: UUID) -> Transition:
    return Transition(execution_id=execution, to=Status.COMPLETED, actor="system:worker", run_id="run")


async def written(connection: AsyncConnection) -> list[tuple[int, str]]:
    rows = await connection.execute("SELECT ordinal, status FROM execution_steps ORDER BY ordinal")
    return [(ordinal, status) for ordinal, status in await rows.fetchall()]


async def test_a_connection_that_ended_while_nobody_used_it_costs_no_report(
    recorder: Recorder, execution: UUID, connection: AsyncConnection
) -> None:
    recorder.note(report(execution))
    await recorder.settle(execution)
    ended = await (await connection.execute(END_CONNECTION)).fetchone()

    recorder.note(report(execution, status=StepStatus.COMPLETED))
    await recorder.settle(execution)

    assert ended == (1,)
    assert await written(connection) == [(1, "completed")]


async def test_runs_that_end_together_are_written_together_behind_their_steps(
    recorder: Recorder, connection: AsyncConnection
) -> None:
    ended = [await add_execution(connection, status=Status.RUNNING) for _ in range(20)]
    for execution in ended:
        recorder.note(report(execution))
        recorder.note(report(execution, status=StepStatus.COMPLETED))

    moved = await asyncio.gather(*(recorder.move(end_of(execution)) for execution in ended))

    rows = await connection.execute(
        "SELECT DISTINCT e.status, s.status, e.xmin FROM workflow_executions e JOIN execution_steps s"
        " ON s.execution_id = e.id WHERE e.id = ANY(%s)",
        (ended,),
    )
    assert all(moved)
    assert [row[:2] for row in await rows.fetchall()] == [("completed", "completed")]


async def test_an_end_waits_a_moment_for_others(
    recorder: Recorder, connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("COMPANY", "LINGER"):
        monkeypatch.setattr(recording, bound, 1.0)
    first, second = [await add_execution(connection, status=Status.RUNNING) for _ in range(2)]

    async with asyncio.TaskGroup() as group:
        group.create_task(recorder.move(end_of(first)))
        await connection.execute("SELECT pg_sleep(0.1)")
        group.create_task(recorder.move(end_of(second)))

    rows = await connection.execute(
        "SELECT count(DISTINCT xmin::text) FROM workflow_executions WHERE id = ANY(%s) AND status = 'completed'",
        ([first, second],),
    )
    assert await rows.fetchone() == (1,)


async def test_an_end_is_written_although_the_connection_has_ended_while_nobody_used_it(
    recorder: Recorder, execution: UUID, connection: AsyncConnection
) -> None:
    recorder.note(report(execution, status=StepStatus.COMPLETED))
    await recorder.settle(execution)
    ended = await (await connection.execute(END_CONNECTION)).fetchone()

    assert await recorder.move(end_of(execution))

    assert ended == (1,)


async def test_an_end_of_a_row_that_somebody_holds_is_left_to_a_transaction(
    recorder: Recorder, execution: UUID, database_url: str
) -> None:
    async with await AsyncConnection.connect(database_url) as holder:
        await holder.execute("SELECT FROM workflow_executions WHERE id = %s FOR UPDATE", (execution,))

        assert not await recorder.move(end_of(execution))

    assert await recorder.move(end_of(execution))


async def test_an_end_with_a_step_still_running_is_left_to_a_transaction(recorder: Recorder, execution: UUID) -> None:
    recorder.note(report(execution))

    assert not await recorder.move(end_of(execution))


async def test_a_report_that_is_refused_costs_no_other(
    recorder: Recorder, execution: UUID, connection: AsyncConnection
) -> None:
    lost_before = lost_reports._value.get()

    recorder.note(report(execution, 1))
    recorder.note(replace(report(execution, 2), attempt=2**40))  # no integer of PostgreSQL's
    recorder.note(report(execution, 3))
    await recorder.settle(execution)

    assert await written(connection) == [(1, "running"), (3, "running")]
    assert lost_reports._value.get() - lost_before == 1


async def test_what_a_held_row_keeps_from_being_written_until_the_end_is_lost_and_counted(
    database_url: str, execution: UUID
) -> None:
    lost_before = lost_reports._value.get()

    async with await AsyncConnection.connect(database_url) as holder:
        await holder.execute("SELECT FROM workflow_executions WHERE id = %s FOR UPDATE", (execution,))
        recorder = Recorder.at(database_url)
        async with recorder.running():
            recorder.note(report(execution, 1))
            recorder.note(report(execution, 2))

    assert lost_reports._value.get() - lost_before == 2


async def test_a_refusal_that_sounds_like_a_farewell_is_one_lost_report(
    recorder: Recorder, execution: UUID, connection: AsyncConnection
) -> None:
    await connection.execute(BROKEN_STEPS)
    lost_before = lost_reports._value.get()

    for status in (StepStatus.RUNNING, StepStatus.COMPLETED):  # the second finds an open connection
        recorder.note(report(execution, status=status))
        await recorder.settle(execution)

    assert lost_reports._value.get() - lost_before == 2


async def test_a_refusal_while_statements_are_prepared_costs_no_later_report(
    recorder: Recorder, execution: UUID, connection: AsyncConnection
) -> None:
    recorder.note(report(execution))
    await recorder.settle(execution)
    own = recorder.connection._connection
    assert own is not None
    assert own.prepare_threshold is not None
    for ordinal in range(2, own.prepare_threshold + 1):
        recorder.note(report(execution, ordinal))
        await recorder.settle(execution)
    lost_before = lost_reports._value.get()

    recorder.note(replace(report(execution, 90), attempt=2**40))  # refused on the way to the second statement
    await recorder.settle(execution)
    recorder.note(report(execution, 91))
    await recorder.settle(execution)

    assert (await written(connection))[-1] == (91, "running")
    assert lost_reports._value.get() - lost_before == 1


async def test_rows_are_free_again_soon_after_a_worker_died_in_the_middle_of_a_write(
    recorder: Recorder, execution: UUID, connection: AsyncConnection
) -> None:
    recorder.note(report(execution))
    await recorder.settle(execution)
    dead = recorder.connection._connection
    assert dead is not None
    if not can_bound_transactions(dead):
        pytest.skip("PostgreSQL 17 is the first that can end it; older ones are sent no pipelines")
    recorder.connection._connection = None
    dead.pgconn.enter_pipeline_mode()
    dead.pgconn.send_query_params(b"SELECT FROM workflow_executions FOR UPDATE", None)
    dead.pgconn.send_flush_request()
    while dead.pgconn.flush():  # and nothing more ever comes, not even the end of the connection
        pass
    await eventually(lambda: _is_held(connection), bool)

    await eventually(lambda: _is_held(connection), lambda is_held: not is_held, within=10)
    await dead.close()


async def _is_held(connection: AsyncConnection) -> bool:
    rows = await connection.execute("SELECT FROM workflow_executions FOR UPDATE SKIP LOCKED")
    return await rows.fetchone() is None


async def test_reports_whose_row_is_held_come_again_in_their_order(
    recorder: Recorder, execution: UUID, connection: AsyncConnection, database_url: str
) -> None:
    lost_before = lost_reports._value.get()
    async with await AsyncConnection.connect(database_url) as step:
        await step.execute("SELECT 1 FROM workflow_executions WHERE id = %s FOR UPDATE", (execution,))
        recorder.note(report(execution))
        recorder.note(report(execution, status=StepStatus.COMPLETED))
        await recorder.settle(execution)

    await eventually(lambda: written(connection), lambda rows: rows == [(1, "completed")])

    assert lost_reports._value.get() == lost_before


async def test_rows_that_are_held_delay_no_report_of_others(
    recorder: Recorder, execution: UUID, connection: AsyncConnection, database_url: str
) -> None:
    """A worker has many steps under way, each of which holds the row of its execution; what it has not written yet is
    lost when it is killed.
    """
    held = [await add_execution(connection, status=Status.RUNNING) for _ in range(HELD)]
    async with await AsyncConnection.connect(database_url) as steps:
        await steps.execute("SELECT 1 FROM workflow_executions WHERE id = ANY(%s) FOR UPDATE", (held,))
        for each in held:
            recorder.note(report(each))
        for ordinal in (1, 2):
            recorder.note(report(execution, ordinal))
            await recorder.settle(execution)
            recorder.note(report(execution, ordinal, StepStatus.COMPLETED))
        await recorder.settle(execution)

        assert await written(connection) == [(1, "completed"), (2, "completed")]

    await eventually(lambda: written(connection), lambda rows: len(rows) == HELD + 2)
