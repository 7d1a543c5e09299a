import asyncio

import pytest

from operations.actions.passwords import LONGEST, MOST, MOST_OF_STRANGERS, Passwords, password_problem
from operations.errors import LoginsBusy

RIGHT = "correct horse battery"


async def test_a_password_is_recognised() -> None:
    passwords = Passwords()
    hashed = await passwords.hashed(RIGHT)

    assert await passwords.matches(hashed, RIGHT, known=False)
    for wrong in (RIGHT + " ", "", "\ud800"):
        assert not await passwords.matches(hashed, wrong, known=False)
    assert not await passwords.matches(None, RIGHT, known=False)


async def test_nothing_is_cut_off_a_password() -> None:
    passwords, longest = Passwords(), "p" * LONGEST
    hashed = await passwords.hashed(longest)

    assert await passwords.matches(hashed, longest, known=False)
    assert not await passwords.matches(hashed, longest + "junk", known=False)
    assert password_problem(longest + "p")


async def test_only_so_many_wait_and_strangers_leave_room() -> None:
    passwords = Passwords()
    strangers = [asyncio.ensure_future(passwords.matches(None, RIGHT, known=False)) for _ in range(MOST_OF_STRANGERS)]
    await asyncio.sleep(0)

    with pytest.raises(LoginsBusy):
        await passwords.matches(None, RIGHT, known=False)
    known = [asyncio.ensure_future(passwords.matches(None, RIGHT, known=True)) for _ in range(MOST - MOST_OF_STRANGERS)]
    await asyncio.sleep(0)
    with pytest.raises(LoginsBusy):
        await passwords.matches(None, RIGHT, known=True)

    for each in (*strangers, *known):
        each.cancel()
    await asyncio.gather(*strangers, *known, return_exceptions=True)
    assert not await passwords.matches(None, RIGHT, known=False)
