"""Reports of steps come late, twice and in any order; what is shown of a step stays plausible."""

from dataclasses import replace
from time import monotonic
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations import step_reports, tracking
from operations.database import Database
from operations.statuses import CloseReason, Status, StepStatus
from operations.step_reports import StepReport
from operations.transitions import Transition
from tests.factories import add_execution, add_tenant

STEPS = "SELECT name, status, error FROM execution_steps ORDER BY ordinal"


async def test_a_step_never_ends_before_it_began(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    # The report of the beginning was a second on its way, that of the end came at once.
    began = StepReport(
        execution_id=execution,
        ordinal=1,
        name="load_tenant",
        attempt=1,
        status=StepStatus.RUNNING,
        began=monotonic() + 1,
    )

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [began])
        await step_reports.record(connection, [replace(began, status=StepStatus.COMPLETED, seen=monotonic())])

        row = await (await connection.execute("SELECT completed_at >= started_at FROM execution_steps")).fetchone()
    assert row == (True,)


async def test_of_a_run_that_the_execution_does_not_follow_nothing_is_written_and_that_is_counted(
    database: Database,
) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
        await connection.execute("UPDATE workflow_executions SET run_id = 'ours' WHERE id = %s", (execution,))
    ours = StepReport(
        execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.COMPLETED, run_id="ours"
    )
    strangers = replace(ours, ordinal=2, name="delete_tenant", run_id="theirs")
    before = step_reports.unmatched_reports._value.get()

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [ours, strangers])

        assert await (await connection.execute(STEPS)).fetchall() == [("load_tenant", "completed", None)]
    assert step_reports.unmatched_reports._value.get() - before == 1


async def test_of_a_row_that_somebody_holds_nothing_is_written_and_of_others_all(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        held, free = [await add_execution(connection, status=Status.RUNNING) for _ in range(2)]
    before = step_reports.unmatched_reports._value.get()

    async with (
        await AsyncConnection.connect(database.dsn) as holder,
        await AsyncConnection.connect(database.dsn, autocommit=True) as connection,
    ):
        await holder.execute("SELECT FROM workflow_executions WHERE id = %s FOR NO KEY UPDATE", (held,))
        left = await step_reports.record(
            connection,
            [
                StepReport(execution_id=each, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)
                for each in (held, free)
            ],
        )
        rows = await connection.execute(
            "SELECT e.id, e.current_step, s.name FROM workflow_executions e"
            " LEFT JOIN execution_steps s ON s.execution_id = e.id"
        )

        assert left == {held}
        assert set(await rows.fetchall()) == {(held, None, None), (free, "load_tenant", "load_tenant")}
    assert step_reports.unmatched_reports._value.get() == before


async def test_a_step_whose_end_went_unreported_has_ended_when_the_run_completes(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    began = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [began, replace(began, ordinal=2), replace(began, ordinal=3)])
        await step_reports.record(connection, [replace(began, status=StepStatus.COMPLETED)])

    async with database.transaction() as transaction:
        await tracking.move(transaction, Transition(execution_id=execution, to=Status.COMPLETED, actor="system:worker"))

    async with await AsyncConnection.connect(database.dsn) as connection:
        rows = await connection.execute(
            "SELECT s.status, s.completed_at >= s.started_at, e.steps_done FROM execution_steps s"
            " JOIN workflow_executions e ON e.id = s.execution_id"
        )
        assert await rows.fetchall() == [("completed", True, 3)] * 3


async def test_a_plan_that_lacks_a_step_grows_by_it(database: Database) -> None:
    """As that of a workflow that does not say which of its versions it takes."""
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
        await connection.execute("UPDATE workflow_executions SET steps_total = 2")
    first = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.COMPLETED)
    seen = []

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        for ordinal in (1, 2, 3):
            await step_reports.record(connection, [replace(first, ordinal=ordinal)])
            rows = await connection.execute("SELECT steps_done, steps_total FROM workflow_executions")
            seen += await rows.fetchall()

    assert seen == [(1, 2), (2, 2), (3, 3)]


