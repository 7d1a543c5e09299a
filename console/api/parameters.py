"""What may be asked for in an address: how long, how often, and in which form; one mechanism for all routes."""

import re
from collections import Counter
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException

from operations.errors import InvalidInput

#: RFC 3339. Without it a number would be taken for seconds since 1970.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?")
MOMENT_RULE = "must be a moment with its time zone, such as 2026-01-31T12:00:00Z"
MOST_SHOWN = 20  #: names that an answer repeats


def _in_writing(value: object) -> object:
    if isinstance(value, str) and not MOMENT.fullmatch(value):
        raise ValueError(MOMENT_RULE)
    return value


Words = Annotated[str, Query(max_length=500)]  #: several, separated by commas
Term = Annotated[str, Query(max_length=200)]
Place = Annotated[str | None, Query(max_length=500)]  #: a cursor
Moment = Annotated[datetime | None, BeforeValidator(_in_writing)]


async def check(request: Request) -> None:
    """A misspelt filter must not look like one that matches everything, nor one of two be left out."""
    route = request.scope["route"]
    if not isinstance(route, APIRoute):
        return
    _check_names(request, frozenset(parameter.alias for parameter in route.dependant.query_params))
    if route.body_field is not None and _has_body(request) and not _is_json(request):
        raise HTTPException(415, "Send the body as application/json.")


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
