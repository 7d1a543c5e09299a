"""The feed tells every change exactly once, whatever happens to transactions and connections."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from operations import feed
from operations.connections import connect_directly
from operations.feed import MOST, WHICH, Changed, Feed
from tests.integration.queries.silent_link import silent_link
from workbench.servers import Databases, eventually

INSERT = "INSERT INTO tenants (id, slug, name, plan, registered_by) VALUES (%s, %s, 'Name', 'starter', 'test')"
KILL_FEEDS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'tenantry feed' AND datname = current_database()"
)


@dataclass(slots=True)
class Heard:
    """What a reader of the feed was told."""

    feed: Feed
    ids: list[str] = field(default_factory=list)
    everything: int = 0

    def take(self, changed: Changed) -> None:
        self.everything += changed.everything
        self.ids += [id_ for kind, id_ in changed.things if kind == "tenant"]

    async def times_everything(self) -> int:
        return self.everything

    async def all_of(self, expected: set[str], *, within: float = 10.0) -> None:
        async def look() -> set[str]:
            return expected - set(self.ids)

        await eventually(look, lambda missing: not missing, within=within)

    async def at_least(self, number: int) -> None:
        async def look() -> int:
            return len(self.ids)

        await eventually(look, lambda heard: heard >= number)


@asynccontextmanager
async def listening(url: str, *, reader: Feed | None = None) -> AsyncIterator[Heard]:
    """A reader that was told once that everything has changed, as the first look of a new one tells."""
    heard = Heard(reader or Feed(dsn=url, interval=0.02))

    async def listen() -> None:
        async for changed in heard.feed.watch():
            heard.take(changed)

    task = asyncio.ensure_future(listen())
    try:
        await eventually(heard.times_everything, lambda number: number == 1)
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def connected(url: str, *, autocommit: bool = True) -> AsyncIterator[AsyncConnection]:
    connection = await connect_directly(url, name="test", autocommit=autocommit)
    async with connection:
        yield connection


async def add_tenant(connection: AsyncConnection) -> str:
    id_ = uuid4()
    await connection.execute(INSERT, (id_, f"t{id_.hex}"))
    return str(id_)


async def write(url: str, seed: int, transactions: int) -> set[str]:
    """Transactions that stay open for random short times, so that they commit out of order; some roll back."""
    choice = random.Random(seed)
    written: set[str] = set()
    async with connected(url, autocommit=False) as connection:
        for _ in range(transactions):
            ids = [await add_tenant(connection) for _ in range(choice.choice((1, 1, 3)))]
            await connection.execute("SELECT pg_sleep(%s)", (choice.choice((0, 0, 0.01, 0.05)),))
            if choice.random() < 0.1:
                await connection.rollback()
            else:
                await connection.commit()
                written.update(ids)
    return written


async def test_nothing_is_missed_and_nothing_comes_twice(database_url: str) -> None:
    async with listening(database_url) as heard:
        written = set().union(*await asyncio.gather(*(write(database_url, seed, 40) for seed in range(10))))

        await heard.all_of(written)

    assert sorted(heard.ids) == sorted(written)
    assert heard.everything == 1


async def test_nothing_waits_for_a_transaction_that_stays_open(database_url: str) -> None:
    async with (
        listening(database_url) as heard,
        connected(database_url, autocommit=False) as slow,
        connected(database_url) as quick,
    ):
        late = await add_tenant(slow)
        early = {await add_tenant(quick) for _ in range(3)}

        await heard.all_of(early)
        assert late not in heard.ids

        await slow.commit()

        await heard.all_of({late})
    assert sorted(heard.ids) == sorted({*early, late})


async def test_of_a_database_that_took_the_place_of_another_one_everything_has_changed(
    databases: Databases, database_url: str
) -> None:
    other = await asyncio.to_thread(databases.create)
    async with listening(database_url) as heard:
        await asyncio.to_thread(databases.put_in_place_of, database_url, other)

        await eventually(heard.times_everything, lambda number: number == 2)
        async with connected(database_url) as connection:
            await heard.all_of({await add_tenant(connection)})
    assert heard.everything == 2


async def test_of_a_database_that_was_restored_to_an_earlier_moment_everything_has_changed(database_url: str) -> None:
    async with connected(database_url) as connection:
        of_later = Feed(
            dsn=database_url,
            interval=0.02,
            _database=(await (await connection.execute(WHICH)).fetchone() or (None,))[0],
            _snapshot="900000000:900000000:",
        )

        async with listening(database_url, reader=of_later) as heard:
            await heard.all_of({await add_tenant(connection)})
    assert heard.everything == 1


async def test_a_killed_connection_loses_nothing(database_url: str) -> None:
    async with listening(database_url) as heard, connected(database_url) as killer:
        writing = asyncio.gather(*(write(database_url, seed, 30) for seed in range(6)))
        for number in (50, 150):
            await heard.at_least(number)
            await killer.execute(KILL_FEEDS)
        written = set().union(*await writing)

        await heard.all_of(written)

    assert sorted(heard.ids) == sorted(written)
    assert heard.everything == 1


async def test_a_silent_connection_is_replaced_within_seconds_and_loses_nothing(database_url: str) -> None:
    async with silent_link(database_url) as link, listening(link.url) as heard, connected(database_url) as writer:
        link.fall_silent()
        fell_silent = monotonic()
        written = {await add_tenant(writer) for _ in range(3)}

        await heard.all_of(written, within=6.0)

        assert monotonic() - fell_silent < 4.0
        assert link.connections > 1
        assert heard.feed.silent_for < 1.0
    assert sorted(heard.ids) == sorted(written)


async def test_a_feed_that_ends_in_the_middle_of_a_look_leaves_its_socket_to_nobody(database_url: str) -> None:
    async with silent_link(database_url) as link:
        async with listening(link.url) as heard:
            link.fall_silent()

            async def silent_for() -> float:
                return heard.feed.silent_for

            await eventually(silent_for, lambda seconds: seconds > 0.5)

        async with connected(database_url) as next_one:  # the system gives it the number of the socket just closed
            await add_tenant(next_one)


async def test_too_many_changes_at_once_count_as_everything(database_url: str) -> None:
    async with listening(database_url) as heard, connected(database_url) as writer:
        await writer.execute("SET statement_timeout = 0")  # what is tried is the feed, not the writing
        await writer.execute(
            "INSERT INTO tenants (slug, name, plan, registered_by) "
            "SELECT 't' || number, 'Name', 'starter', 'test' FROM generate_series(1, %s) AS number",
            (MOST * 25,),
        )

        async def looks() -> int:
            return heard.everything

        await eventually(looks, lambda everything: everything == 2)
        one = await add_tenant(writer)
        await heard.all_of({one})

    assert heard.ids == [one]


async def test_rolled_back_changes_are_never_told(database_url: str) -> None:
    async with listening(database_url) as heard, connected(database_url, autocommit=False) as writer:
        await add_tenant(writer)
        await writer.rollback()
        id_ = await add_tenant(writer)
        await writer.commit()

        await heard.all_of({id_})

    assert heard.ids == [id_]


async def test_pruning_deletes_old_rows_and_no_others(database_url: str) -> None:
    async with connected(database_url) as connection:
        for _ in range(5):
            await add_tenant(connection)
        await connection.execute("UPDATE changes SET at = now() - interval '2 hours'")
        kept = [await add_tenant(connection) for _ in range(3)]

        async def left() -> list[str]:
            rows = await (await connection.execute("SELECT id FROM changes ORDER BY seq")).fetchall()
            return [str(id_) for (id_,) in rows]

        task = asyncio.ensure_future(feed.prune(database_url, every=0.05))
        try:
            assert await eventually(left, lambda ids: len(ids) < 8) == kept
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def test_what_concerns_whom() -> None:
    id_ = str(UUID(int=1))
    changed = Changed(things=frozenset({("execution", id_)}))

    assert changed.concerns("execution")
    assert changed.concerns("execution", id_)
    assert not changed.concerns("tenant")
    assert not changed.concerns("execution", "another")
    assert Changed(everything=True).concerns("tenant", "another")


async def test_each_look_tells_the_clock_what_time_it_is_at_the_database(database_url: str) -> None:
    async with listening(database_url) as heard:
        heard.feed.clock.set(datetime.now(UTC) - timedelta(days=1))  # as a wrong clock of this machine would

        async def away() -> float:
            return abs((heard.feed.clock.now() - datetime.now(UTC)).total_seconds())

        await eventually(away, lambda seconds: seconds < 60)
