"""A page that is a list: told in one value, drawn, kept live and narrowed like every other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nicegui.page_arguments import PageArguments

from console.api.lists import Listing
from console.asked import Asked, Choice, Days, Search, Word
from console.channels import View
from console.components.page_headers import PageHeader
from console.components.tables import Action, Column, Empty, EmptyKind
from console.pages import address, live_rows
from console.pages.list_filters import ListFilters
from console.pages.live_list import ListShape, LiveList, OnAction
from console.pages.live_rows import News, Row, Rows
from console.pages.place import Nav, Place
from console.pages.scope import Scope
from console.pages.selecting import Selecting
from operations.queries.paging import Page, page_or_one_before

ItemT = TypeVar("ItemT")
ROWS = 50  #: of a page of the list


def _nothing() -> None:
    """No buttons."""


def _no_selection(*_: object) -> None:
    """Nothing is done to several rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPage(Generic[ItemT]):
    """How a listing looks. Its address takes the listing's words, and its rows can be had as the listing's file."""

    listing: Listing[ItemT]
    path: str
    title: str
    subtitle: str
    noun: str  #: of one item, such as `tenant`
    columns: tuple[Column, ...]
    row: Callable[[ItemT], Row]
    row_path: str  #: where a row leads, such as `/tenants/{id}`
    concerns: Sequence[str]  #: the kinds of things whose changes can be seen in it
    nothing_yet: Empty
    at_most_every: float = 0.0  #: seconds between two loads, for what costs much
    nothing_matches: str = ""
    sorts: Mapping[str, tuple[str, str]] | None = None  #: column → words of `sort` for ascending and descending
    buttons: Callable[[], object] = _nothing
    actions: Callable[[], Sequence[Action]] = tuple  #: at the end of rows, for whoever looks
    on_action: Callable[[Scope], OnAction] | None = None
    selecting: Callable[[Scope, ListFilters], Selecting | None] = _no_selection
    naming: str = "id"  #: the field that names a row to those who hear it

    def place(self, nav: Nav | None = None) -> Place:
        return Place(
            path=self.path,
            title=self.title,
            build=self.build,
            nav=nav,
            listing=self.listing,
            permission=self.listing.permission,
        )

    async def build(self, scope: Scope, arguments: PageArguments) -> None:
        """Draw the page for the address as it was opened."""
        query = address.values(arguments)
        with PageHeader(self.title, subtitle=self.subtitle) as header:
            self.buttons()
        filters = ListFilters(query)
        for word in self.listing.words:
            _draw(word, filters)
        shown = LiveList(
            scope.hub,
            self.shape(),
            query=query,
            view=lambda now: self.view(scope, now),
            header=header,
            filters=filters,
            actions=self.actions(),
            on_action=None if self.on_action is None else self.on_action(scope),
            selecting=self.selecting(scope, filters),
        )
        await shown.draw()

    def shape(self) -> ListShape:
        text = self.nothing_matches or f"No {self.noun} has what the filters ask for."
        return ListShape(
            path=self.path,
            caption=self.title,
            columns=self.columns,
            sorts=self.sorts or {},
            naming=self.naming,
            row_path=self.row_path,
            export=f"/api/v1/exports/{self.listing.name}.csv",
            nothing_yet=self.nothing_yet,
            nothing_matches=Empty(
                kind=EmptyKind.NOTHING_MATCHES,
                title=f"No {self.noun} matches",
                text=text,
                action="Clear filters",
                href=self.path,
            ),
        )

    def view(self, scope: Scope, query: Mapping[str, str]) -> View[Rows, News]:
        """The rows that the words of an address ask for; those that mean nothing do not narrow."""

        async def read(cursor: str | None) -> Page[ItemT]:
            return await self.listing.read(scope.services.reads, Asked(said=query), cursor, ROWS)

        async def load() -> Rows:
            page = await page_or_one_before(read, query.get("cursor"))
            return Rows.of(page, [self.row(item) for item in page.items])

        return live_rows.view(
            (self.listing.name, *sorted(query.items())),
            concerns=lambda changed: any(changed.concerns(kind) for kind in self.concerns),
            load=load,
            permission=self.listing.permission,
            at_most_every=self.at_most_every,
        )


def _draw(word: Word, filters: ListFilters) -> None:
    match word:
        case Search():
            filters.search(word.label)
        case Choice():
            filters.choice(word.name, label=word.label, options={str(key): said for key, said in word.options.items()})
        case Days():
            filters.days(word.name, label=word.label)
