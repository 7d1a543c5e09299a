"""REST as other people's scripts rely on it."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from operations.statuses import Cause, Role
from workbench.consoles import Console

MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)")
TEXT = "because-i-can"
NOBODY = "00000000-0000-0000-0000-000000000000"
TENANT = {"id", "slug", "name", "plan", "status", "schema_name", "owner_email", "created_at", "activated_at"}
EXECUTION = {
    *("id", "workflow_id", "workflow_type", "entity_type", "entity_id", "entity_slug", "status", "close_reason"),
    *("attempt", "retry_of", "started_at", "completed_at", "created_at", "updated_at", "error_message"),
    *("current_step", "steps_done", "steps_total", "last_progress_at", "health", "cause", "cause_detail"),
    *("health_since", "requested_by", "run_id", "build_id"),
}


def registration(slug: str, **fields: object) -> dict[str, object]:
    return {"slug": slug, "name": slug.capitalize(), "owner_email": f"owner@{slug}.example"} | fields


def fields_of(answer: httpx.Response) -> dict[str, str]:
    """The problems of an error by field, after a look at its form."""
    is_problem(answer)
    return {error["field"]: error["detail"] for error in answer.json()["errors"]}


def is_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert isinstance(problem["type"], str)
    assert problem["title"]
    assert problem["detail"]


async def test_a_registration_is_accepted_and_found_again(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/tenants", json=registration("first", owner_name="Ada", plan="business"))

    assert answer.status_code == 202
    tenant, execution = answer.json()["tenant"], answer.json()["execution"]
    assert tenant.keys() >= TENANT
    assert execution.keys() >= EXECUTION
    assert (tenant["slug"], tenant["plan"], tenant["status"]) == ("first", "business", "provisioning")
    assert tenant["schema_name"] == f"tenant_{tenant['id'].replace('-', '')}"
    assert (execution["workflow_id"], execution["workflow_type"]) == ("tenant-provision-first", "tenant_provisioning")
    assert (execution["entity_id"], execution["requested_by"]) == (tenant["id"], "ada@example.com")
    found = (await api.get("/api/v1/tenants/first")).json()
    assert found["tenant"]["id"] == tenant["id"]
    assert found["execution"]["id"] == execution["id"]
    detail = (await api.get(f"/api/v1/executions/{execution['id']}")).json()
    assert detail.keys() >= {"execution", "steps", "events", "attempts", "decisions"}
    assert detail["attempts"][0]["id"] == execution["id"]


async def test_times_are_in_utc(api: httpx.AsyncClient) -> None:
    execution = (await api.post("/api/v1/tenants", json=registration("in-time"))).json()["execution"]

    detail = (await api.get(f"/api/v1/executions/{execution['id']}")).json()["execution"]

    moments = {name: value for name, value in detail.items() if name.endswith("_at") and value is not None}
    assert moments.keys() >= {"created_at", "updated_at", "last_progress_at"}
    assert [value for value in moments.values() if not MOMENT.fullmatch(value)] == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("slug", "Upper", "The slug must have 2 to 55 characters"),
        ("slug", "under_score", "The slug must have 2 to 55 characters"),
        ("slug", "a" * 56, "The slug must have 2 to 55 characters"),
        ("slug", "trailing-", "The slug must have 2 to 55 characters"),
        ("slug", "new\n", "The slug must have 2 to 55 characters"),
        ("slug", "nul\x00", "The slug must have 2 to 55 characters"),
        ("slug", 7, "string"),
        ("slug", None, "string"),
        ("name", "", "The name must have 1 to 200 characters."),
        ("name", "x" * 201, "The name must have 1 to 200 characters."),
        ("name", "a\x00b", "The name must not contain control characters."),
        ("owner_email", "nobody", "The e-mail address must look like name@example.com."),
        ("owner_email", "a\x00@example.com", "The e-mail address must look like name@example.com."),
        ("owner_name", "a\x07b", "The owner's name must not contain control characters."),
        ("plan", "gold", "The plan must be one of"),
        ("color", "blue", "Extra inputs are not permitted"),
    ],
)
async def test_bad_input_is_named_by_field_and_nothing_is_written(
    api: httpx.AsyncClient, field: str, value: object, sentence: str
) -> None:
    before = (await api.get("/api/v1/tenants")).json()["total"]

    answer = await api.post("/api/v1/tenants", json=registration("bad-input") | {field: value})

    assert answer.status_code == 422
    assert fields_of(answer).keys() == {field}
    assert sentence in fields_of(answer)[field]
    assert (await api.get("/api/v1/tenants")).json()["total"] == before


async def test_half_a_character_is_refused(api: httpx.AsyncClient) -> None:
    body = json.dumps(registration("half", name="a\ud800b"))

    answer = await api.post("/api/v1/tenants", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert fields_of(answer) == {"name": "The name must not contain control characters."}


async def test_every_missing_field_is_named(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/tenants", json={})

    assert answer.status_code == 422
    assert fields_of(answer).keys() == {"slug", "name", "owner_email"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"slug": "a\x00"}', b"[" * 60_000, b"1" * 5_000]
)
async def test_broken_bodies_are_refused(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/api/v1/tenants", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    is_problem(answer)


async def test_what_is_in_use_is_a_conflict_naming_the_field(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/tenants", json=registration("users-inc"))

    slug = await api.post("/api/v1/tenants", json=registration("users-inc", owner_email="other@example.com"))
    email = await api.post("/api/v1/tenants", json=registration("other-inc", owner_email="OWNER@users-inc.example"))

    assert (slug.status_code, email.status_code) == (409, 409)
    assert fields_of(slug).keys() == {"slug"}
    assert "slug users-inc is in use" in fields_of(slug)["slug"]
    assert fields_of(email).keys() == {"owner_email"}
    assert (await api.get("/api/v1/tenants/other-inc")).status_code == 404


async def test_of_many_at_once_exactly_one_wins(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(
            api.post("/api/v1/tenants", json=registration("wanted", owner_email=f"o{n}@wanted.example"))
            for n in range(20)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    listed = (await api.get("/api/v1/executions", params={"q": "tenant-provision-wanted"})).json()
    assert listed["total"] == 1


async def test_a_key_makes_a_request_repeatable(console: Console, api: httpx.AsyncClient) -> None:
    async def post(key: str, body: Mapping[str, object], client: httpx.AsyncClient = api) -> httpx.Response:
        return await client.post("/api/v1/tenants", json=body, headers={"Idempotency-Key": key})

    wanted = registration("repeated")
    first, again = await asyncio.gather(post("k-1", wanted), post("k-1", wanted))
    other = await post("k-1", wanted | {"name": "Another"})
    async with console.client(token=await console.accounts.token("bob@example.com", Role.SUPPORT)) as bob:
        of_another = await post("k-1", registration("of-bob"), bob)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["execution"]["id"] == again.json()["execution"]["id"]
    assert other.status_code == 409
    is_problem(other)
    assert of_another.status_code == 202
    for key in ("", "k" * 201):
        refused = await post(key, registration("keyed"))
        assert refused.status_code == 422
        assert fields_of(refused).keys() == {"idempotency_key"}


async def test_roles_are_enforced(console: Console) -> None:
    expected = {Role.VIEWER: 403, Role.SUPPORT: 202, Role.OPERATOR: 202, Role.ADMIN: 202}

    for role, status in expected.items():
        token = await console.accounts.token(f"{role}@roles.example", role)
        async with console.client(token=token) as client:
            answer = await client.post("/api/v1/tenants", json=registration(f"by-{role}"))
            listed = await client.get("/api/v1/tenants", params={"q": f"by-{role}"})

        assert (answer.status_code, listed.status_code) == (status, 200)
        assert listed.json()["total"] == (1 if status == 202 else 0)
        if status == 403:
            is_problem(answer)
            assert "support" in answer.json()["detail"]


async def test_a_viewer_changes_nothing_by_any_route(console: Console, api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/tenants", json=registration("looked-at"))).json()
    document = (await api.get("/api/openapi.json")).json()
    changes = [
        (method, path, least_body(operation, document["components"]["schemas"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "get"
    ]
    assert len(changes) >= 2
    token = await console.accounts.token("eve@example.com", Role.VIEWER)

    async with console.client(token=token) as viewer:
        for method, template, body in changes:
            path = template.replace("{id}", made["execution"]["id"]).replace("{slug}", "looked-at")
            answer = await viewer.request(method, path, json=body)

            assert answer.status_code == 403, (method, path, answer.text)
            is_problem(answer)

    assert (await api.get(f"/api/v1/tenants/{TEXT}")).status_code == 404
    assert (await api.get("/api/v1/tenants/looked-at")).json()["tenant"]["status"] == "provisioning"


def least_body(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, object] | None:
    """What must be sent at least, going by the document; None where nothing must be."""
    body = operation.get("requestBody", {})
    if not body.get("required"):
        return None
    schema = schemas[body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
    return {name: sample(schema["properties"][name], schemas) for name in schema.get("required", ())}


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> object:
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    return {"string": TEXT, "boolean": True, "array": [], "object": {}, "integer": 1, "number": 1}[schema["type"]]


async def test_nobody_acts_in_the_name_of_another(api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/tenants", json=registration("in-whose-name"))).json()
    named: tuple[tuple[str, dict[str, object]], ...] = (
        ("/api/v1/tenants", registration("in-my-name", requested_by="eve@example.com")),
        (f"/api/v1/executions/{made['execution']['id']}/approve", {"reason": "fine", "decided_by": "eve@example.com"}),
        (f"/api/v1/executions/{made['execution']['id']}/terminate", {"reason": "fine", "workflow_id": "another"}),
    )

    for path, body in named:
        answer = await api.post(path, json=body)

        assert answer.status_code == 422
        assert fields_of(answer).keys() == body.keys() - {"reason", "slug", "name", "owner_email"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/tenants/nobody", 404),
        ("GET", f"/api/v1/executions/{NOBODY}", 404),
        ("GET", "/api/v1/executions/nonsense", 422),
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v1/nothing", 404),
        ("GET", "/api/v2/tenants", 404),
        ("GET", "/api/v1/tenants/", 404),
        ("PUT", "/api/v1/tenants", 405),
        ("DELETE", "/api/v1/tenants/nobody", 405),
        ("POST", f"/api/v1/executions/{NOBODY}", 405),
        ("GET", "/api/v1/reconciliations/resume", 405),
        ("HEAD", "/api/v1/reconciliations/pause", 405),
        ("GET", "/api/v1/tenants?q=%00", 422),
        ("GET", "/api/v1/tenants/a%00b", 422),
        ("GET", f"/api/v1/tenants?q={'x' * 201}", 422),
    ],
)
async def test_what_is_not_there_is_a_problem_document(
    api: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await api.request(method, path)

    assert answer.status_code == status
    if method != "HEAD":
        is_problem(answer)
    if status == 405:
        document = (await api.get("/api/openapi.json")).json()
        described = [methods for template, methods in document["paths"].items() if matches(template, path)]
        takes = {each.upper() for each in described[0]} | ({"HEAD"} if "get" in described[0] else set())
        assert set(answer.headers["allow"].split(", ")) == takes


def matches(template: str, path: str) -> bool:
    """The exact ones come first in what REST describes."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


