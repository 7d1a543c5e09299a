"""Views and their viewers: who is told what, and that nobody who has gone stands in the way."""

from collections.abc import Iterator

import pytest
from nicegui import Client, ui

from console.live import Hub, Listener, View
from operations.feed import Feed


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


def frames_to(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    pushed: list[tuple[str, str]] = []
    monkeypatch.setattr(hub.lines, "push", lambda tab, frame: pushed.append((tab, frame)))
    return pushed


async def test_a_tab_is_told_once_whatever_follows_the_view_in_it(
    hub: Hub, tab: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, heard, pushed = Counter("a"), list[int](), frames_to(hub, monkeypatch)
    shown = await hub.watch(counter.view, listener(tab))
    await hub.watch(counter.view, listener(tab, heard))

    await hub._refresh_one("a")

    assert shown.value == 1
    assert heard == [2]
    assert pushed == [(tab.id, f"[{shown.edition.view},{shown.edition.number + 1},2]")]
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


async def test_a_tab_hears_its_editions_and_how_old_they_are(
    hub: Hub, tab: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = frames_to(hub, monkeypatch)
    mine = await hub.watch(Counter("a").view, listener(tab))
    other = Client(ui.page("/"), request=None)
    await hub.watch(Counter("b").view, listener(other))

    hub.greet(tab)
    other.delete()

    (_, edition), (_, age) = pushed
    assert edition == mine.edition.frame()
    assert float(age) >= 0
