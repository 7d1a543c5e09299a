"""Views and their viewers: who is told what, and that nobody who has gone stands in the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Never
from uuid import uuid4

import pytest
from nicegui import Client, ui
from starlette.requests import Request
from starlette.types import Message

from console.channels import Listener, View
from console.lines import LINE, Line
from console.live import Hub, Pulse
from operations.access import Actor, Permission
from operations.actions.staff import Session
from operations.errors import DatabaseSlow, NotPermitted
from operations.feed import Changed, Feed
from operations.liveness import Outage, Part
from operations.statuses import Role
from workbench.servers import eventually


class Counter:
    """A view of a number that grows with every load."""

    def __init__(self, name: str) -> None:
        self.loads = 0
        self.view: View[int, int] = View(
            key=name, concerns=lambda _: True, load=self._load, news=lambda _, after: after, to_json=str
        )

    async def _load(self) -> int:
        self.loads += 1
        return self.loads


@pytest.fixture
def hub() -> Hub:
    return Hub(Feed(dsn=""))


@pytest.fixture
def tab() -> Iterator[Client]:
    client = Client(ui.page("/"), request=None)
    yield client
    client.delete()


def listener(tab: Client, heard: list[int] | None = None) -> Listener[int]:
    with tab:
        return Listener[int](None if heard is None else heard.append)


@asynccontextmanager
async def connected(hub: Hub, tab: Client) -> AsyncIterator[list[str]]:
    """The events that the tab's socket is sent from its handshake on."""
    events: list[str] = []

    async def send(message: Message) -> None:
        events.append(str(message["text"]))

    line = Line(send)
    async with hub.lines.carrying(line):
        tab.environ = {"asgi.scope": {LINE: line}}
        hub.greet(tab)
        await until(events, 1)
        yield events


async def until(events: list[str], number: int) -> None:
    async def look() -> list[str]:
        return events

    await eventually(look, lambda seen: len(seen) >= number)


async def test_a_tab_is_told_once_whatever_follows_the_view_in_it(hub: Hub, tab: Client) -> None:
    counter, heard = Counter("a"), list[int]()
    shown = await hub.watch(counter.view, listener(tab))
    await hub.watch(counter.view, listener(tab, heard))

    async with connected(hub, tab) as events:
        await hub._refresh_one("a")
        await until(events, 2)

    assert shown.value == 1
    assert heard == [2]
    assert events[1:] == [f'42["news",[{shown.edition.view},{shown.edition.number + 1},2]]']
    assert (await hub.watch(counter.view, listener(tab))).edition.number == 1


async def test_a_view_that_is_watched_anew_is_another_one(hub: Hub, tab: Client) -> None:
    counter = Counter("a")
    first = listener(tab)
    before = await hub.watch(counter.view, first)
    first.delete()

    after = await hub.watch(counter.view, listener(tab))

    assert before.edition.view != after.edition.view
    assert hub.channels == 1


async def test_a_part_of_the_page_that_has_gone_is_shown_the_view_and_listens_to_nothing(hub: Hub, tab: Client) -> None:
    counter, gone = Counter("a"), listener(tab)
    gone.delete()

    assert (await hub.watch(counter.view, gone)).value == 1
    assert hub.channels == 0


@pytest.mark.parametrize(("role", "is_shown"), [(Role.OPERATOR, False), (Role.ADMIN, True)])
async def test_a_view_is_shown_to_those_who_may_see_it_only(hub: Hub, role: Role, is_shown: bool) -> None:
    counter = Counter("a")
    view = replace(counter.view, permission=Permission.MANAGE_STAFF)
    session = Session(id=uuid4(), actor=Actor(name="someone", role=role))
    request = {"type": "http", "path": "/", "query_string": b"", "headers": [], "state": {"session": session}}
    tab = Client(ui.page("/"), request=Request(request))
    follower = listener(tab)

    with nullcontext() if is_shown else pytest.raises(NotPermitted):
        await hub.watch(view, follower)

    assert (counter.loads, hub.channels) == ((1, 1) if is_shown else (0, 0))
    tab.delete()


async def test_a_tab_hears_its_editions_and_how_old_they_are(hub: Hub, tab: Client) -> None:
    mine = await hub.watch(Counter("a").view, listener(tab))
    other = Client(ui.page("/"), request=None)
    await hub.watch(Counter("b").view, listener(other))

    async with connected(hub, tab) as events:
        other.delete()

    event, edition, age, told = json.loads(events[0].removeprefix("42"))
    assert (event, edition) == ("news", [mine.edition.view, mine.edition.number])
    assert age >= 0
    assert abs(told["now"] / 1000 - datetime.now(UTC).timestamp()) < 60


class Slow(Counter):
    """One for which the database takes too long."""

    is_slow = True

    async def _load(self) -> int:
        await super()._load()
        if self.is_slow:
            raise DatabaseSlow
        return self.loads


async def test_a_slow_view_is_asked_for_less_and_less_often_by_whomever(
    tab: Client,
) -> None:
    clock = [0.0]
    hub = Hub(Feed(dsn=""), clock=lambda: clock[0])
    slow = Slow("a")

    asked_at = []
    for second in range(200):
        clock[0] = float(second)
        viewer = listener(tab)
        before = slow.loads
        with pytest.raises(DatabaseSlow):
            await hub.watch(slow.view, viewer)
        await hub._refresh_one("a")
        asked_at += [second] if slow.loads > before else []
        viewer.delete()

    assert asked_at == [0, 2, 6, 14, 30, 62, 122, 182]


async def test_a_view_that_became_slow_keeps_its_value_and_says_how_old_it_is(
    tab: Client,
) -> None:
    clock = [100.0]
    hub = Hub(Feed(dsn=""), clock=lambda: clock[0])
    slow = Slow("a")
    slow.is_slow = False
    await hub.watch(slow.view, listener(tab))
    slow.is_slow = True

    await hub._refresh_one("a")
    clock[0] = 130.0

    assert (await hub.watch(slow.view, listener(tab))).value == 1
    assert hub._age_for(tab.id) == pytest.approx(30.0)
    assert hub._age_for("another tab") < 5.0
    slow.is_slow = False
    await hub._refresh_one("a")
    assert hub._age_for(tab.id) < 5.0
    assert (await hub.watch(slow.view, listener(tab))).value == 3


async def test_a_banner_or_view_that_fails_keeps_nothing_from_the_others(hub: Hub, tab: Client) -> None:
    heard: list[object] = []

    def fail(_: object) -> Never:
        raise ValueError

    with tab:
        Pulse(hub, show=fail)
        Pulse(hub, show=heard.append)
    broken = replace(Counter("broken").view, concerns=fail)
    await hub.watch(broken, listener(tab))
    hub.outages = (Outage(part=Part.DATABASE, since=datetime.now(UTC)),)

    beating = asyncio.create_task(hub._beat())
    await asyncio.wait({beating}, timeout=0.05)

    assert not beating.done()
    assert len(heard) == 1
    assert all(channel.concerns(Changed()) for channel in hub._channels.values())
    beating.cancel()


def test_an_outage_of_the_database_began_by_the_clock_of_the_database(hub: Hub) -> None:
    there = datetime(2026, 1, 1, tzinfo=UTC)
    hub.feed.clock.set(there)

    (outage,) = hub._outages_now(silent=True)

    assert abs((outage.since - there).total_seconds()) < 60
