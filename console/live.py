"""Pushes changes to every open page: one feed, one query per distinct view, one message for all its viewers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from nicegui import ui
from prometheus_client import Counter, Gauge

from operations.errors import DatabaseUnavailable, OperationsError
from operations.feed import Changed, Feed
from operations.logs import logger

log = logger(__name__)

ValueT = TypeVar("ValueT")
NewsT = TypeVar("NewsT")
SILENCE = 2.0  #: seconds without an answered look after which the pages say so
BEAT = 1.0  #: seconds between two signs of life
# Queries grow with changes and distinct views, never with viewers; viewers fall again when their tabs go.
live_queries = Counter("tenantry_live_queries", "Views loaded again because something changed")
live_viewers = Gauge("tenantry_live_viewers", "Parts of open pages that follow a view")
tasks = Gauge("tenantry_tasks", "Tasks of the console's event loop")
AT_ONCE = 6  #: queries of different views at the same time; fewer than the pool has connections


@dataclass(frozen=True, kw_only=True, slots=True)
class View(Generic[ValueT, NewsT]):
    """Something that pages show. Viewers of an equal `key` share one value, one query and one piece of news."""

    key: Hashable
    concerns: Callable[[Changed], bool]
    load: Callable[[], Awaitable[ValueT]]
    news: Callable[[ValueT, ValueT], NewsT | None]  #: from what is shown to what is true; None: nothing to tell


class Listener(ui.element, Generic[NewsT]):
    """A viewer; it ends with the part of the page in which it was made, also within one tab."""

    def __init__(self, hear: Callable[[NewsT], None]) -> None:
        super().__init__("template")
        self.hear = hear
        self.leave: Callable[[], None] | None = None

    def tell(self, news: NewsT) -> None:
        """Let the page hear the news, in its own context; a page that fails must not keep them from the others."""
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

    def __init__(self, view: View[ValueT, NewsT]) -> None:
        self.view = view
        self.listeners: dict[Listener[NewsT], None] = {}  # in the order of arrival
        self._shown: list[ValueT] = []  # the value shown, once there is one
        # Without the lock, a change that comes while the first value is being loaded would be told to nobody.
        self._lock = asyncio.Lock()

    @property
    def is_watched(self) -> bool:
        return bool(self.listeners)

    async def current(self) -> ValueT:
        """What viewers see, loaded when nobody has seen it yet."""
        async with self._lock:
            if not self._shown:
                self._shown = [await self.view.load()]
            return self._shown[0]

    async def refresh(self) -> None:
        """Query once, and tell every viewer what is new."""
        async with self._lock:
            value = await self.view.load()
            news = self.view.news(self._shown[0], value) if self._shown else None
            self._shown = [value]
        if news is not None:
            for listener in tuple(self.listeners):
                listener.tell(news)

    def concerns(self, changed: Changed) -> bool:
        return self.view.concerns(changed)


class Refreshable(Protocol):
    """A channel, whatever it carries."""

    @property
    def is_watched(self) -> bool: ...
    def concerns(self, changed: Changed) -> bool: ...
    async def refresh(self) -> None: ...


class Pulse(ui.element):
    """Tells a page whether the feed lives."""

    def __init__(self, hub: "Hub", *, beat: Callable[[float], None], silent: Callable[[bool], None]) -> None:
        """`beat` hears the seconds since the last answered look, `silent` when the feed falls silent or speaks."""
        super().__init__("template")
        self.beat = beat
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
        self.pulses: dict[Pulse, None] = {}
        self.is_silent = False
        self._channels: dict[Hashable, Refreshable] = {}
        self._stale: set[Hashable] = set()  #: views to load again
        self._behind: set[Hashable] = set()  #: those that the database would not answer
        self._work = asyncio.Event()
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def watch(self, view: View[ValueT, NewsT], listener: Listener[NewsT]) -> ValueT:
        """What the view shows now; the listener gets the news from then on, until its part of the page goes."""
        channel = cast("Channel[ValueT, NewsT]", self._channels.setdefault(view.key, Channel(view)))
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
                pulse.beat(self.feed.silent_for)
            self.is_silent = silent
            if self._behind and not silent:
                self._stale |= self._behind
                self._behind.clear()
                self._work.set()
            await asyncio.sleep(BEAT)
