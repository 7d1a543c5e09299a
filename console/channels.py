"""Views, who looks at them, and what they see: viewers of one view share one value, one query and one frame."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Generic, Protocol, TypeVar

from nicegui import Client, ui

from console import sessions
from console.lines import Edition, Lines
from console.slow_views import SlowViews
from console.turns import SHARED
from operations.access import Permission
from operations.errors import DatabaseSlow, NotPermitted
from operations.feed import Changed
from operations.logs import logger

log = logger(__name__)

ValueT = TypeVar("ValueT")
NewsT = TypeVar("NewsT")


@dataclass(frozen=True, kw_only=True, slots=True)
class View(Generic[ValueT, NewsT]):
    """Something that pages show. Viewers of an equal `key` share one value, one query and one frame."""

    key: Hashable
    concerns: Callable[[Changed], bool]
    load: Callable[[], Awaitable[ValueT]]
    news: Callable[[ValueT, ValueT], NewsT | None]  #: from what is shown to what is true; None: nothing to tell
    to_json: Callable[[NewsT], str | None] | None = None  #: for the parts of pages that follow it in the browser
    at_most_every: float = 0.0  #: seconds between two loads, for what costs much and changes slowly
    permission: Permission = Permission.SEE  #: without which nobody is shown it


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
        self.owner = _session_of(self.client)
        self.leave: Callable[[], None] | None = None

    def permit(self, permission: Permission) -> None:
        """Raises `NotPermitted` for viewers who may not; whoever is shown a page at all has logged in."""
        if permission is not Permission.SEE and not sessions.client_may(self.client, permission):
            raise NotPermitted

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

    @property
    def owner(self) -> Hashable:
        """Who alone looks at it."""
        owners = {listener.owner for listener in self.listeners}
        return owners.pop() if len(owners) == 1 else SHARED

    @property
    def at_most_every(self) -> float:
        return self.view.at_most_every

    def concerns(self, changed: Changed) -> bool:
        try:
            return self.view.concerns(changed)
        except Exception:  # one view that fails must not keep the news from the others
            log.exception("a view could not tell what concerns it", view=str(self.view.key))
            return True


class Refreshable(Protocol):
    """A channel, whatever it carries."""

    @property
    def is_watched(self) -> bool: ...
    @property
    def edition(self) -> Edition: ...
    @property
    def owner(self) -> Hashable: ...
    @property
    def at_most_every(self) -> float: ...
    def is_watched_by(self, tab: str) -> bool: ...
    def concerns(self, changed: Changed) -> bool: ...
    async def refresh(self) -> None: ...


def _session_of(client: Client) -> Hashable:
    with suppress(RuntimeError):  # made by no request
        session = sessions.of_client(client)
        return None if session is None else session.id
    return SHARED
