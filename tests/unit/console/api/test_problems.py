import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from console.api import problems
from operations import errors
from operations.errors import OperationsError

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/api/v1/tenants", "headers": []}
#: What no request can cause, or what another door turns into an answer of its own.
ELSEWHERE = {errors.ConfigurationError, errors.WrongPassword, errors.TemporalRefused}


def kinds(of: type[OperationsError] = OperationsError) -> set[type[OperationsError]]:
    """All errors that are declared in operations."""
    return {each for kind in of.__subclasses__() if kind.__module__ == errors.__name__ for each in {kind, *kinds(kind)}}


def test_every_error_has_a_status() -> None:
    undecided = {
        kind.__name__ for kind in kinds() - ELSEWHERE if not any(each in problems.STATUSES for each in kind.__mro__)
    }

    assert undecided == set()
    assert problems.status_of(errors.TenantNotFound()) == 404
    assert problems.status_of(errors.DatabaseUnavailable()) == 503


def test_every_status_has_a_title() -> None:
    assert set(problems.STATUSES.values()) <= problems.TITLES.keys()


async def run(application: problems.Bugs) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await application(SCOPE, receive, send)
    return sent


async def test_a_bug_is_answered_without_a_word_about_it() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret of postgresql://user:password@host")

    start, body = await run(problems.Bugs(application))

    assert start["status"] == 500
    assert json.loads(body["body"])["title"] == "Internal error"
    assert b"secret" not in body["body"]


async def test_a_bug_after_a_whole_answer_changes_nothing() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})
        raise RuntimeError

    start, body = await run(problems.Bugs(application))

    assert (start["status"], body["body"]) == (200, b"whole")


async def test_half_an_answer_does_not_look_like_a_whole_one() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await run(problems.Bugs(application))
