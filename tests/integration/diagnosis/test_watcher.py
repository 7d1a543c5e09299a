"""What the watcher looks at, asks and writes, and what is said while it is silent."""

import asyncio
from dataclasses import replace
from time import monotonic
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations.database import Database
from operations.diagnosis.facts import Patience
from operations.diagnosis.watcher import INTERVAL, Watcher
from operations.liveness import Part
from operations.queries.execution_views import ExecutionFilter, ExecutionView, Sort
from operations.statuses import Status
from operations.temporal import Temporal
from tests.factories import set_status
from tests.integration.diagnosis.still_runs import Stage, working
from tests.proxies import Proxy, proxy_to
from workbench.dataset import load_running
from workbench.servers import eventually

LONG_AT_IT = """
    INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts, started_at, tried_at)
    VALUES (%s, 1, 'migrate_schema', 'running', 1, now() - interval '1 hour', now() - interval '1 hour')
"""
STANDS_STILL = """
    UPDATE workflow_executions SET last_progress_at = clock_timestamp() - interval '10 minutes' WHERE id = ANY(%s)
"""
SAYS_SOMETHING = """
    WITH said AS (
        UPDATE execution_steps SET progress = 'table 7 of 9', progressed_at = clock_timestamp()
        WHERE execution_id = %s RETURNING execution_id, progressed_at
    )
    UPDATE workflow_executions e SET last_progress_at = said.progressed_at FROM said WHERE e.id = said.execution_id
"""


@pytest.mark.long
async def test_without_a_worker_no_run_is_described(stage: Stage) -> None:
    for _ in range(3):
        id_, _ = await stage.start("timer")
    seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "no_worker", within=60)

    done = await stage.round()

    assert (seen.health, seen.cause_detail) == ("stuck", f"No worker takes work from the queue “{stage.task_queue}”.")
    assert (done.still, done.described, done.asked) == (3, 0, 1)


async def test_what_waited_for_a_worker_goes_on_when_one_comes(stage: Stage) -> None:
    id_, handle = await stage.start("timer")
    await eventually(lambda: stage.named(id_), lambda row: (row.cause, row.health) == ("no_worker", "stuck"), within=60)

    async with working(stage):
        seen = await eventually(lambda: stage.named(id_), lambda row: row.cause == "sleeping", within=60)
        await handle.cancel()
        await eventually(handle.describe, lambda run: run.close_time is not None)

    assert (seen.health, seen.cause) == ("ok", "sleeping")


async def test_a_slow_step_that_says_something_new_is_never_stuck(stage: Stage) -> None:
    """It has been at it for an hour; the one beside it too, and is silent."""
    talking, silent = [(await stage.start("hanging"))[0] for _ in range(2)]
    for id_ in (talking, silent):
        await stage.sql(LONG_AT_IT, id_)
    async with working(stage):
        await stage.sql(SAYS_SOMETHING, talking)
        await eventually(lambda: stage.named(silent), lambda row: row.cause == "step_hanging")

        seen, beside = [await stage.named(each) for each in (talking, silent)]

    assert (seen.health, beside.health) == ("ok", "stuck")


