"""Over REST and from a terminal: one action on many, previewed, begun, paused, and read row by row."""

import json
from uuid import uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from operations.bootstrap import Services
from operations.bulk.bulks import MOST_OPEN
from operations.statuses import Role, Status, TenantStatus
from tests.factories import add_execution, add_tenant
from tests.integration.console.test_cli import tenantry
from workbench.consoles import Console, Servers
from workbench.servers import eventually


async def failed(console: Console, number: int) -> list[str]:
    """Provisionings that can have another attempt."""
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connection:
        return [await _failed(connection) for _ in range(number)]


async def _failed(connection: AsyncConnection) -> str:
    tenant = await add_tenant(connection, status=TenantStatus.FAILED)
    return str(await add_execution(connection, status=Status.FAILED, entity_id=tenant))


async def begin(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/api/v1/executions/bulk", json={"action": "retry", "reason": "quota raised"} | body)


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(console: Console, api: httpx.AsyncClient) -> None:
    ids = [*(await failed(console, 2)), str(uuid4())]

    answer = await begin(api, ids=ids, dry_run=True)

    preview = answer.json()["preview"]
    assert (answer.status_code, answer.json()["bulk"]) == (200, None)
    assert (preview["total"], preview["acting"], preview["skipped"]) == (3, 2, 1)
    assert [row["execution_id"] for row in preview["rows"]] == ids
    assert preview["rows"][2]["skipped_because"] == "There is no execution with this id."
    detail = (await api.get(f"/api/v1/executions/{ids[0]}")).json()
    assert (detail["commands"], len(detail["attempts"])) == ([], 1)


@pytest.mark.parametrize("wrong", [{}, {"filter": {"status": "openn"}}, {"ids": ["x"], "reason": 7}, {"count": -1}])
async def test_whoever_may_not_is_told_so_before_what_they_sent_is_judged(
    console: Console, wrong: dict[str, object]
) -> None:
    token = await console.accounts.token("susan@bulk.example", Role.SUPPORT)

    async with console.client(token=token) as support:
        answer = await begin(support, action="terminate", **wrong)
        may = await begin(support, **wrong)

    assert (answer.status_code, may.status_code) == (403, 422)
    assert "it takes the role operator" in answer.json()["detail"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"7", b"\xff\xfe", b'{"action": ["retry"]}', b'{"action": "none"}']
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
async def test_a_body_of_another_make_is_refused_and_no_error_of_ours(
    api: httpx.AsyncClient, content: bytes, kind: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}

    answer = await api.post("/api/v1/executions/bulk", content=content, headers=headers)

    assert answer.status_code in (400, 415, 422)


async def test_more_open_ones_than_a_person_may_have_are_refused(console: Console) -> None:
    pairs = [await failed(console, 2) for _ in range(MOST_OPEN)]
    ids = await failed(console, 2)
    token = await console.accounts.token("many@bulk.example", Role.OPERATOR)

    async with console.client(token=token) as client:
        begun = [(await begin(client, ids=pair, first_alone=True)).json()["bulk"]["id"] for pair in pairs]
        refused = await begin(client, ids=ids)
        for each in begun:
            await client.post(f"/api/v1/bulk/{each}/stop")
        after = await eventually(lambda: begin(client, ids=ids), lambda answer: answer.status_code == 202)

    assert refused.status_code == 429
    assert "bulk operations of yours are open; nothing was begun" in refused.json()["detail"]
    assert after.status_code == 202


async def test_what_was_begun_is_done_by_itself_and_read_page_by_page(console: Console, api: httpx.AsyncClient) -> None:
    ids = await failed(console, 5)

    answer = await begin(api, ids=ids, count=5)
    bulk = answer.json()["bulk"]
    done = await eventually(lambda: read(api, bulk["id"]), lambda seen: seen.json()["bulk"]["finished_at"] is not None)

    assert (answer.status_code, bulk["action"], bulk["total"]) == (202, "retry", 5)
    assert (done.json()["bulk"]["state"], done.json()["bulk"]["done"], done.json()["total"]) == ("finished", 5, 5)
    found: list[str] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = (await read(api, bulk["id"], limit=2, **cursor)).json()
        found += [row["execution_id"] for row in page["items"]]
        cursor = None if page["next"] is None else {"cursor": page["next"]}
    assert found == ids
    of_bulk = (await api.get("/api/v1/executions", params={"bulk": bulk["id"]})).json()
    assert {item["id"] for item in of_bulk["items"]} >= set(ids)
    assert of_bulk["total"] == 10  # with the attempts that it began
    none = (await read(api, bulk["id"], result="skipped,failed")).json()
    assert (none["items"], none["total"]) == ([], 0)


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"filter": {}}, "filter", "an empty one is not all executions"),
        ({"filter": {"status": "", "q": " "}}, "filter", "an empty one is not all executions"),
        ({"filter": {"q": "a\x00"}}, "filter.q", "pattern"),
        ({"ids": []}, "ids", "no ids are not all of them"),
        ({}, "filter", "exactly one of ids, filter and group"),
        ({"ids": [str(uuid4())], "filter": {"status": "open"}}, "filter", "exactly one of ids, filter and group"),
        ({"filter": {"status": "openn"}}, "status", "is not a status"),
        ({"ids": ["x"]}, "ids.0", "UUID"),
        ({"filter": {"created_from": "2026"}}, "filter.created_from", "must be a moment with its time zone"),
        ({"filter": {"created_to": "0.5"}}, "filter.created_to", "must be a moment with its time zone"),
        ({"filter": {"created_to": 1.5}}, "filter.created_to", "must be a moment with its time zone"),
        ({"filter": {"superseded": False}}, "filter", ""),
        ({"ids": [str(uuid4())], "action": "cleanup"}, "action", "must be one of retry"),
        ({"ids": [str(uuid4())], "reason": " "}, "reason", "3 to 500"),
        ({"ids": [str(uuid4())], "everything": True}, "everything", "not permitted"),
    ],
)
async def test_what_is_not_said_clearly_does_nothing(
    api: httpx.AsyncClient, body: dict[str, object], field: str, sentence: str
) -> None:
    answer = await begin(api, **body)

    assert answer.status_code == 422
    problems = {each["field"]: each["detail"] for each in answer.json()["errors"]}
    assert sentence in problems[field]


