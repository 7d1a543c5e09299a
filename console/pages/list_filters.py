"""The fields over a list. Each is a word of the list's address, and what is chosen narrows the list at once."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from nicegui import ui

from console.components.filters import FilterBar

Query = Mapping[str, str]


class Narrowed(Protocol):
    """The list."""

    async def choose(self, **filters: str | None) -> None: ...


class ListFilters:
    """Draw it before the list; the list is given it, and serves it."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.place = ui.element("div").classes("filter-place")  #: also of what takes the place of the fields
        with self.place:
            self.bar = FilterBar(on_clear=self._clear)
        self._fields: dict[str, Callable[[], object]] = {}  #: what empties the field of a word
        self._list: Narrowed | None = None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self._fields)

    def search(self, label: str) -> None:
        """For words within the list; what is anywhere, the search over any page finds."""
        field = self.bar.search(label=label, value=self._query.get("q", ""), on_change=lambda text: self.choose(q=text))
        self.add("q", lambda: field.set_value(""))

    def choice(self, word: str, *, label: str, options: Mapping[str, str]) -> None:
        """One of a few or none; a word in the address that is none of them chooses nothing."""
        chosen = self._query.get(word)
        field = self.bar.choice(
            label=label,
            options=options,
            value=chosen if chosen in options else None,
            on_change=lambda value: self.choose(**{word: value}),
        )
        self.add(word, lambda: field.set_value(None))

    def days(self, word: str, *, label: str) -> None:
        """The first and the last of some days; the address has the moments they begin and end for the viewer."""
        first, end = f"{word}_from", f"{word}_to"
        field = self.bar.days(
            label=label,
            first=self._query.get(first),
            end=self._query.get(end),
            on_change=lambda since, until: self.choose(**{first: since, end: until}),
        )
        self.add(first, field.empty)
        self.add(end, field.empty)

    def add(self, word: str, empty: Callable[[], object]) -> None:
        """A word whose field is somewhere else on the page; it calls `choose`, and `empty` empties it."""
        self._fields[word] = empty

    def serve(self, narrowed: Narrowed) -> None:
        self._list = narrowed

    def show(self, query: Query) -> None:
        """Offer to clear the filters when there are any."""
        self.bar.show_clear(any(query.get(word) for word in self._fields))

    async def choose(self, **filters: str | None) -> None:
        if self._list is not None:
            await self._list.choose(**filters)

    def _clear(self) -> Awaitable[None]:
        for empty in self._fields.values():
            empty()
        return self.choose(**dict.fromkeys(self._fields))
