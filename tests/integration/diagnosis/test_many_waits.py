"""Of many runs with nothing pending each is read in its turn, and until then none is said to be stuck."""

from collections import Counter
from uuid import UUID

import pytest

from operations.queries.execution_views import ExecutionView
from tests.integration.diagnosis.still_runs import Stage, working
from workbench.servers import eventually

MANY = 40  #: of which a round reads half
LONG = 3 * 3600.0


@pytest.mark.parametrize(("why", "cause"), [("timer", "sleeping"), ("signal", "waiting")])
async def test_many_runs_that_wait_are_each_read_within_two_rounds_and_none_is_stuck(
    stage: Stage, why: str, cause: str
) -> None:
    async with working(stage):
        ids = await begin(stage, why)
        before = [(await stage.seen(id_)).last_progress_at for id_ in ids]

        first = await stage.watcher.tend()
        seen_first = await seen(stage, ids)
        second = await stage.watcher.tend()
        seen_second = await seen(stage, ids)
        third = await stage.watcher.tend()
        seen_third = await seen(stage, ids)

    assert first is not None
    assert second is not None
    assert third is not None
    assert Counter((row.cause, row.health) for row in seen_first) == {(cause, "ok"): 20, ("unknown", "unknown"): 20}
    assert {(row.cause, row.health) for row in [*seen_second, *seen_third]} == {(cause, "ok")}
    assert [row.last_progress_at for row in seen_third] == before
    assert (first.described, second.described, third.described) == (MANY, 0, 0)
    assert second.asked < first.asked
    assert third.asked < 5  # once per queue, once for the failing: nothing is read twice


async def test_a_watcher_that_has_just_begun_wakes_nobody_of_whom_the_row_knows_what_it_waits_for(stage: Stage) -> None:
    async with working(stage):
        ids = await begin(stage, "timer")
        await stage.watcher.tend()
        await stage.watcher.tend()
        before = [(await stage.seen(id_)).last_progress_at for id_ in ids]

        await stage.round()  # it forgets what it had read
        after = await seen(stage, ids)

    assert {(row.cause, row.health) for row in after} == {("sleeping", "ok")}
    assert [row.last_progress_at for row in after] == before


async def begin(stage: Stage, why: str) -> list[UUID]:
    """Runs of which a worker has begun each."""
    runs = [await stage.start(why, idle=LONG) for _ in range(MANY)]
    for _, handle in runs:
        await eventually(handle.describe, lambda seen: not seen.raw_description.HasField("pending_workflow_task"))
    return [id_ for id_, _ in runs]


async def seen(stage: Stage, ids: list[UUID]) -> list[ExecutionView]:
    return [await stage.seen(id_) for id_ in ids]
