"""Pushes changes to every open page: one feed, one query per distinct view, one frame for all its viewers."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import timedelta
from time import monotonic
from typing import TypeVar, cast

from nicegui import Client, ui
from prometheus_client import Counter, Gauge

from console.channels import Channel, Listener, Refreshable, Shown, View
from console.lines import BEAT, Edition, Lines, sign_of_life
from console.slow_views import SlowViews
from console.turns import Turns
from operations.errors import DatabaseUnavailable, OperationsError
from operations.feed import Feed
from operations.liveness import Outage, Part
from operations.logs import logger

log = logger(__name__)

ValueT = TypeVar("ValueT")
NewsT = TypeVar("NewsT")
Outages = tuple[Outage, ...]
SILENCE = 2.0  #: seconds without an answered look after which the pages say so
# Queries grow with changes and distinct views, never with viewers; viewers fall again when their tabs go.
live_queries = Counter("tenantry_live_queries", "Views loaded again because something changed")
live_viewers = Gauge("tenantry_live_viewers", "Parts of open pages that follow a view")
tasks = Gauge("tenantry_tasks", "Tasks of the console's event loop")
NOWHERE = Edition(0, 0)  #: of no view
AT_ONCE = 6  #: queries of different views at the same time; fewer than the pool has connections


class Pulse(ui.element):
    """Tells a page which parts are away; the tab's line hears how long ago the last look was answered."""

    def __init__(self, hub: "Hub", *, show: Callable[[Outages], None]) -> None:
        """`show` hears of the outages whenever they are others."""
        super().__init__("template")
        self.tab = self.client.id
        self._show = show
        self._hub = hub
        hub.pulses[self] = None

    def tell(self, outages: Outages) -> None:
        """Let the page hear it; a banner that fails must not stop the beat of the others."""
        try:
            self._show(outages)
        except Exception:
            log.exception("a page could not show what is away")

    def _handle_delete(self) -> None:
        self._hub.pulses.pop(self, None)
        super()._handle_delete()


class Hub:
    """One per process; `run` lives in the application's lifespan."""

    def __init__(
        self, feed: Feed, *, elsewhere: Callable[[], Outages] = tuple, clock: Callable[[], float] = monotonic
    ) -> None:
        """`elsewhere` says which parts besides the database are away; `clock` paces slow views."""
        self.feed = feed
        self._elsewhere = elsewhere
        self.lines = Lines()
        self.pulses: dict[Pulse, None] = {}
        self.outages: Outages = ()
        self._channels: dict[Hashable, Refreshable] = {}
        self._behind: set[Hashable] = set()  #: those that the database would not answer
        self._slow = SlowViews(clock=clock)
        self._turns = Turns()

    def greet(self, client: Client) -> None:
        """Tell a tab that has shaken hands, perhaps again, which editions it should have."""
        tab = client.id
        self.lines.begin(client, lambda: self._editions(tab))

    async def watch(self, view: View[ValueT, NewsT], listener: Listener[NewsT]) -> Shown[ValueT]:
        """What the view shows now; the listener gets the news from then on, until its part of the page goes.

        May be called again for the same view and listener, by a page that has missed something. When that part of the
        page has gone meanwhile, nobody listens. Raises `NotPermitted`.
        """
        listener.permit(view.permission)
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
            # Beside the feed, so that slow queries neither stop it nor let it seem silent.
            for _ in range(AT_ONCE):
                group.create_task(self._take_turns())
            async for changed in self.feed.watch():
                self._load_again(key for key, channel in self._channels.items() if channel.concerns(changed))

    @property
    def channels(self) -> int:
        return len(self._channels)

    def _editions(self, tab: str) -> Sequence[str]:
        watched = [channel.edition.frame() for channel in self._channels.values() if channel.is_watched_by(tab)]
        return [*watched, self._sign_of_life(tab)]

    def _sign_of_life(self, tab: str) -> str:
        return sign_of_life(self._age_for(tab), self.feed.clock.now())

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
            self._turns.forget(channel.view.key)

    def _load_again(self, keys: Iterable[Hashable]) -> None:
        for key in keys:
            channel = self._channels.get(key)
            if channel is not None:
                self._turns.add(key, channel.owner, at_most_every=channel.at_most_every)

    async def _take_turns(self) -> None:
        while True:
            turn = await self._turns.take()
            try:
                await self._refresh_one(turn.key)
            finally:
                self._turns.end(turn)

    async def _refresh_one(self, key: Hashable) -> None:
        channel = self._channels.get(key)
        if channel is None:
            return
        try:
            live_queries.inc()
            await channel.refresh()
        except DatabaseUnavailable:
            self._behind.add(key)
        except OperationsError as error:  # what was shown is gone; its page says so when it is opened again
            log.info("a view cannot be shown any more", view=str(key), why=error.message)
        except Exception:
            log.exception("a view could not be refreshed", view=str(key))

    def _outages_now(self, silent: bool) -> Outages:
        """One that goes on is said to have begun when it was said first."""
        since = self.feed.clock.now() - timedelta(seconds=self.feed.silent_for)
        database = (Outage(part=Part.DATABASE, since=since),) if silent else ()
        known = {outage.part: outage for outage in self.outages}
        return tuple(known.get(outage.part, outage) for outage in (*database, *self._elsewhere()))

    async def _beat(self) -> None:
        while True:
            silent = self.feed.silent_for > SILENCE
            before, self.outages = self.outages, self._outages_now(silent)
            for pulse in tuple(self.pulses):
                if self.outages != before:
                    pulse.tell(self.outages)
                self.lines.beat(pulse.tab, self._sign_of_life(pulse.tab))
            self._slow.sweep()
            if not silent and (due := {key for key in self._behind if self._slow.is_due(key)}):
                self._load_again(due)
                self._behind -= due
            await asyncio.sleep(BEAT)
