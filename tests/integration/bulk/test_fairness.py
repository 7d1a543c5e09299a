"""Nobody's bulk operations keep those of others waiting, however many they begin."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

from operations.access import Actor
from operations.bulk.bulks import MOST_OPEN
from operations.bulk.running import MOST_SENT, Share
from operations.errors import TooManyBulks
from operations.kinds import Deed
from operations.statuses import Role
from tests.integration.bulk.many_runs import OTTO, Many
from workbench.servers import eventually

SUSAN = Actor(name="susan@example.com", role=Role.SUPPORT)
RATE = 20
DUE = "UPDATE bulk_operations SET next_at = next_at - interval '1 hour'"


async def shares(many: Many, number: int) -> list[Share]:
    """The next, each as soon as the one before it is over."""
    runner, found = replace(many.services.bulks.runner, rate=RATE), []
    for _ in range(number):
        share = await eventually(runner.advance, lambda share: share is not None)
        assert share is not None
        found.append(share)
    return found


async def test_people_take_turns_and_not_their_operations(many: Many) -> None:
    susans = {await many.begin([id_], actor=SUSAN) for id_ in await many.failed(MOST_OPEN)}
    ottos = await many.begin(await many.failed(30), actor=OTTO)

    found = [share.bulk_id for share in await shares(many, 6)]

    assert found.count(ottos) == 3
    assert {*found} <= {ottos, *susans}
    assert all((one == ottos) is not (next_ == ottos) for one, next_ in pairwise(found))


async def test_who_goes_on_beginning_small_ones_has_no_more_turns(many: Many) -> None:
    """What has ended counts, too: an operation of one row is over before its turn is."""
    ids = await many.failed(5)
    ottos = await many.begin(await many.failed(40), actor=OTTO)
    found: list[UUID] = []

    for id_ in ids:
        await many.begin([id_], actor=SUSAN)
        found += [share.bulk_id for share in await shares(many, 1)]
        await many.services.deliverer.deliver_due()

    assert found.count(ottos) >= 2


async def test_a_share_is_no_more_than_what_is_left(many: Many) -> None:
    runner = many.services.bulks.runner
    await many.begin(await many.failed(1))

    share = await runner.advance()

    assert share is not None
    assert (share.rows, share.seconds) == (1, 1 / runner.rate)


async def test_what_of_one_person_is_on_its_way_keeps_nobody_else_waiting(many: Many) -> None:
    await many.begin(await many.failed(MOST_SENT + 20), actor=SUSAN)
    while await many.services.bulks.runner.advance() is not None:
        await many.connection.execute(DUE)
    ottos = await many.begin(await many.failed(1), actor=OTTO)

    (share,) = await shares(many, 1)

    assert share.bulk_id == ottos


async def test_of_those_that_one_person_begins_at_once_so_many_are_taken(many: Many) -> None:
    bulks = replace(many.services.bulks, takes_two=True)
    pending = await many.pending(1)
    planned = await bulks.preview(OTTO, Deed.TERMINATE, many.chosen(pending))

    begun = await asyncio.gather(
        *(bulks.begin(OTTO, planned, "test data") for _ in range(2 * MOST_OPEN)), return_exceptions=True
    )

    refused = [each for each in begun if isinstance(each, TooManyBulks)]
    taken = [each for each in begun if isinstance(each, UUID)]
    assert (len(taken), len(refused)) == (MOST_OPEN, MOST_OPEN)
    assert refused[0].message.startswith("10 bulk operations of yours are open; nothing was begun.")
    await bulks.begin(Actor(name="olga@example.com", role=Role.OPERATOR), planned, "test data")
    await bulks.stop(OTTO, taken[0])
    await bulks.runner.advance()
    assert await bulks.begin(OTTO, planned, "test data")


async def test_a_waiting_operation_of_another_person_comes_in_seconds(many: Many) -> None:
    """As it runs: a person's urgent decision beside as many operations as somebody else may have."""
    for id_ in await many.failed(MOST_OPEN):
        await many.begin([id_], actor=SUSAN)
    waiting = await many.waiting_for_approval(3)
    ottos = await many.begin(waiting, Deed.APPROVE, actor=OTTO)
    running = asyncio.ensure_future(many.services.bulks.runner.run())

    bulk = await eventually(lambda: many.bulk(ottos), lambda seen: not seen.left)

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (bulk.left, bulk.skipped) == (0, 0)
