"""A server is called silent when it is, and not when this process was too busy to hear it."""

import asyncio
import hashlib
from collections.abc import Iterator
from time import monotonic

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import ConnectionPoolEntry

from operations import silence
from operations.database import Database
from operations.silence import Silence
from workbench.servers import eventually

SOON = 10 * silence.SUSPICIOUS


@pytest.fixture
def lent() -> Iterator[ConnectionPoolEntry]:
    engine = create_engine("sqlite://")
    connection = engine.raw_connection()
    record = connection._connection_record
    assert record is not None
    yield record
    connection.close()
    engine.dispose()


def work_for(seconds: float) -> None:
    """As a callback does that keeps the whole process busy."""
    until = monotonic() + seconds
    while monotonic() < until:
        hashlib.sha256(bytes(100_000)).digest()


async def test_a_question_without_an_answer_is_silence(lent: ConnectionPoolEntry) -> None:
    async def ask() -> None:
        raise TimeoutError

    silent = Silence(ask=ask)
    silent.lend(lent)

    async def is_known() -> bool:
        return silent.is_known

    await eventually(is_known, bool, within=SOON)
    silent.take_back(lent)


async def test_a_question_that_this_process_was_too_busy_for_is_asked_again(lent: ConnectionPoolEntry) -> None:
    answered = asyncio.Event()
    questions = 0

    async def ask() -> None:
        nonlocal questions
        questions += 1
        if questions == 1:
            await asyncio.sleep(0)
            work_for(2 * silence.DEAF)
            await asyncio.sleep(0)
            raise TimeoutError
        answered.set()

    silent = Silence(ask=ask)
    silent.lend(lent)

    async with asyncio.timeout(SOON):
        await answered.wait()
    silent.take_back(lent)
    assert not silent.is_known


def test_two_databases_are_told_apart() -> None:
    """Measurements keep what they know by the database."""
    databases = [Database.at("postgresql://127.0.0.1:1/nowhere", name="test") for _ in range(2)]

    assert len({database: database.engine for database in databases}) == 2
