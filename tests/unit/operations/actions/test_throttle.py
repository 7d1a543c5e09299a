import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time

import pytest

from operations.actions.throttle import OF_STRANGERS, PER_ACCOUNT, PER_ACCOUNT_ANYWHERE, PER_ADDRESS, Throttle
from operations.errors import TooManyTries, WrongPassword

ADA, BOB = "ada@example.com", "bob@example.com"
OFFICE = "192.0.2.1"


async def fail(throttle: Throttle, email: str, address: str, *, times: int = 1, browser: str | None = None) -> None:
    for _ in range(times):
        with pytest.raises(WrongPassword):
            async with throttle.attempt(email, address, browser=browser):
                raise WrongPassword


async def may_try(throttle: Throttle, email: str, address: str, *, browser: str | None = None) -> bool:
    try:
        async with throttle.attempt(email, address, browser=browser):
            return True
    except TooManyTries:
        return False


async def test_who_guesses_from_everywhere_guesses_no_faster() -> None:
    throttle = Throttle()

    for number in range(PER_ACCOUNT_ANYWHERE.amount):
        await fail(throttle, ADA, f"198.51.100.{number}")

    assert not await may_try(throttle, ADA.upper(), "203.0.113.1")
    assert await may_try(throttle, BOB, "203.0.113.1")


async def test_whoever_is_refused_is_told_when_the_first_failure_is_forgotten() -> None:
    throttle, before = Throttle(), time()
    await fail(throttle, ADA, OFFICE)
    after = time()
    await fail(throttle, ADA, OFFICE, times=PER_ACCOUNT.amount - 1)

    asked = time()
    with pytest.raises(TooManyTries) as refused:
        async with throttle.attempt(ADA, OFFICE):
            pass

    assert before + 60 - time() <= refused.value.seconds < after + 60 - asked + 1
    assert f"Wait {refused.value.seconds} second" in refused.value.message


async def test_the_owner_is_not_shut_out_by_those_who_guess() -> None:
    throttle = Throttle()
    await fail(throttle, ADA, OFFICE, times=PER_ACCOUNT.amount)

    for number in range(PER_ACCOUNT_ANYWHERE.amount - PER_ACCOUNT.amount):
        await fail(throttle, ADA, f"198.51.100.{number}")

    assert await may_try(throttle, ADA, OFFICE, browser="hers")


async def test_an_office_is_not_shut_out_by_one_who_guesses_there() -> None:
    throttle = Throttle()

    for number in range(PER_ADDRESS.amount):
        await fail(throttle, f"nobody-{number}@example.com", OFFICE)

    assert not await may_try(throttle, BOB, OFFICE)
    assert await may_try(throttle, BOB, OFFICE, browser="his")


async def test_all_strangers_together_are_bounded_and_nobody_else() -> None:
    throttle = Throttle()

    for number in range(OF_STRANGERS.amount):
        await fail(throttle, f"nobody-{number}@example.com", f"198.51.{number // 250}.{number % 250}")

    assert not await may_try(throttle, BOB, "203.0.113.1")
    assert await may_try(throttle, BOB, "203.0.113.1", browser="his")


async def test_a_known_browser_guesses_no_faster_than_others() -> None:
    throttle = Throttle()

    await fail(throttle, ADA, OFFICE, times=PER_ACCOUNT.amount, browser="stolen")

    assert not await may_try(throttle, ADA, OFFICE, browser="stolen")
    assert await may_try(throttle, ADA, OFFICE, browser="hers")


async def test_what_one_network_of_version_6_has_counts_as_one_address() -> None:
    throttle = Throttle()

    for number in range(PER_ADDRESS.amount):
        await fail(throttle, f"nobody-{number}@example.com", f"2001:db8::{number:x}")

    assert not await may_try(throttle, BOB, "2001:db8:0:0:ffff::1")
    assert await may_try(throttle, BOB, "2001:db8:0:1::1")


async def test_who_could_be_one_too_many_waits_and_goes_on_when_the_others_were_right() -> None:
    throttle, right = Throttle(), asyncio.Event()

    @asynccontextmanager
    async def under_way() -> AsyncIterator[None]:
        async with throttle.attempt(ADA, OFFICE):
            await right.wait()
            yield

    async def log_in() -> bool:
        async with under_way():
            return True

    together = [asyncio.ensure_future(log_in()) for _ in range(PER_ACCOUNT.amount + 2)]
    done, waiting = await asyncio.wait(together, timeout=0.01)
    assert not done
    right.set()

    assert all(await asyncio.gather(*waiting))


async def test_who_waits_is_refused_when_the_others_were_wrong() -> None:
    throttle, wrong = Throttle(), asyncio.Event()

    async def guess() -> None:
        async with throttle.attempt(ADA, OFFICE):
            await wrong.wait()
            raise WrongPassword

    together = [asyncio.ensure_future(guess()) for _ in range(PER_ACCOUNT.amount + 2)]
    await asyncio.wait(together, timeout=0.01)
    wrong.set()
    answers = await asyncio.gather(*together, return_exceptions=True)

    assert [type(answer) for answer in answers].count(WrongPassword) == PER_ACCOUNT.amount
    assert [type(answer) for answer in answers].count(TooManyTries) == 2