async def test_a_completed_run_has_done_all_its_steps_whatever_was_lost(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
        await connection.execute("UPDATE workflow_executions SET steps_total = 6")

    async with database.transaction() as transaction:
        await tracking.move(transaction, Transition(execution_id=execution, to=Status.COMPLETED, actor="system:worker"))

    async with await AsyncConnection.connect(database.dsn) as connection:
        rows = await connection.execute("SELECT steps_done, steps_total FROM workflow_executions")
        assert await rows.fetchall() == [(6, 6)]


@pytest.mark.parametrize(
    ("reason", "last", "shown"),
    [
        (CloseReason.ERROR, StepStatus.RUNNING, [("completed", None), ("failed", "disk full")]),
        (CloseReason.ERROR, StepStatus.FAILED, [("completed", None), ("failed", "quota")]),
        (CloseReason.TERMINATED, StepStatus.RUNNING, [("completed", None), ("canceled", None)]),
    ],
)
async def test_no_step_of_an_ended_run_is_shown_as_running(
    database: Database, reason: CloseReason, last: StepStatus, shown: list[tuple[str, str | None]]
) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    first = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)
    failing = replace(first, ordinal=2, status=last, error="quota" if last is StepStatus.FAILED else None)
    if last is StepStatus.RUNNING:  # the first one's end is known; otherwise its report was lost
        first = replace(first, status=StepStatus.COMPLETED)
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [first, failing])

    ended = Transition(execution_id=execution, to=Status.FAILED, close_reason=reason, error="disk full", actor="system")
    async with database.transaction() as transaction:
        await tracking.move(transaction, ended)

    async with await AsyncConnection.connect(database.dsn) as connection:
        rows = await connection.execute(STEPS)
        assert [(status, error) for _, status, error in await rows.fetchall()] == shown


async def test_a_run_that_goes_on_after_a_reset_counts_its_tries_anew(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    old = StepReport(
        execution_id=execution,
        ordinal=1,
        name="load_tenant",
        attempt=3,
        run_id="before",
        status=StepStatus.RETRYING,
        error="disk full",
        began=monotonic() - 5,
    )
    new = replace(old, attempt=1, run_id="after", status=StepStatus.RUNNING, error=None, began=monotonic())

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        for report in (old, new, replace(old, attempt=4, began=monotonic() - 4)):
            await step_reports.record(connection, [report])

        rows = await connection.execute("SELECT attempts, run_id, status, error FROM execution_steps")
        assert await rows.fetchall() == [(1, "after", "running", None)]


async def test_that_a_step_ended_well_is_news_also_after_its_end_was_guessed(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    began = StepReport(
        execution_id=execution, ordinal=1, name="load_tenant", attempt=1, run_id="run", status=StepStatus.RUNNING
    )
    ended = Transition(
        execution_id=execution, to=Status.FAILED, close_reason=CloseReason.ERROR, error="disk full", actor="system"
    )

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [began])
        async with database.transaction() as transaction:
            await tracking.move(transaction, ended)
        guessed = await (await connection.execute(STEPS)).fetchall()
        await step_reports.record(connection, [replace(began, status=StepStatus.COMPLETED)])
        known = await (await connection.execute(STEPS)).fetchall()

    assert guessed == [("load_tenant", "failed", "disk full")]
    assert known == [("load_tenant", "completed", None)]


async def test_a_step_that_began_before_runs_were_kept_is_still_the_same_step(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    began = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [began])
        later = replace(began, run_id="run", began=began.began - 1, status=StepStatus.COMPLETED)
        await step_reports.record(connection, [later])

        assert await (await connection.execute(STEPS)).fetchall() == [("load_tenant", "completed", None)]


LOOK = "SELECT cause, cause_detail, signature, evidence, health, health_since IS NOT NULL FROM workflow_executions"
HEALTHY = (None, None, None, None, "ok", False)


def failed_try(execution: UUID, number: int, error: str | None) -> StepReport:
    return StepReport(
        execution_id=execution,
        ordinal=1,
        name="create_schema",
        attempt=number,
        status=StepStatus.RETRYING,
        error=error,
    )


async def test_what_a_step_fails_at_is_on_the_row_at_once_and_gone_when_it_succeeds(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    failed = failed_try(execution, 7, 'permission denied for schema "tenant_0194f1"')

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [failed])
        cause, detail, signature, evidence, health, is_dated = await one_row(connection)
        await step_reports.record(connection, [replace(failed, attempt=8, status=StepStatus.RUNNING, error=None)])
        during = await one_row(connection)
        await step_reports.record(connection, [replace(failed, attempt=8, status=StepStatus.COMPLETED, error=None)])
        after = await one_row(connection)

    assert (cause, detail) == ("step_retrying", 'permission denied for schema "tenant_0194f1"')
    assert (signature, health, is_dated) == ("Permission denied for schema …", "ok", True)
    assert evidence == {"step": "create_schema", "tries": 7}
    assert during[0] == "step_retrying"
    assert after == HEALTHY


async def test_a_try_that_was_only_interrupted_is_no_failure(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [failed_try(execution, 1, None)])

        assert await one_row(connection) == HEALTHY


async def test_another_failed_try_changes_neither_health_nor_since_when(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    since = "SELECT health, health_since FROM workflow_executions"

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [failed_try(execution, 1, "disk full")])
        await connection.execute("UPDATE workflow_executions SET health = 'stuck'")
        before = await (await connection.execute(since)).fetchone()
        await step_reports.record(connection, [failed_try(execution, 2, "disk full")])

        assert await (await connection.execute(since)).fetchone() == before


async def test_a_worker_that_comes_back_makes_no_standstill_young(database: Database) -> None:
    """The cause was another one while no worker was there; what it stood at, it stands at since then."""
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    look = "SELECT cause, cause_detail, health, health_since, cause_since FROM workflow_executions"
    failed = failed_try(execution, 7, "disk full")

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [failed])
        await connection.execute(
            "UPDATE workflow_executions SET cause = 'no_worker', signature = NULL, health = 'stuck',"
            " cause_since = clock_timestamp()"
        )
        alone = await (await connection.execute(look)).fetchone()
        await step_reports.record(
            connection, [replace(failed, attempt=8, status=StepStatus.RUNNING, error=None, began=monotonic())]
        )
        tried = await (await connection.execute(look)).fetchone()
        await step_reports.record(connection, [replace(failed, attempt=8, began=monotonic())])
        again = await (await connection.execute(look)).fetchone()

    assert alone is not None
    assert tried is not None
    assert tried[:4] == ("step_retrying", "disk full", "stuck", alone[3])
    assert tried[4] > alone[4]
    assert again == tried


