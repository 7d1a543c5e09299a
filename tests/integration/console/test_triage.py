"""Triage by REST: of one execution and of a group, with filters for what nobody knows of and for what is mine."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from operations.statuses import Role, Status
from tests.factories import add_execution, add_tenant
from tests.integration.console.test_api import fields_of
from workbench.consoles import Console

TOMORROW = int((datetime.now(UTC) + timedelta(days=1)).timestamp())  #: seconds since 1970, which nobody means
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def connection(console: Console) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connected:
        yield connected


@pytest.fixture
def signature() -> str:
    """Of a group of this test's own."""
    return f"nothing like {uuid4().hex}"


async def stuck(connection: AsyncConnection, signature: str, *, kind: str = "triaged_by_tests") -> UUID:
    tenant = await add_tenant(connection)
    id_ = await add_execution(connection, status=Status.RUNNING, entity_id=tenant, workflow_type=kind)
    await connection.execute(
        "UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', signature = %s,"
        " health_since = now(), last_progress_at = now() + interval '1 hour' WHERE id = %s",
        (signature, id_),
    )
    return id_


async def test_an_execution_is_acknowledged_assigned_snoozed_and_noted(
    api: httpx.AsyncClient, connection: AsyncConnection, signature: str
) -> None:
    id_ = await stuck(connection, signature)
    address = f"/api/v1/executions/{id_}"
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()

    await api.post(f"{address}/acknowledge", json={})
    await api.post(f"{address}/assign", json={"assignee": "ada@example.com"})
    await api.post(f"{address}/snooze", json={"until": until})
    answer = await api.post(f"{address}/notes", json={"text": "Asked the customer.\nThey call back."})

    said = answer.json()
    assert answer.status_code == 200
    assert said["triage"]["acknowledged_by"] == said["triage"]["snoozed_by"] == "ada@example.com"
    assert said["triage"]["assignee"] == "ada@example.com"
    assert datetime.fromisoformat(said["triage"]["snoozed_until"]) == datetime.fromisoformat(until)
    assert [(note["author"], note["body"]) for note in said["notes"]] == [
        ("ada@example.com", "Asked the customer.\nThey call back.")
    ]
    assert (await api.get(f"{address}/triage")).json() == said
    assert (await api.get(address)).json()["execution"]["triage"] == said["triage"]
    withdrawn = [
        await api.post(f"{address}/acknowledge", json={"acknowledged": False}),
        await api.post(f"{address}/assign", json={"assignee": None}),
        await api.post(f"{address}/snooze", json={"until": None}),
    ]
    assert [each.status_code for each in withdrawn] == [200, 200, 200]
    assert withdrawn[-1].json()["triage"] is None


async def test_a_group_is_acknowledged_as_the_list_of_groups_names_it(
    api: httpx.AsyncClient, connection: AsyncConnection, signature: str
) -> None:
    ids = [await stuck(connection, signature) for _ in range(2)]
    group = {"cause": "step_retrying", "signature": signature}

    await api.post("/api/v1/groups/acknowledge", json=group)
    said = (await api.post("/api/v1/groups/notes", json={**group, "text": "eu-3 again"})).json()

    (listed,) = [
        each for each in (await api.get("/api/v1/groups?limit=200")).json()["items"] if each["signature"] == signature
    ]
    assert (listed["count"], listed["triage"], listed["notes"]) == (2, said["triage"], 1)
    assert (await api.get("/api/v1/groups/step_retrying/triage", params={"signature": signature})).json() == said
    for id_ in ids:
        of_member = (await api.get(f"/api/v1/executions/{id_}/triage")).json()
        assert (of_member["triage"], of_member["notes"]) == (said["triage"], said["notes"])


