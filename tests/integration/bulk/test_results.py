"""The outcome of a whole bulk operation, counted from what became of each of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from operations.kinds import Deed
from operations.outbox import commands
from operations.statuses import BulkResult, BulkState, Outcome, Status
from tests.factories import set_status
from tests.integration.bulk.many_runs import OTTO, Many

KNOWN = {
    Outcome.MOVED_ON: 3,
    Outcome.FAILED_AGAIN: 2,
    Outcome.FAILED_OTHERWISE: 1,
    Outcome.NOT_IN_TIME: 1,
    Outcome.NOT_DONE: 1,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """Retries that were all done, and whose outcomes a test says."""

    many: Many
    bulk_id: UUID
    attempts: list[UUID]

    async def turns_out(self, outcome: Outcome, number: int, *, first: int) -> None:
        """As the watcher writes it with the command that started the new attempt."""
        await self.many.connection.execute(
            "UPDATE commands SET outcome = %s, outcome_at = now() WHERE kind = 'start' AND execution_id = ANY(%s)",
            (outcome.value, self.attempts[first : first + number]),
        )

    async def has_no_worker(self, attempt: UUID) -> None:
        await self.many.connection.execute(
            "UPDATE workflow_executions SET cause = 'no_worker', health = 'stuck' WHERE id = %s", (attempt,)
        )

    async def results(self) -> Mapping[BulkResult, int]:
        return (await self.many.bulk(self.bulk_id)).results


async def watched(many: Many, number: int) -> Watched:
    id_ = await many.begin(await many.failed(number))
    await many.finished(id_)
    attempts = [row.successor_id for row in await many.rows(id_) if row.successor_id is not None]
    assert len(attempts) == number
    return Watched(many=many, bulk_id=id_, attempts=attempts)


async def test_each_outcome_is_counted_as_what_it_is(many: Many) -> None:
    retried = await watched(many, 10)
    first = 0
    for outcome, number in KNOWN.items():
        await retried.turns_out(outcome, number, first=first)
        first += number
    await retried.has_no_worker(retried.attempts[8])
    before = await many.bulk(retried.bulk_id)

    await retried.turns_out(Outcome.MOVED_ON, 1, first=9)
    after = await many.bulk(retried.bulk_id)

    assert before.results == {
        BulkResult.MOVED_ON: 3,
        BulkResult.FAILED_AGAIN: 2,
        BulkResult.FAILED_OTHERWISE: 1,
        BulkResult.NOT_IN_TIME: 1,
        BulkResult.FAILED: 1,
        BulkResult.NO_WORKER: 1,
        BulkResult.WATCHED: 1,
    }
    assert (before.is_verified, after.is_verified) == (False, True)
    assert (after.results[BulkResult.MOVED_ON], after.done, sum(after.results.values())) == (4, 10, 10)


async def test_that_no_worker_is_there_is_said_while_it_lasts(many: Many) -> None:
    retried = await watched(many, 1)
    await retried.has_no_worker(retried.attempts[0])
    alone = await retried.results()
    await many.advanced()

    await retried.turns_out(Outcome.MOVED_ON, 1, first=0)

    assert alone == {BulkResult.NO_WORKER: 1}
    assert await retried.results() == {BulkResult.MOVED_ON: 1}


async def test_what_is_known_of_each_row_is_counted_once_and_for_all(many: Many) -> None:
    retried = await watched(many, 3)
    await retried.turns_out(Outcome.MOVED_ON, 2, first=0)
    await many.advanced()
    unknown, rows = await many.bulk(retried.bulk_id), await many.rows(retried.bulk_id)

    await retried.turns_out(Outcome.FAILED_AGAIN, 1, first=2)
    await many.advanced()
    known, known_rows = await many.bulk(retried.bulk_id), await many.rows(retried.bulk_id)
    await many.connection.execute("DELETE FROM bulk_rows WHERE bulk_id = %s", (retried.bulk_id,))

    assert unknown.results == {BulkResult.MOVED_ON: 2, BulkResult.WATCHED: 1}
    assert [row.result for row in rows] == [BulkResult.MOVED_ON, BulkResult.MOVED_ON, BulkResult.WATCHED]
    assert known.results == {BulkResult.MOVED_ON: 2, BulkResult.FAILED_AGAIN: 1}
    assert [row.result for row in known_rows] == [BulkResult.MOVED_ON] * 2 + [BulkResult.FAILED_AGAIN]
    assert await many.bulk(retried.bulk_id) == replace(known, rate=0)  # of the last ten seconds


async def test_why_one_did_not_move_on_is_kept_as_it_was_then(many: Many) -> None:
    retried = await watched(many, 2)
    full = "DiskFull: could not extend file: No space left on device"
    errors = "UPDATE workflow_executions SET error_message = %s, cause_detail = %s WHERE id = ANY(%s)"
    await many.connection.execute(errors, (full, full, retried.attempts))
    await retried.turns_out(Outcome.FAILED_AGAIN, 2, first=0)
    fresh = [row.why for row in await many.rows(retried.bulk_id)]
    await many.advanced()

    await many.connection.execute(errors, (None, None, retried.attempts))

    assert (
        fresh == [row.why for row in await many.rows(retried.bulk_id)] == ["No space left on the database server"] * 2
    )
    bulk = await many.bulk(retried.bulk_id)
    assert bulk.canary_why is None  # none went first
    (mention,) = await many.services.reads.bulks.about(retried.attempts[0])
    assert mention.why is None  # it was carried out


async def test_each_operation_counts_its_own(many: Many) -> None:
    first, second = await watched(many, 3), await watched(many, 2)
    await first.turns_out(Outcome.MOVED_ON, 3, first=0)

    listed = {bulk.id: bulk.results for bulk in (await many.services.reads.bulks.list()).items}

    assert listed[first.bulk_id] == await first.results() == {BulkResult.MOVED_ON: 3}
    assert listed[second.bulk_id] == await second.results() == {BulkResult.WATCHED: 2}


async def test_each_canary_has_a_result_of_its_own(many: Many) -> None:
    canaries = []
    for _ in range(2):
        failed = await many.failed(2)
        planned = await many.services.bulks.preview(OTTO, Deed.RETRY, many.chosen(failed))
        id_ = await many.services.bulks.begin(OTTO, planned, "one first", first_alone=True)
        await many.advanced()
        canaries.append(await many.bulk(id_))

    assert [(bulk.state, bulk.canary_result) for bulk in canaries] == [(BulkState.PAUSED, BulkResult.WATCHED)] * 2
    assert all(bulk.waits_for_canary and bulk.first_alone for bulk in canaries)


async def test_the_newest_that_was_begun_from_a_group_is_that_of_the_group(
    many: Many, connection: AsyncConnection
) -> None:
    first, second = await watched(many, 1), await watched(many, 1)
    selection = '{"by": "group", "cause": "step_retrying", "signature": "disk full"}'
    await connection.execute("UPDATE bulk_operations SET selection = %s", (selection,))

    found = await many.services.reads.bulks.of_group("step_retrying", "disk full")
    other = await many.services.reads.bulks.of_group("step_retrying", None)

    assert found is not None
    assert (found.id, found.group, other) == (second.bulk_id, ("step_retrying", "disk full"), None)
    assert first.bulk_id != second.bulk_id


async def test_an_execution_knows_what_it_was_part_of(many: Many) -> None:
    failed, closed = await many.failed(1), await many.completed()
    id_ = await many.begin([*failed, closed])
    await many.finished(id_)
    (row, _) = await many.rows(id_)

    assert row.successor_id is not None
    for execution in (*failed, closed, row.successor_id):
        (mention,) = await many.services.reads.bulks.about(execution)
        assert (mention.bulk_id, mention.action, mention.total) == (id_, Deed.RETRY, 2)
        assert (mention.why is None) is (execution != closed)


@pytest.mark.parametrize(("deed", "result"), [(Deed.CANCEL, BulkResult.ENDED), (Deed.TERMINATE, BulkResult.ENDED)])
async def test_what_was_to_end_is_watched_until_it_has(many: Many, deed: Deed, result: BulkResult) -> None:
    ids = await many.pending(1)
    id_ = await many.begin(ids, deed)
    bulk = await many.finished(id_)
    if bulk.results == {BulkResult.WATCHED: 1}:
        await set_status(many.connection, ids[0], Status.FAILED)

    assert (await many.bulk(id_)).results == {result: 1}


async def test_a_start_that_is_tried_again_makes_its_row_tell_of_that(many: Many) -> None:
    (failed,) = await many.failed(1)
    id_ = await many.begin([failed])
    await many.services.bulks.runner.advance()
    await many.connection.execute(
        "UPDATE commands SET state = 'failed', error = 'refused', settled_at = now() WHERE bulk_id = %s", (id_,)
    )
    before = await many.finished(id_)
    successor = (await many.rows(id_))[0].successor_id
    assert successor is not None

    async with many.services.bulks.database.transaction() as connection:
        await commands.queue_start_again(connection, successor, "system:reconciler", "nobody was starting it")
    between = await many.bulk(id_)
    after = await many.finished(id_)

    assert (before.done, before.failed, before.finished_at is None) == (0, 1, False)
    assert (between.failed, between.sent, between.finished_at) == (0, 1, None)
    assert (after.done, after.failed, after.state) == (1, 0, BulkState.FINISHED)
    assert (await many.rows(id_))[0].why is None