async def test_what_matches_nothing_is_not_called_done(api: httpx.AsyncClient) -> None:
    answer = await begin(api, filter={"q": "there-is-no-such-customer"})

    bulk = answer.json()["bulk"]
    assert (answer.status_code, bulk["total"], bulk["done"], bulk["state"]) == (202, 0, 0, "finished")


async def test_ids_by_the_thousand_go_in_and_more_do_not(api: httpx.AsyncClient) -> None:
    answer = await begin(api, ids=[str(uuid4()) for _ in range(2_000)], dry_run=True)
    too_large = await begin(api, ids=[str(uuid4()) for _ in range(14_000)], dry_run=True)

    assert (answer.status_code, answer.json()["preview"]["skipped"]) == (200, 2_000)
    assert too_large.status_code == 413


async def test_another_number_than_was_seen_is_a_conflict(console: Console, api: httpx.AsyncClient) -> None:
    answer = await begin(api, ids=await failed(console, 1), count=2)

    assert answer.status_code == 409
    assert "1 execution can take this, not 2" in answer.json()["detail"]


async def test_those_who_may_not_do_it_to_one_may_not_do_it_to_many(console: Console) -> None:
    ids, answers = await failed(console, 1), {}
    for role in (Role.VIEWER, Role.SUPPORT, Role.OPERATOR):
        token = await console.accounts.token(f"bulk-{role}@example.com", role)
        async with console.client(token=token) as client:
            for action in ("retry", "terminate"):
                answers[role, action] = (await begin(client, ids=ids, action=action, dry_run=True)).status_code

    assert {each for each, status in answers.items() if status == 200} == {
        (Role.SUPPORT, "retry"),
        (Role.OPERATOR, "retry"),
        (Role.OPERATOR, "terminate"),
    }
    assert set(answers.values()) == {200, 403}


@pytest.mark.parametrize("move", ["pause", "resume", "stop", "release"])
async def test_whoever_may_not_change_a_bulk_operation_is_told_what_they_asked_for(
    console: Console, api: httpx.AsyncClient, move: str
) -> None:
    id_ = (await begin(api, ids=await failed(console, 1), action="cancel")).json()["bulk"]["id"]

    async with console.client(token=await console.accounts.token("reads@example.com", Role.VIEWER)) as client:
        refused = await client.post(f"/api/v1/bulk/{id_}/{move}")
        not_begun = await begin(client, ids=[str(uuid4())], action="cancel")

    assert (refused.status_code, not_begun.status_code) == (403, 403)
    assert f"does not allow you to {move} the bulk operation; it takes the role operator." in refused.json()["detail"]
    assert "does not allow you to begin a bulk operation" in not_begun.json()["detail"]


async def test_it_is_paused_goes_on_and_is_stopped(console: Console, api: httpx.AsyncClient) -> None:
    id_ = (await begin(api, ids=await failed(console, 2), first_alone=True)).json()["bulk"]["id"]
    await eventually(lambda: read(api, id_), lambda seen: seen.json()["bulk"]["state"] == "paused")

    waits = (await read(api, id_)).json()["bulk"]
    again = await api.post(f"/api/v1/bulk/{id_}/pause")
    stopped = await api.post(f"/api/v1/bulk/{id_}/stop")
    nowhere = await api.post(f"/api/v1/bulk/{uuid4()}/stop")

    assert (waits["first_alone"], waits["canary_id"] is not None, waits["left"]) == (True, True, 1)
    assert again.status_code == 409
    assert "The bulk operation is paused" in again.json()["detail"]
    assert (stopped.json()["bulk"]["state"], stopped.json()["bulk"]["skipped"]) == ("stopped", 1)
    assert nowhere.status_code == 404


@pytest.fixture
def servers(database_url: str, temporal_address: str, task_queue: str) -> Servers:
    return Servers(database_url=database_url, temporal_address=temporal_address, task_queue=task_queue)


async def test_a_program_does_it_from_a_terminal(servers: Servers, services: Services) -> None:
    async with await AsyncConnection.connect(servers.database_url, autocommit=True) as connection:
        for _ in range(2):
            await _failed(connection)
    words = ("executions", "bulk", "retry", "--reason", "quota raised")

    _, previewed, _ = await tenantry(servers, *words, "--status", "failed", "--dry-run")
    code, _, refused = await tenantry(servers, *words)
    _, begun, _ = await tenantry(servers, *words, "--status", "failed", "--json")
    bulk = json.loads(begun)["bulk"]
    await services.bulks.runner.advance()
    await services.deliverer.deliver_due()
    await services.bulks.runner.advance()
    _, shown, _ = await tenantry(servers, "executions", "bulk-status", bulk["id"])

    assert "2 of 2 can take it." in previewed
    assert "2 × Starts attempt 2 from the beginning" in previewed
    assert (code, "an empty one is not all executions" in refused) == (1, True)
    assert "Retry of 2, finished" in shown
    assert "2 watched" in shown


async def read(client: httpx.AsyncClient, id_: str, **params: str | int) -> httpx.Response:
    return await client.get(f"/api/v1/bulk/{id_}", params=params)
