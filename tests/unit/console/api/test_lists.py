"""What REST answers of a listing follows from the listing alone."""

from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from uuid import uuid4

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api import parameters, problems
from console.api.exports import Sheet
from console.api.lists import Listed, Listing
from console.asked import Asked, Choice, Days, Order, Search
from operations.access import Actor, Permission
from operations.actions.staff import Session
from operations.bootstrap import Reads
from operations.database import Database
from operations.queries.paging import LARGEST_PAGE, Page
from operations.statuses import Role


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Sort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    id: int
    name: str


COLOUR = Choice(name="colour", label="Colour", options={Colour.RED: "Red", Colour.BLUE: "Blue"})
SEARCH, MADE, ORDER = Search(label="Search"), Days(name="made", label="Made"), Order(usual=Sort.NEWEST)
MANY = 450


async def read(_: Reads, asked: Asked, cursor: str | None, limit: int) -> Page[Thing]:
    """Things that say what was asked for."""
    parts = [*sorted(COLOUR.of(asked)), SEARCH.of(asked), ORDER.of(asked), MADE.since(asked), MADE.until(asked)]
    said = " ".join(str(part) for part in parts if part)
    first = int(cursor or 0)
    last = min(first + limit, MANY)
    return Page(
        items=tuple(Thing(id=number, name=said) for number in range(first, last)),
        next=str(last) if last < MANY else None,
        previous=None,
        total=MANY,
        total_capped=False,
    )


LISTING = Listing(
    name="things",
    about="List things.",
    answer=Listed[Thing],
    read=read,
    words=(SEARCH, COLOUR, MADE),
    order=ORDER,
    sheet=Sheet(columns=("id", "name")),
    permission=Permission.RECONCILE,
)


@dataclass(kw_only=True)
class LoggedIn:
    """As the gate leaves a request."""

    app: ASGIApp
    role: Role = Role.OPERATOR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = cast(MutableMapping[str, object], scope.setdefault("state", {}))
        state["session"] = Session(id=uuid4(), actor=Actor(name="someone", role=self.role))
        await self.app(scope, receive, send)


@pytest.fixture
def door() -> LoggedIn:
    application = FastAPI()
    problems.install(application)
    router = LISTING.router(cast(Reads, None), cast(Database, None))
    application.include_router(router, prefix="/api/v1", dependencies=[Depends(parameters.check)])
    return LoggedIn(app=application)


@pytest.fixture
async def api(door: LoggedIn) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://test/api/v1") as client:
        yield client


async def test_a_page_is_answered_as_the_contract_says(api: httpx.AsyncClient) -> None:
    answer = await api.get("/things", params={"limit": 2, "cursor": "448"})

    assert answer.json() == {
        "items": [{"id": 448, "name": "newest"}, {"id": 449, "name": "newest"}],
        "next": None,
        "total": MANY,
        "total_capped": False,
    }


async def test_what_is_asked_reaches_the_list(api: httpx.AsyncClient) -> None:
    asked = {"q": "x", "colour": "red,blue", "sort": "oldest", "made_from": "2026-01-31T12:00:00Z"}

    answer = await api.get("/things", params={**asked, "limit": "1"})

    assert answer.json()["items"][0]["name"] == "blue red x oldest 2026-01-31 12:00:00+00:00"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "green"),
        ("sort", "sideways"),
        ("made_from", "yesterday"),
        ("made_to", "2026-01-31T12:00"),
        ("color", "red"),
        ("limit", "many"),
    ],
)
async def test_what_means_nothing_is_said_at_its_name(api: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await api.get("/things", params={name: value})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [name]


async def test_whoever_may_not_see_it_gets_neither_the_list_nor_its_file(
    api: httpx.AsyncClient, door: LoggedIn
) -> None:
    door.role = Role.SUPPORT

    answers = [await api.get(path) for path in ("/things", "/exports/things.csv")]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_a_file_has_the_rows_of_all_pages() -> None:
    every = await LISTING.every(cast(Reads, None), Asked(said={"colour": "red"}), MANY * 2)
    first = await LISTING.every(cast(Reads, None), Asked(said={}), LARGEST_PAGE + 1)

    assert [thing.id for thing in every] == list(range(MANY))
    assert {thing.name for thing in every} == {"red newest"}
    assert [thing.id for thing in first] == list(range(LARGEST_PAGE + 1))
