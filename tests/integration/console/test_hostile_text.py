"""Text that takes long to look at, wherever text comes in: it is refused before anybody looks."""

import json
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from tests.integration.console.sockets import open_page, open_socket, shake_hands
from workbench.consoles import Console

LONG = 30_000  # characters; 60 kB as UTF-8
#: To compose: every mark is looked up among those before it. To fold, to split, to name one by one.
HOSTILE = {"marks": "\u0301\u0316" * (LONG // 2), "commas": "a," * (LONG // 2), "ligatures": "\ufdfa" * (LONG // 2)}
LONGEST_ADDRESS = 60_000  # characters
NOBODY = UUID(int=0)
VALID = {"slug": "hostile", "name": "Hostile", "owner_email": "hostile@example.com"}
PARAMETERS = {
    "executions": ("status", "health", "cause", "type", "entity_id", "q", "created_from", "sort", "cursor", "limit"),
    "tenants": ("status", "q", "cursor", "limit"),
    "findings": ("kind", "standing", "q", "tenant", "cursor"),
    "reconciliations": ("cursor", "limit"),
    "exports/executions.csv": ("status", "type", "q", "sort"),
    "exports/findings.csv": ("kind", "standing", "q", "tenant"),
    "exports/tenants.csv": ("status", "q"),
}


@pytest.fixture(scope="module")
async def session(watched_console: Console) -> str:
    return await watched_console.accounts.session()


@pytest.fixture(scope="module")
async def token(watched_console: Console) -> str:
    return await watched_console.accounts.token()


@pytest.fixture
async def api(unhindered: Console, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with unhindered.client(token=token) as client:
        client.headers["Content-Type"] = "application/json"
        yield client


def as_json(body: Mapping[str, str]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def in_address(text: str, length: int = LONGEST_ADDRESS) -> str:
    """So much of it that the address is about this long; the test's own client has its limit, too."""
    return text[: length // len(quote(text[:100], safe="")) * 100]


@pytest.fixture(params=tuple(HOSTILE.values()), ids=tuple(HOSTILE))
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("field", ["slug", "name", "owner_email", "owner_name", "plan", "other"])
async def test_a_field_of_a_registration(api: httpx.AsyncClient, field: str, text: str) -> None:
    answer = await api.post("/api/v1/tenants", content=as_json(VALID | {field: text}))

    assert answer.status_code in (413, 422)


@pytest.mark.parametrize("path", ["executions/{id}/terminate", "tenants/hostile/deprovision", "findings/{id}/adopt"])
async def test_a_reason(api: httpx.AsyncClient, path: str, text: str) -> None:
    answer = await api.post(f"/api/v1/{path.format(id=NOBODY)}", content=as_json({"reason": text}))

    assert answer.status_code in (413, 422)


async def test_a_run_that_was_seen(api: httpx.AsyncClient, text: str) -> None:
    body = as_json({"reason": "hostile", "seen_run_id": text})

    answer = await api.post(f"/api/v1/executions/{NOBODY}/cancel", content=body)

    assert answer.status_code in (404, 413, 422)


async def test_a_key(api: httpx.AsyncClient, text: str) -> None:
    answer = await api.post("/api/v1/tenants", json=VALID, headers=[(b"Idempotency-Key", text.encode())])

    assert answer.status_code in (400, 422, 431)


@pytest.mark.parametrize("name", [None, "other"])
async def test_a_cookie(unhindered: Console, session: str, text: str, name: str | None) -> None:
    """Of another application below the same domain, or in place of ours."""
    escaped = b'"' + b"\\" * 20_000 + b'"'
    ours = b"" if name is None else f"; {unhindered.cookie}={session}".encode()
    for value in (text.encode()[:20_000], b"; a=b" * 4_000, escaped):
        cookie = (name or unhindered.cookie).encode() + b"=" + value + ours
        async with unhindered.client() as browser:
            answer = await browser.get("/api/v1/tenants", headers=[(b"Cookie", cookie)])

        assert answer.status_code == (401 if name is None else 200)


@pytest.mark.parametrize("length", [LONGEST_ADDRESS, 15_000])
@pytest.mark.parametrize("path", PARAMETERS)
async def test_a_parameter_of_a_list(api: httpx.AsyncClient, path: str, text: str, length: int) -> None:
    for name in (*PARAMETERS[path], in_address(text, 5_000)):
        answer = await api.get(f"/api/v1/{path}", params={name: in_address(text, length)})

        assert answer.status_code in (414, 422), name


@pytest.mark.parametrize("path", ["/api/v1/tenants/{}", "/api/v1/executions/{}", "/api/v1/{}", "/{}", "/tenants/{}"])
async def test_a_part_of_an_address(api: httpx.AsyncClient, path: str, text: str) -> None:
    answer = await api.get(path.format(in_address(text)), headers={"Accept": "text/html"})

    assert answer.status_code in (303, 404, 414, 422)


@pytest.mark.parametrize("field", ["email", "password", "next"])
async def test_a_field_of_the_log_in(unhindered: Console, field: str, text: str) -> None:
    async with unhindered.client() as client:
        answer = await client.post("/login", data={field: text}, headers={"Origin": unhindered.url})

    assert answer.status_code in (401, 413, 422, 429)


@pytest.mark.parametrize("query", ["q", "status", "type", "sort", "cursor"])
async def test_the_address_of_a_page(unhindered: Console, session: str, query: str, text: str) -> None:
    async with unhindered.client(session=session) as browser:
        answer = await browser.get("/executions", params={query: in_address(text)}, headers={"Accept": "text/html"})

    assert answer.status_code in (200, 414)


async def test_what_is_typed_into_a_page(unhindered: Console, session: str, text: str) -> None:
    async with unhindered.client(session=session) as browser:
        page = await open_page(browser, "/tenants/new")
    async with open_socket(unhindered, page.client_id, session=session) as socket:
        assert await shake_hands(socket, page.client_id)

        await socket.type_slug(page, text)

        await socket.hears("The slug must have 2 to 55 characters")
