"""One action on many: each row one effect and one true result, whatever happens meanwhile; nobody may more by it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations.access import Actor
from operations.bootstrap import Services
from operations.bulk.selections import ByFilter, ByGroup, ByIds
from operations.database import Database
from operations.errors import CannotChangeBulk, CountChanged, InvalidInput, NotPermitted, OperationsError
from operations.kinds import Deed
from operations.queries.bulk_views import BulkView
from operations.queries.execution_views import ExecutionFilter
from operations.statuses import BulkResult, BulkState, Cause, Decision, Health, Role, Status
from operations.temporal import Temporal
from tests import factories
from tests.conftest import SECRET_KEY
from tests.integration.bulk.many_runs import OTTO, Many
from workbench.servers import eventually

SUSAN = Actor(name="susan@example.com", role=Role.SUPPORT)


@pytest.fixture
async def elsewhere(database_url: str, temporal: Temporal, task_queue: str) -> AsyncIterator[Services]:
    """Another process."""
    database = Database.at(database_url, name="elsewhere")
    yield Services.assemble(database, temporal, name="elsewhere", task_queue=task_queue, secret_key=SECRET_KEY)
    await database.close()


async def test_each_row_has_its_own_result_and_says_why_it_was_skipped(many: Many) -> None:
    failed, done, nowhere = await many.failed(3), await many.completed(), uuid4()

    id_ = await many.begin([*failed, done, nowhere])
    bulk = await many.finished(id_)

    rows = {row.execution_id: row for row in await many.rows(id_)}
    assert (bulk.state, bulk.total, bulk.done, bulk.skipped) == (BulkState.FINISHED, 5, 3, 2)
    assert [rows[id_].result for id_ in failed] == [BulkResult.WATCHED] * 3
    assert rows[done].why == "The execution completed; there is nothing to retry."
    assert rows[nowhere].why == "There is no execution with this id."
    assert await many.effects([*failed, done]) == dict.fromkeys(failed, 1)


@pytest.mark.parametrize("cause", [Cause.STEP_PAUSED, Cause.RUN_PAUSED])
async def test_what_somebody_holds_is_skipped_and_says_so(many: Many, cause: Cause) -> None:
    held, free = await many.stuck_in_a_step(2)
    await many.connection.execute("UPDATE workflow_executions SET cause = %s WHERE id = %s", (cause, held))
    planned = await many.services.bulks.preview(OTTO, Deed.RETRY, many.chosen([held, free]))

    id_ = await many.begin([held, free])
    await many.advanced()

    rows = {row.execution_id: row for row in await many.rows(id_)}
    assert (planned.acting, planned.skipped) == (1, 1)
    assert rows[held].result is BulkResult.SKIPPED
    assert "pause" in (rows[held].why or "")
    assert rows[free].result is not BulkResult.SKIPPED
    assert (await many.effects([held, free]))[held] == 0


async def test_what_others_did_since_the_preview_is_seen_at_the_turn(many: Many) -> None:
    failed = await many.failed(3)
    id_ = await many.begin(failed)
    await many.services.executions.retry(SUSAN, failed[1], "the customer waits")

    await many.finished(id_)

    rows = await many.rows(id_)
    assert [row.result for row in rows] == [BulkResult.WATCHED, BulkResult.SKIPPED, BulkResult.WATCHED]
    assert "newer attempt" in (rows[1].why or "")
    assert await many.effects(failed) == dict.fromkeys(failed, 1)


async def test_what_somebody_asked_for_already_is_not_asked_twice(many: Many) -> None:
    pending = await many.pending(2)
    id_ = await many.begin(pending, Deed.TERMINATE)
    await many.services.executions.terminate(OTTO, pending[0], "test data")

    await many.finished(id_)

    first, second = await many.rows(id_)
    assert (first.result, second.result) == (BulkResult.SKIPPED, BulkResult.ENDED)
    assert "requested already" in (first.why or "")
    assert await many.effects(pending) == dict.fromkeys(pending, 1)


async def test_a_run_that_took_the_place_of_the_one_that_was_seen_is_left_alone(many: Many) -> None:
    (id_,) = await many.pending(1)
    await many.connection.execute("UPDATE workflow_executions SET run_id = 'old' WHERE id = %s", (id_,))
    bulk_id = await many.begin([id_], Deed.TERMINATE)
    await many.connection.execute("UPDATE workflow_executions SET run_id = 'new' WHERE id = %s", (id_,))

    await many.finished(bulk_id)

    (row,) = await many.rows(bulk_id)
    assert (row.result, "replaced by a newer one" in (row.why or "")) == (BulkResult.SKIPPED, True)


async def test_processes_that_are_ended_in_the_middle_and_others_beside_them_do_each_row_once(
    many: Many, elsewhere: Services
) -> None:
    failed = await many.failed(40)
    id_ = await many.begin(failed)
    seen: list[int] = []

    while (await many.bulk(id_)).left:
        both = [asyncio.ensure_future(each.bulks.runner.run()) for each in (many.services, elsewhere)]
        before = (await many.bulk(id_)).left
        await eventually(lambda: many.bulk(id_), partial(is_further, before))
        for each in both:
            each.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        seen.append((await many.bulk(id_)).left)
    bulk = await many.finished(id_)

    assert seen == sorted(seen, reverse=True)
    assert (bulk.done, bulk.failed, bulk.skipped) == (40, 0, 0)
    assert await many.effects(failed) == dict.fromkeys(failed, 1)


async def test_what_is_paused_waits_and_what_is_stopped_skips_the_rest(many: Many) -> None:
    bulks = many.services.bulks
    id_ = await many.begin(await many.failed(4))
    await bulks.pause(SUSAN, id_)

    shared = await bulks.runner.advance()
    paused = await many.bulk(id_)
    with pytest.raises(CannotChangeBulk):
        await bulks.pause(SUSAN, id_)
    await bulks.resume(SUSAN, id_)
    await bulks.runner.turns.take(id_)
    await bulks.stop(SUSAN, id_)
    stopped = await many.finished(id_)

    assert (shared, paused.state, paused.left) == (None, BulkState.PAUSED, 4)
    assert (stopped.state, stopped.done, stopped.skipped) == (BulkState.STOPPED, 1, 3)
    assert {row.why for row in await many.rows(id_) if row.result is BulkResult.SKIPPED} == {
        "susan@example.com stopped the whole before its turn."
    }


async def test_no_more_rows_than_the_rate_allows_have_their_turn(many: Many) -> None:
    quick, slow = (replace(many.services.bulks.runner, rate=rate) for rate in (4, 1 / 60))
    id_ = await many.begin(await many.failed(6))

    first = await quick.advance()
    second = await eventually(slow.advance, lambda share: share is not None)
    third = await quick.advance()  # long before a minute is over

    assert (first and first.rows, first and first.seconds) == (2, 0.5)
    assert (second and second.rows, second and second.seconds, third) == (1, 60, None)
    assert (await many.bulk(id_)).left == 3


async def test_while_temporal_does_not_answer_rows_keep_their_choice(many: Many) -> None:
    """What is on its way is bounded: the rest can still be stopped, and is looked at again later."""
    failed = await many.failed(130)
    id_ = await many.begin(failed)

    while await many.services.bulks.runner.advance() is not None:
        pass
    standing = await eventually(lambda: many.bulk(id_), lambda bulk: bulk.sent > 0)
    await many.services.bulks.stop(OTTO, id_)
    bulk = await many.finished(id_)

    assert 0 < standing.sent < 130
    assert bulk.done == standing.sent
    assert bulk.skipped == 130 - standing.sent


async def test_the_first_goes_alone_and_the_others_wait_for_somebody_to_let_them(many: Many) -> None:
    failed = await many.failed(3)
    bulks = many.services.bulks
    planned = await bulks.preview(OTTO, Deed.RETRY, ByIds(ids=tuple(failed)))
    id_ = await bulks.begin(OTTO, planned, "one first", first_alone=True)

    await asyncio.gather(bulks.runner.turns.take(id_), bulks.runner.turns.take(id_))
    await many.services.deliverer.deliver_due()
    await bulks.runner.advance()
    alone = await many.bulk(id_)
    await bulks.resume(OTTO, id_)
    all_ = await many.finished(id_)

    assert (alone.state, alone.done, alone.left) == (BulkState.PAUSED, 1, 2)
    assert (alone.canary_id, alone.canary_result) == (failed[0], BulkResult.WATCHED)
    assert (all_.state, all_.done) == (BulkState.FINISHED, 3)


async def test_nothing_that_could_be_done_is_not_called_done(many: Many) -> None:
    id_ = await many.begin([await many.completed()])

    bulk = await many.bulk(id_)

    assert (bulk.state, bulk.done, bulk.skipped, bulk.finished_at is not None) == (BulkState.FINISHED, 0, 1, True)


async def test_nothing_named_is_never_all(many: Many) -> None:
    await many.failed(1)

    accents_alone = ExecutionFilter(search=" \u0301 ")  # of which a search has nothing left to look for
    for nothing in (ByIds(ids=()), ByFilter(filter=ExecutionFilter()), ByFilter(filter=accents_alone)):
        with pytest.raises(InvalidInput, match="all"):
            await many.services.bulks.preview(OTTO, Deed.RETRY, nothing)


async def test_another_number_than_the_one_that_was_typed_does_nothing(many: Many) -> None:
    bulks = many.services.bulks
    planned = await bulks.preview(OTTO, Deed.RETRY, ByIds(ids=tuple(await many.failed(2))))

    with pytest.raises(CountChanged, match="2 executions can take this, not 3"):
        await bulks.begin(OTTO, planned, "quota raised", count=3)

    assert (await many.services.reads.bulks.list()).items == ()


async def test_a_group_is_as_many_as_it_is_said_to_be(many: Many) -> None:
    alike, other = await many.pending(3), await many.pending(1)
    for ids, signature in ((alike, "permission denied"), (other, None)):
        await many.connection.execute(
            "UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', signature = %s"
            " WHERE id = ANY(%s)",
            (signature, ids),
        )
    groups = (await many.services.reads.groups.list()).items

    chosen = [
        await many.services.bulks.chooser.ids(ByGroup(cause=each.cause, signature=each.signature)) for each in groups
    ]

    assert [len(ids) for ids in chosen] == [each.count for each in groups] == [3, 1]
    assert set(chosen[0]) == set(alike)


async def test_all_that_match_are_more_than_a_page(many: Many) -> None:
    failed = await many.failed(60)

    planned = await many.services.bulks.preview(
        OTTO, Deed.RETRY, ByFilter(filter=ExecutionFilter(statuses=frozenset({Status.FAILED})))
    )

    assert {row.execution_id for row in planned.rows} == set(failed)
    assert (planned.acting, planned.is_weighty) == (60, True)


async def test_what_a_bulk_was_about_can_be_listed_and_acted_upon_again(many: Many) -> None:
    failed, others = await many.failed(2), await many.failed(2)
    id_ = await many.begin(failed)
    await many.finished(id_)
    touched = ExecutionFilter(bulk_id=id_, statuses=frozenset({Status.RUNNING}))

    page = await many.services.reads.executions.list(ExecutionFilter(bulk_id=id_))
    again = await many.services.bulks.preview(OTTO, Deed.TERMINATE, ByFilter(filter=touched))

    assert {each.id for each in page.items} >= set(failed)
    assert not {each.id for each in page.items} & set(others)
    assert (len(page.items), again.acting) == (4, 2)


@pytest.mark.parametrize("deed", [Deed.RETRY, Deed.CANCEL, Deed.TERMINATE, Deed.APPROVE, Deed.REJECT])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.OPERATOR])
async def test_nobody_may_do_more_to_many_than_to_one(many: Many, role: Role, deed: Deed) -> None:
    actor = Actor(name=f"{role}@example.com", role=role)
    match deed:
        case Deed.RETRY:
            one, *rest = await many.failed(3)
        case Deed.APPROVE | Deed.REJECT:
            one, *rest = await many.waiting_for_approval(3)
        case _:
            one, *rest = await many.pending(3)

    alone = await attempted(many.services, actor, one, deed)
    together: str | None = None
    try:
        id_ = await many.begin(rest, deed, actor=actor)
    except NotPermitted as refusal:
        together = type(refusal).__name__

    assert together == alone
    if together is None:
        await many.services.bulks.runner.advance()
        assert Counter(row.result for row in await many.rows(id_)) == {BulkResult.SENT: 2}


async def test_a_disabled_account_does_nothing_more(many: Many) -> None:
    staff = uuid4()
    await many.connection.execute(
        "INSERT INTO staff (id, email, role, password_hash) VALUES (%s, 'ida@example.com', 'operator', 'x')", (staff,)
    )
    ida = Actor(name="ida@example.com", role=Role.OPERATOR, staff_id=staff)
    failed = await many.failed(2)
    id_ = await many.begin(failed, actor=ida)
    await many.services.bulks.runner.turns.take(id_)

    await many.connection.execute("UPDATE staff SET disabled_at = now() WHERE id = %s", (staff,))
    await many.finished(id_)

    assert [row.result for row in await many.rows(id_)] == [BulkResult.WATCHED, BulkResult.SKIPPED]
    assert await many.effects(failed) == {failed[0]: 1}


async def test_whoever_is_given_a_lower_role_meanwhile_ends_nothing_more(many: Many) -> None:
    staff = uuid4()
    await many.connection.execute(
        "INSERT INTO staff (id, email, role, password_hash) VALUES (%s, 'ira@example.com', 'operator', 'x')", (staff,)
    )
    ira = Actor(name="ira@example.com", role=Role.OPERATOR, staff_id=staff)
    pending = await many.pending(2)
    id_ = await many.begin(pending, Deed.TERMINATE, actor=ira)
    await many.services.bulks.runner.turns.take(id_)

    await many.connection.execute("UPDATE staff SET role = 'support' WHERE id = %s", (staff,))
    await many.finished(id_)

    first, second = await many.rows(id_)
    assert (first.result, second.result) == (BulkResult.ENDED, BulkResult.SKIPPED)
    assert "takes the role operator" in (second.why or "")
    assert await many.effects(pending) == {pending[0]: 1}


async def test_where_it_takes_two_another_person_lets_it_begin(many: Many) -> None:
    bulks = replace(many.services.bulks, takes_two=True)
    pending = await many.pending(2)
    planned = await bulks.preview(OTTO, Deed.TERMINATE, ByIds(ids=tuple(pending)))
    id_ = await bulks.begin(OTTO, planned, "test data")

    shared = await bulks.runner.advance()
    with pytest.raises(NotPermitted, match="another person"):
        await bulks.release(OTTO, id_)
    with pytest.raises(NotPermitted):
        await bulks.release(SUSAN, id_)
    await bulks.release(Actor(name="olga@example.com", role=Role.OPERATOR), id_)
    bulk = await many.finished(id_)

    assert shared is None
    assert (bulk.released_by, bulk.requested_by, bulk.done) == ("olga@example.com", OTTO.name, 2)


async def test_what_a_wedged_run_is_replaced_by_is_known_afterwards(many: Many, connection: AsyncConnection) -> None:
    (id_,) = await many.pending(1)
    await factories.set_status(connection, id_, Status.RUNNING)
    await connection.execute(
        "UPDATE workflow_executions SET health = %s, cause = 'workflow_failing' WHERE id = %s", (Health.STUCK, id_)
    )
    support = await many.services.bulks.preview(SUSAN, Deed.RETRY, ByIds(ids=(id_,)))

    bulk_id = await many.begin([id_])
    await many.finished(bulk_id)

    (row,) = await many.rows(bulk_id)
    assert support.acting == 0
    assert row.retry_kind == "replace"
    assert row.result in (BulkResult.FAILED, BulkResult.WATCHED)


def is_further(left: int, bulk: BulkView) -> bool:
    return bulk.left < left or not bulk.left


async def attempted(services: Services, actor: Actor, id_: UUID, deed: Deed) -> str | None:
    """The name of what refused it."""
    executions, why = services.executions, "test data"
    try:
        match deed:
            case Deed.RETRY:
                await executions.retry(actor, id_, why)
            case Deed.CANCEL:
                await executions.cancel(actor, id_, why)
            case Deed.TERMINATE:
                await executions.terminate(actor, id_, why)
            case _:
                decision = Decision.APPROVED if deed is Deed.APPROVE else Decision.REJECTED
                await executions.decide(actor, id_, decision, why)
    except OperationsError as refusal:
        return type(refusal).__name__
    return None