async def test_of_ten_thousand_running_rows_those_that_stand_still_are_named_and_lists_answer_meanwhile(
    stage: Stage,
) -> None:
    ids = [uuid4() for _ in range(10_000)]
    dsn, queue = stage.services.database.dsn, stage.task_queue
    await asyncio.to_thread(load_running, dsn, ids, ["run"] * len(ids), prefix="many-", task_queue=queue)
    await stage.sql("UPDATE workflow_executions SET last_progress_at = clock_timestamp() + '1 h'::interval")
    still = (
        "UPDATE workflow_executions SET last_progress_at = clock_timestamp() - '10 min'::interval WHERE id = ANY(%s)"
    )
    await stage.sql(still, ids[:1000])
    answers: list[float] = []

    async def ask() -> None:
        """As somebody does who looks at the list all the time."""
        while True:
            began = monotonic()
            await stage.services.reads.executions.list(ExecutionFilter(), sort=Sort.ATTENTION)
            answers.append(monotonic() - began)

    asking = asyncio.ensure_future(ask())
    rounds = [await stage.watcher.tend()]

    async def named() -> int:
        rounds.append(await stage.watcher.tend())
        async with await AsyncConnection.connect(dsn) as connection:
            rows = await connection.execute("SELECT count(*) FROM workflow_executions WHERE health <> 'ok'")
            return int((await rows.fetchone() or (0,))[0])

    await eventually(named, lambda number: number == 1000, within=60)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    done = [each for each in rounds if each is not None]
    assert {each.still for each in done} == {1000}
    assert max(each.seconds for each in done) <= INTERVAL
    assert len(answers) > len(done)
    assert max(answers) < INTERVAL


async def test_what_moves_is_not_looked_at(stage: Stage) -> None:
    await stage.add_row(idle=5)

    done = await stage.round()

    assert (done.still, done.asked) == (0, 0)


async def test_while_temporal_is_frozen_nothing_is_fine(stage: Stage, temporal_address: str) -> None:
    id_ = await stage.add_row()
    async with proxy_to(temporal_address) as proxy:
        watcher = await through(proxy, stage)
        await watcher.tend()
        proxy.freeze()

        async def look() -> ExecutionView:
            await watcher.tend()
            return await stage.seen(id_)

        seen = await eventually(look, lambda row: row.cause == "temporal_unreachable")

    assert seen.health == "unknown"


async def test_only_news_is_written(stage: Stage, database: Database) -> None:
    id_, _ = await stage.start("hanging")
    async with working(stage):
        first = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_hanging")

        again = await stage.named(id_)

    assert again.updated_at == first.updated_at


async def test_a_watcher_that_lost_its_lease_writes_nothing(stage: Stage) -> None:
    other = Watcher.of(stage.services.database, stage.services.temporal, name="other", patience=Patience())
    await stage.round()

    assert await other.tend() is None


async def through(proxy: Proxy, stage: Stage) -> Watcher:
    temporal = await Temporal.at(proxy.address)
    await stage.sql("UPDATE diagnosis_state SET holder = NULL")
    return Watcher.of(stage.services.database, temporal, name="frozen", patience=Patience())


async def test_while_nobody_watches_health_is_unknown_and_not_the_past(stage: Stage) -> None:
    running = await stage.add_row()
    moving = await stage.add_row(idle=0)
    ended = await stage.add_row()
    await stage.sql("UPDATE workflow_executions SET health = 'stuck', cause = 'no_worker' WHERE id = %s", running)
    await end(stage, ended)
    silent = replace(stage.services.reads.executions, is_watched=lambda: False)

    seen, well, over = [(await silent.detail(each)).execution for each in (running, moving, ended)]

    assert (seen.health, seen.cause, over.health, over.cause) == ("unknown", "no_worker", "ok", None)
    assert (well.health, well.cause) == ("unknown", "unknown")
    assert well.diagnosis is not None
    assert "Nobody has looked at executions" in well.diagnosis.sentence


async def test_a_watcher_that_fails_every_time_is_an_outage_and_one_elsewhere_is_none(stage: Stage) -> None:
    silent, fresh = stage.watcher, replace(stage.watcher, name="elsewhere")
    silent._is_running = fresh._is_running = True
    silent._round_at = monotonic() - 100
    await stage.sql("UPDATE diagnosis_state SET holder = 'other', finished_at = now(), lease_expires_at = 'infinity'")

    before = [outage.part for outage in silent.outages]
    await silent.tend()

    assert (before, silent.outages, fresh.outages) == ([Part.DIAGNOSIS], (), ())


async def end(stage: Stage, id_: UUID) -> None:
    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        await set_status(connection, id_, Status.FAILED)