async def test_a_try_under_way_that_fails_after_a_pause_leaves_the_step_paused(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    look = "SELECT cause FROM workflow_executions"
    failed = failed_try(execution, 1, "disk full")

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [replace(failed, status=StepStatus.RUNNING, error=None)])
        await connection.execute(
            "UPDATE workflow_executions SET cause = 'step_paused', health_since = clock_timestamp(),"
            " cause_since = clock_timestamp()"
        )
        await step_reports.record(connection, [failed])
        paused = await (await connection.execute(look)).fetchone()
        await step_reports.record(connection, [replace(failed, attempt=2, began=monotonic())])
        resumed = await (await connection.execute(look)).fetchone()

    assert (paused, resumed) == (("step_paused",), ("step_retrying",))


@pytest.mark.parametrize(
    ("cause", "held", "stood_for"),
    [
        ("step_paused", {"mins": 120, "awaited": None, "is_held": False}, 60),
        ("run_paused", {"mins": 120, "awaited": None, "is_held": False}, 60),
        ("run_paused", {"mins": 30, "awaited": None, "is_held": True}, 60),
        ("run_paused", {"mins": 120, "awaited": "signal", "is_held": False}, 0),
        ("temporal_unreachable", {"mins": 30, "awaited": None, "is_held": True}, 60),
        ("no_worker", {"mins": 120, "awaited": None, "is_held": False}, 180),
        ("sleeping", {"mins": 120, "awaited": "timer", "is_held": False}, 0),
    ],
)
async def test_the_time_of_a_pause_does_not_count_for_a_try_that_fails_after_it(
    database: Database, cause: str, held: dict[str, object], stood_for: int
) -> None:
    """It had stood still for an hour, and was paused, or waited, for two."""
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    failed = failed_try(execution, 1, "disk full")

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [failed])
        await connection.execute(HELD, {"cause": cause, **held})
        await connection.execute("UPDATE execution_steps SET started_at = clock_timestamp() - interval '3 hours'")
        await step_reports.record(connection, [replace(failed, attempt=2, began=monotonic())])
        row = await (
            await connection.execute(
                "SELECT cause, extract(epoch FROM clock_timestamp() - last_progress_at)::int / 60,"
                " last_progress_at = cause_since AND last_progress_at = health_since FROM workflow_executions"
            )
        ).fetchone()

    assert row is not None
    assert row[:2] == ("step_retrying", stood_for)
    assert row[2] is ("paused" in cause or held["is_held"])


HELD = """
    UPDATE workflow_executions SET cause = %(cause)s, health_since = clock_timestamp() - interval '2 hours',
           cause_since = clock_timestamp() - make_interval(mins => %(mins)s),
           evidence = jsonb_strip_nulls(jsonb_build_object('awaited', %(awaited)s::text, 'paused_since',
               CASE WHEN %(is_held)s THEN clock_timestamp() - interval '2 hours' END)),
           last_progress_at = clock_timestamp() - interval '3 hours'
"""


