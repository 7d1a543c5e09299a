"""Pushes changes to every open page: one feed, one query per distinct view, one frame for all its viewers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, Protocol, TypeVar, cast

from nicegui import Client, ui
from prometheus_client import Counter, Gauge

from console.lines import BEAT, Edition, Lines, age
from console.slow_views import SlowViews
from operations.errors import DatabaseSlow, DatabaseUnavailable, OperationsError
from operations.feed import Changed, Feed
from operations.logs import logger

log = logger(__name__)

ValueT = TypeVar("ValueT")
NewsT = TypeVar("NewsT")
SILENCE = 2.0  #: seconds without an answered look after which the pages say so
# Queries grow with changes and distinct views, never with viewers; viewers fall again when their tabs go.
live_queries = Counter("tenantry_live_queries", "Views loaded again because something changed")
live_viewers = Gauge("tenantry_live_viewers", "Parts of open pages that follow a view")
tasks = Gauge("tenantry_tasks", "Tasks of the console's event loop")
NOWHERE = Edition(0, 0)  #: of no view
AT_ONCE = 6  #: queries of different views at the same time; fewer than the pool has connections


@dataclass(frozen=True, kw_only=True, slots=True)
class View(Generic[ValueT, NewsT]):
    """Something that pages show. Viewers of an equal `key` share one value, one query and one frame."""

    key: Hashable
    concerns: Callable[[Changed], bool]
    load: Callable[[], Awaitable[ValueT]]
    news: Callable[[ValueT, ValueT], NewsT | None]  #: from what is shown to what is true; None: nothing to tell
    to_json: Callable[[NewsT], str | None] | None = None  #: for the parts of pages that follow it in the browser


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown(Generic[ValueT]):
    """What a view shows, and in which edition."""

    value: ValueT
    edition: Edition


class Listener(ui.element, Generic[NewsT]):
    """A viewer; it ends with the part of the page in which it was made, also within one tab."""

    def __init__(self, hear: Callable[[NewsT], None] | None = None) -> None:
        """Without `hear`, all that there is to hear is for parts of the page in the browser."""
        super().__init__("template")
        self.hear = hear
        self.tab = self.client.id
        self.leave: Callable[[], None] | None = None

    def tell(self, news: NewsT) -> None:
        """Let the page hear the news, in its own context; a page that fails must not keep them from the others."""
        if self.hear is None:
            return
        try:
            with self:
                self.hear(news)
        except Exception:
            log.exception("a page could not show what changed")

    def _handle_delete(self) -> None:
        if self.leave is not None:
            self.leave()
        super()._handle_delete()


class Channel(Generic[ValueT, NewsT]):
    """The viewers of one view, and what they see now."""

    _numbers = count(1)

    def __init__(self, view: View[ValueT, NewsT], lines: Lines, slow: SlowViews) -> None:
        self.view = view
        self._slow = slow
        self.edition = Edition(next(self._numbers), 0)
        self._lines = lines
        self.listeners: dict[Listener[NewsT], None] = {}  # in the order of arrival
        self._shown: list[ValueT] = []  # the value shown, once there is one
        # Without the lock, a change that comes while the first value is being loaded would be told to nobody.
        self._lock = asyncio.Lock()

    @property
    def is_watched(self) -> bool:
        return bool(self.listeners)

    async def current(self) -> Shown[ValueT]:
        """What viewers see, loaded when nobody has seen it yet."""
        async with self._lock:
            if not self._shown:
                self._shown = [await self._load()]
            return Shown(value=self._shown[0], edition=self.edition)

    async def refresh(self) -> None:
        """Query once, and tell every viewer what is new."""
        async with self._lock:
            value = await self._load()
            news = self.view.news(self._shown[0], value) if self._shown else None
            self._shown = [value]
            if news is not None:
                self._tell(news)

    async def _load(self) -> ValueT:
        """Raises at once what the database said a moment ago of a view that takes too long."""
        self._slow.check(self.view.key)
        try:
            value = await self.view.load()
        except DatabaseSlow as error:
            self._slow.note(self.view.key, error)
            raise
        self._slow.forget(self.view.key)
        return value

    def _tell(self, news: NewsT) -> None:
        news_json = None if self.view.to_json is None else self.view.to_json(news)
        if news_json is not None:
            self.edition = Edition(self.edition.view, self.edition.number + 1)
            frame = self.edition.frame(news_json)
            for tab in {listener.tab for listener in self.listeners}:
                self._lines.push(tab, frame)
        for listener in tuple(self.listeners):
            listener.tell(news)

    def is_watched_by(self, tab: str) -> bool:
        return any(listener.tab == tab for listener in self.listeners)

    def concerns(self, changed: Changed) -> bool:
        return self.view.concerns(changed)


class Refreshable(Protocol):
    """A channel, whatever it carries."""

    @property
    def is_watched(self) -> bool: ...
    @property
    def edition(self) -> Edition: ...
    def is_watched_by(self, tab: str) -> bool: ...
    def concerns(self, changed: Changed) -> bool: ...
    async def refresh(self) -> None: ...


class Pulse(ui.element):
    """Tells a page whether the feed lives; the tab's line hears how long ago the last look was answered."""

    def __init__(self, hub: "Hub", *, silent: Callable[[bool], None]) -> None:
        """`silent` hears when the feed falls silent or speaks again."""
        super().__init__("template")
        self.tab = self.client.id
        self.silent = silent
        self._hub = hub
        hub.pulses[self] = None

    def _handle_delete(self) -> None:
        self._hub.pulses.pop(self, None)
        super()._handle_delete()


