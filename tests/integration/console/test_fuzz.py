"""Whatever is sent, the answer is never an error of ours, and nobody else has to wait for it."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from workbench.consoles import Console

FIELDS = ("slug", "name", "owner_email", "owner_name", "plan", "other")
TEXT = some.text(some.characters(), max_size=60)  # with NUL, controls and lone surrogates
SLUG = some.from_regex(r"[a-z](-?[a-z0-9]){1,20}", fullmatch=True)
VALUE = some.one_of(
    TEXT,
    SLUG,
    some.emails(),
    some.sampled_from(["starter", "business", "enterprise", ""]),
    some.none(),
    some.integers(),
    some.floats(allow_nan=True),
    some.booleans(),
    some.lists(TEXT, max_size=2),
    some.dictionaries(TEXT, TEXT, max_size=2),
)
PLAUSIBLE = some.fixed_dictionaries(
    {"slug": SLUG, "name": TEXT, "owner_email": some.one_of(some.emails(), TEXT)},
    optional={"owner_name": TEXT, "plan": some.one_of(some.sampled_from(["starter", "business"]), TEXT)},
)
BODY = some.one_of(
    PLAUSIBLE.map(json.dumps),
    some.dictionaries(some.sampled_from(FIELDS), VALUE).map(json.dumps),
    VALUE.map(json.dumps),
    some.text(max_size=40),
).map(lambda text: text.encode(errors="surrogatepass"))
HEADER = some.text(some.characters(min_codepoint=32, max_codepoint=126), max_size=40)
PARAMETERS = some.dictionaries(
    some.sampled_from(
        ["status", "health", "cause", "type", "entity_id", "q", "created_from", "created_to", "sort", "cursor", "limit"]
    ),
    some.one_of(
        some.text(max_size=40),
        some.integers().map(str),
        some.datetimes(timezones=some.timezones()).map(str),
        some.sampled_from(["failed", "attention", "stuck", "WzAsICIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIl0"]),
    ),
    max_size=4,
)


@pytest.fixture
async def api(unhindered: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with unhindered.client(token=await unhindered.accounts.token()) as client:
        yield client


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODY, key=some.one_of(some.none(), HEADER.map(str.strip)))
async def test_no_registration_is_an_error_of_ours(api: httpx.AsyncClient, body: bytes, key: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})

    answer = await api.post("/api/v1/tenants", content=body, headers=headers)

    assert answer.status_code in (202, 400, 409, 422)


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(parameters=PARAMETERS)
async def test_no_list_is_an_error_of_ours(api: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    answer = await api.get("/api/v1/executions", params=parameters)

    assert answer.status_code in (200, 422)
