import asyncio

import pytest

from console.turns import OF_ONE, SHARED, Turn, Turns


async def is_given_nothing(turns: Turns) -> bool:
    try:
        async with asyncio.timeout(0.02):
            await turns.take()
    except TimeoutError:
        return True
    return False


async def test_one_view_of_another_does_not_wait_behind_a_hundred_of_one() -> None:
    turns = Turns()
    for number in range(100):
        turns.add(f"of one, {number}", "one")
    turns.add("of another", "another")
    turns.add("of all", SHARED)

    given = [(await turns.take()).owner for _ in range(3)]

    assert given == ["one", "another", SHARED]


async def test_one_session_has_only_so_many_views_loaded_at_a_time() -> None:
    turns = Turns()
    for number in range(10):
        turns.add(number, "one")
        turns.add(f"shared {number}", SHARED)

    under_way = [await turns.take() for _ in range(10 + OF_ONE)]

    assert sum(turn.owner == "one" for turn in under_way) == OF_ONE
    assert await is_given_nothing(turns)
    turns.end(next(turn for turn in under_way if turn.owner == "one"))
    assert (await turns.take()).owner == "one"


async def test_a_view_waits_once_and_is_loaded_once_at_a_time() -> None:
    turns = Turns()
    turns.add("a", SHARED)
    turns.add("a", SHARED)
    turn = await turns.take()
    turns.add("a", SHARED)

    assert await is_given_nothing(turns)
    turns.end(turn)
    assert await turns.take() == Turn(key="a", owner=SHARED)


async def test_a_view_is_loaded_at_most_so_often_and_never_forgotten() -> None:
    turns = Turns()
    for _ in range(2):
        turns.add("hours", SHARED, at_most_every=0.1)
        began = asyncio.get_running_loop().time()
        turns.end(await turns.take())

    assert asyncio.get_running_loop().time() - began == pytest.approx(0.1, abs=0.08)