async def test_signatures_leave_the_tenants_names_out(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        executions = {}
        for slug in ("acme", "umbrella"):
            tenant = await add_tenant(connection, slug=slug)
            executions[slug] = await add_execution(connection, status=Status.RUNNING, entity_id=tenant)

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        reports = [failed_try(id_, 1, f"{slug} cannot be billed") for slug, id_ in executions.items()]
        await step_reports.record(connection, reports)

        signatures = await (await connection.execute("SELECT DISTINCT signature FROM workflow_executions")).fetchall()
    assert signatures == [("… cannot be billed",)]


@pytest.mark.parametrize("cause", ["no_worker", "step_hanging", "workflow_failing", "unknown"])
async def test_progress_ends_what_explained_its_absence(database: Database, cause: str) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
        await connection.execute(
            "UPDATE workflow_executions SET cause = %s, health = 'stuck', health_since = now() - interval '1 minute'",
            (cause,),
        )
    began = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [began])

        assert await one_row(connection) == HEALTHY


@pytest.mark.parametrize("cause", ["awaiting_approval", "cancel_pending", "drifted"])
async def test_progress_ends_nothing_that_others_owe(database: Database, cause: str) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
        await connection.execute(
            "UPDATE workflow_executions SET cause = %s, health_since = now() - interval '1 minute'", (cause,)
        )
    began = StepReport(execution_id=execution, ordinal=1, name="load_tenant", attempt=1, status=StepStatus.RUNNING)

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [began])

        assert (await one_row(connection))[0] == cause


@pytest.mark.parametrize("to", [Status.COMPLETED, Status.FAILED])
async def test_nothing_ended_looks_stuck(database: Database, to: Status) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
        await connection.execute(
            "UPDATE workflow_executions SET cause = 'no_worker', cause_detail = 'x', health = 'stuck',"
            " health_since = now(), evidence = '{}'"
        )
    reason = CloseReason.TERMINATED if to is Status.FAILED else None
    end = Transition(execution_id=execution, to=to, actor="ops@example.com", close_reason=reason)

    async with database.transaction() as transaction:
        await tracking.move(transaction, end)

    async with await AsyncConnection.connect(database.dsn) as connection:
        assert await one_row(connection) == HEALTHY


@pytest.mark.parametrize(
    ("reason", "cause", "signature"),
    [
        (CloseReason.ERROR, None, "Disk full: … MB"),
        (CloseReason.START_REJECTED, "start_rejected", "Disk full: … MB"),
        (CloseReason.TERMINATED, None, None),
    ],
)
async def test_how_a_run_failed_has_a_signature_and_what_people_wrote_has_none(
    database: Database, reason: CloseReason, cause: str | None, signature: str | None
) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    end = Transition(
        execution_id=execution, to=Status.FAILED, actor="system:worker", close_reason=reason, error="disk full: 27 MB"
    )

    async with database.transaction() as transaction:
        await tracking.move(transaction, end)

    async with await AsyncConnection.connect(database.dsn) as connection:
        assert (await one_row(connection))[:3] == (cause, None, signature)


async def test_another_cause_and_another_health_are_history_and_another_try_is_not(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn) as connection:
        execution = await add_execution(connection, status=Status.RUNNING)
    told = (
        "SELECT actor, detail ->> 'health_before', detail ->> 'health', detail ->> 'cause_before', detail ->> 'cause'"
        " FROM execution_events WHERE kind = 'diagnosis' ORDER BY seq"
    )
    failed = failed_try(execution, 1, "disk full")

    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        await step_reports.record(connection, [failed])
        await step_reports.record(connection, [replace(failed, attempt=2)])
        await connection.execute("UPDATE workflow_executions SET health = 'stuck'")
        await step_reports.record(connection, [replace(failed, attempt=3, status=StepStatus.COMPLETED, error=None)])
        history = await (await connection.execute(told)).fetchall()

    assert history == [
        ("system:diagnosis", "ok", "ok", None, "step_retrying"),
        ("system:diagnosis", "ok", "stuck", "step_retrying", "step_retrying"),
        ("system:diagnosis", "stuck", "ok", "step_retrying", None),
    ]


async def one_row(connection: AsyncConnection) -> tuple[object, ...]:
    row = await (await connection.execute(LOOK.encode())).fetchone()
    assert row is not None
    return tuple(row)
