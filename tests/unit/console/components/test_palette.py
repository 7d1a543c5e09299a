"""What the search over any page asks of the database: little, and one thing at a time."""

import asyncio

import pytest

from console.components.palette import LONGEST, Entry, Found, Questions

FOUND = Found(entries=(Entry(group="Tenants", label="Acme Inc.", href="/tenants/acme"),))


async def test_while_one_question_is_asked_only_the_last_of_the_others_waits() -> None:
    asked: list[str] = []
    told: list[int] = []
    is_asked, is_answered = asyncio.Event(), asyncio.Event()

    async def ask(text: str) -> Found:
        asked.append(text)
        is_asked.set()
        await is_answered.wait()
        return FOUND

    questions = Questions(ask, lambda number, _: told.append(number))
    first = asyncio.ensure_future(questions.hear(1, "a"))
    await is_asked.wait()

    await questions.hear(2, "ac")
    await questions.hear(3, "acm")

    assert asked == ["a"]
    is_answered.set()
    await first
    assert asked == ["a", "acm"]
    assert told == [1, 3]


async def test_a_question_that_failed_keeps_nobody_from_the_next() -> None:
    told: list[int] = []

    async def ask(text: str) -> Found:
        if text == "bad":
            raise RuntimeError
        return FOUND

    questions = Questions(ask, lambda number, _: told.append(number))
    with pytest.raises(RuntimeError):
        await questions.hear(1, "bad")

    await questions.hear(2, "good")

    assert told == [2]


async def test_a_long_text_is_cut_before_anybody_looks_at_it() -> None:
    asked: list[str] = []

    async def ask(text: str) -> Found:
        asked.append(text)
        return FOUND

    await Questions(ask, lambda *_: None).hear(1, "x" * 1_000_000)

    assert [len(text) for text in asked] == [LONGEST]