class Hub:
    """One per process; `run` lives in the application's lifespan."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.lines = Lines()
        self.pulses: dict[Pulse, None] = {}
        self.is_silent = False
        self._channels: dict[Hashable, Refreshable] = {}
        self._stale: set[Hashable] = set()  #: views to load again
        self._behind: set[Hashable] = set()  #: those that the database would not answer
        self._slow = SlowViews()
        self._work = asyncio.Event()
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def greet(self, client: Client) -> None:
        """Tell a tab that has shaken hands, perhaps again, which editions it should have."""
        tab = client.id
        self.lines.begin(client, lambda: self._editions(tab))

    async def watch(self, view: View[ValueT, NewsT], listener: Listener[NewsT]) -> Shown[ValueT]:
        """What the view shows now; the listener gets the news from then on, until its part of the page goes.

        May be called again for the same view and listener, by a page that has missed something. When that part of the
        page has gone meanwhile, nobody listens.
        """
        if listener.is_deleted:
            return Shown(value=await view.load(), edition=NOWHERE)
        channel = cast(
            "Channel[ValueT, NewsT]", self._channels.setdefault(view.key, Channel(view, self.lines, self._slow))
        )
        if listener not in channel.listeners:
            channel.listeners[listener] = None
            live_viewers.inc()
            listener.leave = lambda: self._leave(channel, listener)
        return await channel.current()

    async def run(self) -> None:
        """Serve until cancelled."""
        loop = asyncio.get_running_loop()
        tasks.set_function(lambda: len(asyncio.all_tasks(loop)))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            group.create_task(self._refresh_stale())
            async for changed in self.feed.watch():
                self._stale |= {key for key, channel in self._channels.items() if channel.concerns(changed)}
                self._work.set()

    @property
    def channels(self) -> int:
        return len(self._channels)

    def _editions(self, tab: str) -> Sequence[str]:
        watched = [channel.edition.frame() for channel in self._channels.values() if channel.is_watched_by(tab)]
        return [*watched, age(self._age_for(tab))]

    def _age_for(self, tab: str) -> float:
        """Seconds by which what the tab shows may be old: the feed's silence, or that of its slowest view."""
        behind = [
            self._slow.behind_for(key)
            for key in self._behind
            if key in self._channels and self._channels[key].is_watched_by(tab)
        ]
        return max(self.feed.silent_for, *behind, 0.0)

    def _leave(self, channel: Channel[ValueT, NewsT], listener: Listener[NewsT]) -> None:
        if listener in channel.listeners:
            del channel.listeners[listener]
            live_viewers.dec()
        if not channel.is_watched and self._channels.get(channel.view.key) is channel:
            del self._channels[channel.view.key]

    async def _refresh_stale(self) -> None:
        """Beside the feed, so that slow queries neither stop it nor let it seem silent; what comes meanwhile waits."""
        while True:
            await self._work.wait()
            self._work.clear()
            stale, self._stale = self._stale, set()
            await asyncio.gather(*(self._refresh_one(key) for key in stale))

    async def _refresh_one(self, key: Hashable) -> None:
        channel = self._channels.get(key)
        if channel is None:
            return
        async with self._at_once:
            try:
                live_queries.inc()
                await channel.refresh()
            except DatabaseUnavailable:
                self._behind.add(key)
            except OperationsError as error:  # what was shown is gone; its page says so when it is opened again
                log.info("a view cannot be shown any more", view=str(key), why=error.message)
            except Exception:
                log.exception("a view could not be refreshed", view=str(key))

    async def _beat(self) -> None:
        while True:
            silent = self.feed.silent_for > SILENCE
            for pulse in tuple(self.pulses):
                if silent != self.is_silent:
                    pulse.silent(silent)
                self.lines.beat(pulse.tab, self._age_for(pulse.tab))
            self.is_silent = silent
            self._slow.sweep()
            if not silent and (due := {key for key in self._behind if self._slow.is_due(key)}):
                self._stale |= due
                self._behind -= due
                self._work.set()
            await asyncio.sleep(BEAT)