async def test_the_filters_find_what_nobody_knows_of_and_what_is_mine(
    api: httpx.AsyncClient, connection: AsyncConnection, signature: str
) -> None:
    kind = f"filtered_{uuid4().hex}"
    known, mine, waits, unknown = [await stuck(connection, f"{signature} {n}", kind=kind) for n in "abcd"]
    member = await stuck(connection, signature, kind=kind)
    failed = await add_execution(
        connection, status=Status.FAILED, entity_id=await add_tenant(connection), workflow_type=kind
    )
    for status in (Status.RUNNING, Status.COMPLETED):
        await add_execution(connection, status=status, workflow_type=kind)
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    group = {"cause": "step_retrying", "signature": signature}
    for path, body in (
        (f"executions/{known}/acknowledge", {}),
        (f"executions/{mine}/assign", {"assignee": "ada@example.com"}),
        (f"executions/{waits}/snooze", {"until": until}),
        ("groups/acknowledge", group),
        ("groups/assign", {**group, "assignee": "ada@example.com"}),
    ):
        assert (await api.post(f"/api/v1/{path}", json=body)).status_code == 200

    async def listed(**params: str) -> set[str]:
        answer = await api.get("/api/v1/executions", params={"type": kind, "limit": "200", **params})
        assert answer.status_code == 200, answer.text
        return {item["id"] for item in answer.json()["items"]}

    assert await listed(triage="unacknowledged") == {str(mine), str(unknown), str(failed)}
    assert await listed(triage="unacknowledged", sort="attention") == {str(mine), str(unknown), str(failed)}
    assert await listed(triage="mine") == {str(mine), str(member)}
    assert await listed(triage="mine,unacknowledged") == {str(mine)}
    assert await listed(triage="unacknowledged", status="completed") == set()
    assert await listed(triage="mine", q="test-") == {str(mine), str(member)}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("notes", {"text": ""}, "text"),
        ("notes", {"text": "bell \x07"}, "text"),
        ("notes", {"text": "x" * 2001}, "text"),
        ("notes", {"text": "\u200b"}, "text"),
        ("notes", {"text": 7}, "text"),
        ("assign", {"assignee": "nobody@example.com"}, "assignee"),
        ("assign", {}, "assignee"),
        ("snooze", {"until": "2000-01-01T00:00:00Z"}, "until"),
        ("snooze", {"until": "2999-01-01T00:00:00Z"}, "until"),
        ("snooze", {"until": "2999-01-01T00:00:00"}, "until"),
        ("snooze", {"until": TOMORROW}, "until"),
        ("snooze", {"until": str(TOMORROW)}, "until"),
        ("acknowledge", {"acknowledged": "yes"}, "acknowledged"),
    ],
)
async def test_bad_input_is_named_by_field_and_nothing_is_said(
    api: httpx.AsyncClient, connection: AsyncConnection, path: str, body: dict[str, object], field: str
) -> None:
    id_ = await stuck(connection, uuid4().hex)

    answer = await api.post(f"/api/v1/executions/{id_}/{path}", json=body)

    assert answer.status_code == 422
    assert fields_of(answer).keys() == {field}
    assert (await api.get(f"/api/v1/executions/{id_}/triage")).json() == {"triage": None, "notes": []}


async def test_viewers_read_and_may_not_act(console: Console, connection: AsyncConnection, signature: str) -> None:
    id_ = await stuck(connection, signature)
    bodies: dict[str, dict[str, object]] = {
        "acknowledge": {},
        "assign": {"assignee": None},
        "snooze": {"until": None},
        "notes": {"text": "seen"},
    }
    group: dict[str, object] = {"cause": "step_retrying", "signature": signature}
    subjects: list[tuple[str, dict[str, object]]] = [(f"executions/{id_}", {}), ("groups", group)]

    answers = {}
    for role in (Role.VIEWER, Role.SUPPORT, Role.OPERATOR):
        token = await console.accounts.token(f"{role}@triage.example", role)
        async with console.client(token=token) as client:
            said = [
                await client.post(f"/api/v1/{subject}/{path}", json={**body, **named})
                for path, body in bodies.items()
                for subject, named in subjects
            ]
            read = await client.get(f"/api/v1/executions/{id_}/triage")
        answers[role] = {answer.status_code for answer in said}
        assert read.status_code == 200

    assert answers == {Role.VIEWER: {403}, Role.SUPPORT: {200}, Role.OPERATOR: {200}}


async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    of_nothing = [
        await api.post(f"/api/v1/executions/{NOBODY}/acknowledge", json={}),
        await api.get(f"/api/v1/executions/{NOBODY}/triage"),
        await api.post("/api/v1/groups/acknowledge", json={"cause": "no_worker", "signature": "of nobody"}),
    ]

    assert [each.status_code for each in of_nothing] == [404, 404, 404]
