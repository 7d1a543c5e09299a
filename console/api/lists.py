"""REST: how a list is answered, page by page and as a file. What the list is says its `Listing`, once for all doors."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from inspect import Parameter, Signature
from typing import Annotated, Generic, Self, TypeVar

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from console.api.actions import actor_of
from console.api.exports import MOST, Sheet, file
from console.api.parameters import Limit, Moment, Place, Term, words_of
from console.asked import Asked, Choice, Days, Order, Search, Word
from operations.access import Permission, permit
from operations.bootstrap import Reads
from operations.database import Database
from operations.queries.paging import LARGEST_PAGE, Page

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, kw_only=True)
class Listed(Generic[ItemT]):
    """A page of a list; `total` is exact up to 1,000."""

    items: tuple[ItemT, ...]
    next: str | None
    total: int
    total_capped: bool

    @classmethod
    def of(cls, page: Page[ItemT]) -> Self:
        return cls(items=page.items, next=page.next, total=page.total, total_capped=page.total_capped)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing(Generic[ItemT]):
    """What a list is, for every door: what it can be asked for, who reads it, and what a file of it has."""

    name: str  #: of its route, its file and its views, such as `tenants`
    about: str
    answer: type[Listed[ItemT]]
    read: Callable[[Reads, Asked, str | None, int], Awaitable[Page[ItemT]]]  #: at a cursor, as many as asked for
    sheet: Sheet[ItemT]
    words: tuple[Word, ...] = ()
    order: Order[StrEnum] | None = None
    permission: Permission = Permission.SEE

    def router(self, reads: Reads, database: Database) -> APIRouter:
        return _Routes(listing=self, reads=reads, database=database).router()

    async def every(self, reads: Reads, asked: Asked, most: int) -> Sequence[ItemT]:
        """The first rows of the whole list."""
        found: list[ItemT] = []
        cursor: str | None = None
        while len(found) < most:
            page = await self.read(reads, asked, cursor, min(LARGEST_PAGE, most - len(found)))
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Routes(Generic[ItemT]):
    """What REST answers of a listing."""

    listing: Listing[ItemT]
    reads: Reads
    database: Database

    def router(self) -> APIRouter:
        listing, router = self.listing, APIRouter()
        asked = list(_parameters(listing))
        paged = [_parameter("cursor", Place, None), _parameter("limit", Limit, 50)]
        router.add_api_route(
            f"/{listing.name}",
            _Endpoint(listing, self._answer, [*asked, *paged]),
            methods=["GET"],
            name="list",
            description=listing.about,
            response_model=listing.answer,
            tags=[listing.name],
        )
        router.add_api_route(
            f"/exports/{listing.name}.csv",
            _Endpoint(listing, self._export, asked),
            methods=["GET"],
            name="export",
            description=f"The filtered list as a file with up to {MOST:,} lines.",
            response_class=Response,
            tags=["exports"],
        )
        return router

    async def _answer(self, asked: Asked, cursor: str | None, limit: int) -> Listed[ItemT]:
        return self.listing.answer.of(await self.listing.read(self.reads, asked, cursor, limit))

    async def _export(self, asked: Asked) -> Response:
        rows = await self.listing.every(self.reads, asked, MOST)
        text = await asyncio.to_thread(self.listing.sheet.text, rows)
        return file(self.listing.name, text, made_at=await self.database.now())


class _Endpoint:
    """Takes what the listing can be asked for; FastAPI reads it from the signature."""

    def __init__(
        self, listing: Listing[ItemT], answer: Callable[..., Awaitable[object]], takes: Sequence[Parameter]
    ) -> None:
        self._permission = listing.permission
        self._answer = answer
        self._named = frozenset(parameter.name for parameter in _parameters(listing))
        request = Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request)
        self.__signature__ = Signature([request, *takes])

    async def __call__(self, *, request: Request, **given: object) -> object:
        permit(actor_of(request), self._permission)
        said = {name: _text(value) for name, value in given.items() if name in self._named}
        rest = {name: value for name, value in given.items() if name not in self._named}
        return await self._answer(Asked(said=said, strictly=True), **rest)


def _parameters(listing: Listing[ItemT]) -> Iterator[Parameter]:
    for word in listing.words:
        match word:
            case Search():
                yield _parameter(word.name, Term, "")
            case Choice():
                yield _parameter(word.name, Annotated[str, words_of(word.options)], "")
            case Days():
                yield _parameter(f"{word.name}_from", Moment, None)
                yield _parameter(f"{word.name}_to", Moment, None)
    if listing.order is not None:
        usual = listing.order.usual
        yield _parameter("sort", Annotated[type(usual), Query(description=listing.order.about or None)], usual)


def _parameter(name: str, takes: object, usual: object) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=takes, default=usual)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)