async def test_what_can_be_read_can_be_asked_about(api: httpx.AsyncClient) -> None:
    """HEAD wherever there is GET."""
    document = (await api.get("/api/openapi.json")).json()
    for path in (path for path, methods in document["paths"].items() if "get" in methods):
        address = path.format(id=NOBODY, slug="nobody", cause=Cause.NO_WORKER.value)
        headers = {"Accept-Encoding": "identity"}  # else the length of what is compressed is not told
        get, head = await api.get(address, headers=headers), await api.head(address, headers=headers)

        assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"]), path
        assert head.content == b""


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_without_a_token_it_says_how_to_log_in(
    stranger: httpx.AsyncClient, method: str, origin: str | None
) -> None:
    answer = await stranger.request(method, "/api/v1/tenants", headers={"Origin": origin} if origin else {})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    is_problem(answer)


LISTS = (
    "tenants",
    "executions",
    "findings",
    "reconciliations",
    "exports/executions.csv",
    "exports/findings.csv",
    "exports/tenants.csv",
)


@pytest.mark.parametrize("path", LISTS)
async def test_a_parameter_that_is_not_known_or_comes_twice_is_refused(api: httpx.AsyncClient, path: str) -> None:
    unknown = await api.get(f"/api/v1/{path}?statuss=failed")
    one = {"reconciliations": "limit=5", "exports/executions.csv": "q=a"}.get(path, "q=a")
    repeated = await api.get(f"/api/v1/{path}?{one}&{one}")

    assert (unknown.status_code, repeated.status_code) == (422, 422)
    assert fields_of(unknown)["statuss"].startswith("There is no such parameter; known are: ")
    assert fields_of(repeated) == {one.partition("=")[0]: "The parameter must be given once."}


