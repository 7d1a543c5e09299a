import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from console import failures

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/api/v1/tenants", "headers": []}


async def run(application: failures.Bugs) -> list[Message]:
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

    start, body = await run(failures.Bugs(application))

    assert start["status"] == 500
    assert json.loads(body["body"])["title"] == "Internal error"
    assert b"secret" not in body["body"]


async def test_a_person_gets_a_page_instead() -> None:
    scope: Scope = {"type": "http", "path": "/executions", "headers": [(b"accept", b"text/html,*/*")]}

    for answer, status in ((failures.failed(scope), 500), (failures.not_found(scope), 404)):
        assert (answer.status_code, answer.media_type) == (status, "text/html")


async def test_a_bug_after_a_whole_answer_changes_nothing() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})
        raise RuntimeError

    start, body = await run(failures.Bugs(application))

    assert (start["status"], body["body"]) == (200, b"whole")


async def test_half_an_answer_does_not_look_like_a_whole_one() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await run(failures.Bugs(application))
