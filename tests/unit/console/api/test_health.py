import asyncio
from collections.abc import AsyncIterator

import pytest
from nicegui.testing import user_simulation

from console.api import health
from console.api.health import Question


@pytest.fixture(autouse=True)
async def serving() -> AsyncIterator[None]:
    """NiceGUI begins tasks only while it serves."""
    async with user_simulation(lambda: None):
        yield


async def test_a_question_is_asked_once_for_all_who_want_to_know() -> None:
    asked = []

    async def look() -> int:
        asked.append(1)
        await asyncio.sleep(0)
        return len(asked)

    question = Question(ask=look)

    assert set(await asyncio.gather(*(question.answer() for _ in range(20)))) == {1}
    assert await question.answer() == 1


async def test_who_asks_a_silent_part_is_told_within_the_budget_and_asks_it_no_second_time() -> None:
    begun, released = [], asyncio.Event()

    async def look() -> str:
        begun.append(1)
        await released.wait()
        return "late"

    question = Question(ask=look)
    since = asyncio.get_running_loop().time()

    first = await asyncio.gather(question.answer(), question.answer())

    assert set(first) == {None}
    assert asyncio.get_running_loop().time() - since < health.BUDGET + 0.5
    released.set()
    assert await question.answer() == "late"
    assert len(begun) == 1