async def test_a_route_without_parameters_takes_none(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/tenants?dry_run=true", json=registration("dry-run"))

    assert answer.status_code == 422
    assert fields_of(answer) == {"dry_run": "There is no such parameter; there are none here."}
    assert (await api.get("/api/v1/tenants/dry-run")).status_code == 404


@pytest.mark.parametrize("moment", ["0.5", "0", "1738324800", "2026-01-31", "2026-W05", "20260131T120000Z", "now", ""])
async def test_a_moment_is_not_guessed_from_a_number(api: httpx.AsyncClient, moment: str) -> None:
    for name in ("created_from", "created_to"):
        answer = await api.get("/api/v1/executions", params={name: moment})

        assert answer.status_code == 422
        assert "must be a moment with its time zone, such as 2026-01-31T12:00:00Z" in fields_of(answer)[name]


@pytest.mark.parametrize("moment", ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456+01:00", "2026-01-31 12:00z"])
async def test_a_moment_in_writing_is_taken(api: httpx.AsyncClient, moment: str) -> None:
    assert (await api.get("/api/v1/executions", params={"created_from": moment})).status_code == 200


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_a_body_that_is_not_json_is_named(api: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}

    answer = await api.post("/api/v1/tenants", content=json.dumps(registration("as-text")), headers=headers)

    assert answer.status_code == 415
    is_problem(answer)
    assert answer.json()["detail"] == "Send the body as application/json."


async def test_whatever_can_be_got_answers_head(api: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    document = (await api.get("/api/openapi.json")).json()
    lists = [path for path, operations in document["paths"].items() if "get" in operations and "{" not in path]
    assert len(lists) >= 4

    for path in (*lists, "/api/openapi.json", "/api/docs", "/healthz", "/readyz", "/metrics", "/login"):
        got, asked = await api.get(path), await api.head(path)

        assert (asked.status_code, asked.content) == (200, b""), path
        assert asked.headers["content-type"] == got.headers["content-type"], path
    for path in ("/", "/executions", "/tenants/new"):
        asked = await admin.head(path, headers={"Accept": "text/html"})
        assert (asked.status_code, asked.content) == (200, b""), path


async def test_what_retry_would_do_is_told_to_those_who_may(console: Console, api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/tenants", json=registration("who-may-retry"))).json()
    path = f"/api/v1/executions/{made['execution']['id']}/retry"

    for role, status in {Role.VIEWER: 403, Role.SUPPORT: 200}.items():
        async with console.client(token=await console.accounts.token(f"{role}@retry.example", role)) as client:
            assert (await client.get(path)).status_code == status


async def test_a_retry_that_means_something_else_by_now_does_nothing(console: Console, api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/tenants", json=registration("retry-of-a-kind"))).json()
    id_ = made["execution"]["id"]
    await console.accounts.execute(
        "UPDATE workflow_executions SET status = 'failed', close_reason = 'error', completed_at = clock_timestamp()"
        f" WHERE id = '{id_}'"
    )
    path, why = f"/api/v1/executions/{id_}/retry", {"reason": "shown before"}

    other = [await api.post(path, json={**why, "kind": kind}) for kind in ("step", "replace", "none")]
    unknown = await api.post(path, json={**why, "kind": "again"})
    shown = (await api.get(path)).json()["kind"]
    done = await api.post(path, json={**why, "kind": shown})

    for answer in other:
        assert answer.status_code == 409
        is_problem(answer)
        assert answer.json()["detail"] == (
            "Retry would do something else by now than what was shown; nothing was changed. Look at it again."
        )
    assert unknown.status_code == 422
    assert (done.status_code, done.json()["kind"]) == (202, "attempt")


async def test_a_revoked_token_is_refused(console: Console) -> None:
    token = await console.accounts.token("carol@example.com", Role.VIEWER)
    async with console.client(token=token) as client:
        assert (await client.get("/api/v1/tenants")).status_code == 200

        await console.accounts.execute(
            "UPDATE api_tokens SET revoked_at = now() FROM staff"
            " WHERE staff.id = staff_id AND email = 'carol@example.com'"
        )

        assert (await client.get("/api/v1/tenants")).status_code == 401


async def test_the_document_describes_every_route_and_its_errors(api: httpx.AsyncClient) -> None:
    document = (await api.get("/api/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    assert document["paths"].keys() >= {
        "/api/v1/tenants",
        "/api/v1/tenants/{slug}",
        "/api/v1/executions",
        "/api/v1/executions/{id}",
    }
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemes = document["components"]["securitySchemes"]
    assert (schemes["token"]["scheme"], schemes["session"]["name"]) == ("bearer", "tenantry")
    assert document["security"] == [{"token": []}, {"session": []}]
    names = [operation["operationId"] for _, operation in operations]
    assert len(names) == len(set(names))
    for name, operation in operations:
        assert operation["description"], name
        assert operation["tags"], name
        assert any(status.startswith("2") for status in operation["responses"]), name
        assert ("415" in operation["responses"]) == ("requestBody" in operation), name
        of_exports = ("429",) if "/exports/" in name else ()
        of_bodies = ("400", "408", "413", "415") if "requestBody" in operation else ()
        for status in ("401", "405", "414", "422", "431", *of_exports, *of_bodies):
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, name
    schemas = document["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', (await api.get("/api/openapi.json")).text))
    assert references <= schemas.keys()
