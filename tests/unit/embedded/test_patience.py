import asyncio

from embedded import patience


async def test_waiting_ends_with_the_fact() -> None:
    answers = iter([False, False, True])

    assert await patience.until(lambda: next(answers), within=5, every=0)


async def test_waiting_ends_with_the_deadline() -> None:
    assert not await patience.until(lambda: False, within=0.05)


async def test_an_answer_that_hangs_is_a_no() -> None:
    async def hang() -> bool:
        await asyncio.Event().wait()
        return True

    assert not await patience.once(hang, within=0.05)
    assert not await patience.until_answered(hang, within=0.05)
