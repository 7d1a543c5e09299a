"""What may be asked for in an address: how long, how often, and in which form; one mechanism for all routes."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from pydantic.config import JsonDict, JsonValue
from starlette.exceptions import HTTPException

from console.api import documentation
from operations.errors import InvalidInput
from operations.queries.paging import LARGEST_PAGE

#: RFC 3339. Without it a number would be taken for seconds since 1970.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?")
MOMENT_RULE = "must be a moment with its time zone, such as 2026-01-31T12:00:00Z"
MOST_SHOWN = 20  #: names that an answer repeats


def in_writing(value: object) -> object:
    """A bare number is none: it would be taken for seconds since 1970."""
    is_written = isinstance(value, str) and MOMENT.fullmatch(value)
    if not is_written and not isinstance(value, datetime | None):
        raise ValueError(MOMENT_RULE)
    return value


def form(**limits: JsonValue) -> JsonDict:
    """What the document says of a value that is checked elsewhere, in the words of JSON Schema."""
    return limits


_TEXT = form(pattern=r"^[^\x00]*$")  #: no address has NUL characters (the gate)

Words = Annotated[str, Query(max_length=500, json_schema_extra=_TEXT)]  #: several, separated by commas
Term = Annotated[str, Query(max_length=200, json_schema_extra=_TEXT)]
Place = Annotated[str | None, Query(max_length=500, description="`next` of the page before, as it came")]
Limit = Annotated[int, Query(json_schema_extra=form(minimum=1, maximum=LARGEST_PAGE))]
Moment = Annotated[datetime | None, BeforeValidator(in_writing)]
Superseded = Annotated[
    bool | None,
    Query(
        description=(
            "of failed executions, only those of which a newer attempt that is open or completed took the place; "
            "`false`: only the others. Executions that have not failed stay as `status` asks for; "
            "without `status`, `true` gives the superseded ones alone"
        )
    ),
]


def words_of(kind: Iterable[str], *, meaning: str = "") -> object:
    """Several of these words, separated by commas; for `Annotated`, beside `Words`' length."""
    choice = "(?:" + "|".join(map(re.escape, kind)) + ")?"
    return Query(
        max_length=500,
        description=f"{meaning}of {', '.join(kind)}; several are separated by commas",
        json_schema_extra=form(pattern=rf"^ *{choice} *(?:, *{choice} *)*$"),
    )


async def check(request: Request) -> None:
    """A misspelt filter must not look like one that matches everything, nor one of two be left out."""
    route = request.scope["route"]
    if not isinstance(route, APIRoute):
        return
    _check_method(request, route)
    _check_names(request, frozenset(parameter.alias for parameter in route.dependant.query_params))
    if route.body_field is not None and _has_body(request) and not _is_json(request):
        raise HTTPException(415, "Send the body as application/json.")


def _check_method(request: Request, route: APIRoute) -> None:
    """What has a name of its own is not the item of that name: there is no pass with the id `pause`."""
    path, application = request.url.path, request.app
    if "{" not in route.path or not isinstance(application, documentation.Documented):
        return
    if application.describes(path) and request.method not in application.methods_of(path):
        takes = ", ".join(application.methods_of(path))
        raise HTTPException(405, f"{path} takes {takes}, not {request.method}.", headers={"Allow": takes})


def _check_names(request: Request, known: frozenset[str]) -> None:
    given = Counter(name for name, _ in request.query_params.multi_items())
    takes = f"known are: {', '.join(sorted(known))}" if known else "there are none here"
    problems = {name[:100]: f"There is no such parameter; {takes}." for name in given if name not in known}
    problems |= {name: "The parameter must be given once." for name, times in given.items() if times > 1}
    if problems:
        raise InvalidInput(dict(list(problems.items())[:MOST_SHOWN]))


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def _is_json(request: Request) -> bool:
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    main, _, sub = kind.strip().lower().partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))
