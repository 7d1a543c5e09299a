"""Lists by REST: every filter, every order, and pages that neither lose nor repeat a row."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from operations.statuses import CloseReason, Status
from tests.factories import add_execution, add_tenant
from tests.integration.console.test_api import fields_of
from workbench.consoles import Console

KIND = "listed_by_tests"  #: only these rows are looked at
EACH = 30  #: rows for each status
ORDERS = {
    "-created_at": ("created_at", True),
    "created_at": ("created_at", False),
    "-completed_at": ("completed_at", True),
    "completed_at": ("completed_at", False),
    "attention": None,
}
Item = Mapping[str, object]


@pytest.fixture(scope="module")
async def rows(console: Console) -> None:
    """120 executions; half of them are exactly as old as others."""
    dsn = console.accounts.database.dsn
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        async with connection.transaction():
            for _ in range(EACH // 2):
                for status in Status:
                    await add_execution(connection, status=status, workflow_type=KIND)
        for _ in range(EACH // 2):
            for status in Status:
                await add_execution(connection, status=status, workflow_type=KIND)
        await connection.execute(
            "UPDATE workflow_executions SET health = 'stuck', cause = 'no_worker', health_since = now(),"
            " last_progress_at = now() + interval '1 hour'"  # so that the watcher leaves them as they are
            " WHERE workflow_type = %s AND status = 'running'",
            (KIND,),
        )


async def pages(api: httpx.AsyncClient, **params: str | int) -> list[list[Item]]:
    """All pages from the first to the last."""
    found: list[list[Item]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await api.get("/api/v1/executions", params={"type": KIND, **params, **cursor})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("sort", ORDERS)
async def test_pages_lose_and_repeat_nothing(api: httpx.AsyncClient, sort: str) -> None:
    found = await pages(api, sort=sort, limit=7)

    ids = [item["id"] for page in found for item in page]
    assert len(ids) == len(set(ids)) == (EACH * 2 if "completed_at" in sort else EACH * 4)
    assert {len(page) for page in found[:-1]} == {7}
    if (order := ORDERS[sort]) is not None:
        column, descending = order
        moments = [str(item[column]) for page in found for item in page]
        assert moments == sorted(moments, reverse=descending)
    else:
        is_final = [item["status"] in ("completed", "failed") for page in found for item in page]
        assert is_final == sorted(is_final)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("sort", ["started_at", "-started_at"])
async def test_by_start_what_has_not_started_comes_last(api: httpx.AsyncClient, sort: str) -> None:
    items = [item for page in await pages(api, sort=sort, limit=7) for item in page]

    begun = [str(item["started_at"]) for item in items if item["started_at"] is not None]
    assert len({item["id"] for item in items}) == len(items) == EACH * 4
    assert begun == sorted(begun, reverse=sort.startswith("-"))
    assert 0 < len(begun) < len(items)
    assert all(item["started_at"] is None for item in items[len(begun) :])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("sort", ["duration", "-duration"])
async def test_by_duration_what_has_ended_is_listed(api: httpx.AsyncClient, sort: str) -> None:
    items = [item for page in await pages(api, sort=sort, limit=7) for item in page]

    lasted = [moment(item["completed_at"]) - moment(item["started_at"] or item["created_at"]) for item in items]
    assert len({item["id"] for item in items}) == len(items) == EACH * 2
    assert lasted == sorted(lasted, reverse=sort.startswith("-"))


def moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


@pytest.mark.usefixtures("rows")
async def test_rows_that_come_meanwhile_shift_nothing(console: Console, api: httpx.AsyncClient) -> None:
    params: dict[str, str | int] = {"type": f"{KIND}_meanwhile", "limit": 5}
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connection:
        old = [str(await add_execution(connection, workflow_type=f"{KIND}_meanwhile")) for _ in range(10)]
        first = (await api.get("/api/v1/executions", params=params)).json()
        for _ in range(3):
            await add_execution(connection, workflow_type=f"{KIND}_meanwhile")

    second = (await api.get("/api/v1/executions", params=params | {"cursor": first["next"]})).json()

    seen = [item["id"] for item in first["items"] + second["items"]]
    assert seen == old[::-1]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 120),
        ({"status": "pending"}, 30),
        ({"status": "completed,failed"}, 60),
        ({"status": "open"}, 60),
        ({"status": "failed,open"}, 90),
        ({"status": " running , pending "}, 60),
        ({"health": "stuck"}, 30),
        ({"health": "ok,stuck"}, 120),
        ({"cause": "no_worker"}, 30),
        ({"cause": "step_hanging"}, 0),
        ({"type": f"{KIND},nothing_of_this_name", "status": "failed"}, 30),
        ({"type": "nothing_of_this_name"}, 0),
        ({"q": "test-"}, 120),
        ({"q": "%"}, 0),
        ({"q": "TEST-nobody"}, 0),
        ({"status": "failed", "health": "stuck"}, 0),
        ({"created_from": "2000-01-01T00:00:00Z"}, 120),
        ({"created_from": "0001-01-01T00:00:00+14:00", "created_to": "9999-12-31T23:59:59-14:00"}, 120),
        ({"created_to": "2000-01-01T00:00:00+02:00"}, 0),
    ],
)
async def test_each_filter_narrows(api: httpx.AsyncClient, filters: Mapping[str, str], count: int) -> None:
    answer = await api.get("/api/v1/executions", params={"type": KIND, "limit": "200", **filters})

    assert answer.status_code == 200
    assert answer.json().keys() >= {"items", "next", "total", "total_capped"}
    assert (len(answer.json()["items"]), answer.json()["total"]) == (count, count)
    assert (answer.json()["next"], answer.json()["total_capped"]) == (None, False)


@pytest.mark.parametrize(
    ("filters", "attempts"),
    [
        ({}, [4, 3, 2, 1]),
        ({"status": "failed"}, [3, 2, 1]),
        ({"status": "failed", "superseded": "false"}, [3, 1]),
        ({"status": "failed", "superseded": "true"}, [2]),
        ({"superseded": "true"}, [2]),
        ({"superseded": "false"}, [4, 3, 1]),
        ({"status": "running,failed", "superseded": "true"}, [4, 2]),
        ({"failures": "standing"}, [3]),
        ({"failures": "standing", "superseded": "false"}, [3]),
        ({"failures": "standing", "superseded": "true"}, []),
        ({"failures": "called_off,superseded"}, [2, 1]),
        ({"status": "running,failed", "failures": "called_off"}, [4, 1]),
    ],
)
async def test_failures_are_told_by_what_became_of_them(
    console: Console, api: httpx.AsyncClient, filters: Mapping[str, str], attempts: list[int]
) -> None:
    kind = f"superseded_{uuid4().hex}"
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connection:

        async def add(status: Status, attempt: int, how: CloseReason = CloseReason.ERROR) -> UUID:
            return await add_execution(connection, workflow_type=kind, status=status, attempt=attempt, close_reason=how)

        await add(Status.FAILED, 1, CloseReason.CANCELED)
        old, _, newer = await add(Status.FAILED, 2), await add(Status.FAILED, 3), await add(Status.RUNNING, 4)
        await connection.execute("UPDATE workflow_executions SET superseded_by = %s WHERE id = %s", (newer, old))

    answer = (await api.get("/api/v1/executions", params={"type": kind, **filters})).json()

    assert [item["attempt"] for item in answer["items"]] == attempts
    assert answer["total"] == len(attempts)
    by = {item["attempt"]: (item["superseded_by"], item["superseded_by_attempt"]) for item in answer["items"]}
    assert by.get(2) in (None, (str(newer), 4))
    assert by.get(3) in (None, (None, None))


@pytest.mark.usefixtures("rows")
async def test_an_entity_and_a_span_of_time_narrow(api: httpx.AsyncClient) -> None:
    item = (await pages(api, limit=200))[0][0]
    created = datetime.fromisoformat(str(item["created_at"]))

    of_entity = await api.get("/api/v1/executions", params={"entity_id": str(item["entity_id"])})
    until, after = [
        await api.get("/api/v1/executions", params={"type": KIND, bound: moment.isoformat()})
        for bound, moment in (("created_to", created), ("created_from", created + timedelta(microseconds=1)))
    ]

    assert [found["id"] for found in of_entity.json()["items"]] == [item["id"]]
    assert until.json()["total"] == 119
    assert after.json()["total"] == 0


async def test_a_total_is_capped_at_a_thousand(console: Console, api: httpx.AsyncClient) -> None:
    kind = f"{KIND}_many"
    insert = (
        "INSERT INTO workflow_executions (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input,"
        " requested_by) SELECT gen_random_uuid(), 'many-' || n, '%s', 'tenant', gen_random_uuid(), 'test', '{}',"
        " 'test' FROM generate_series(1, %d) AS n"
    )
    await console.accounts.execute(insert % (kind, 1000))
    exact = (await api.get("/api/v1/executions", params={"type": kind, "limit": 1})).json()
    await console.accounts.execute((insert % (kind, 1)).replace("'many-' || n", "'one-more'"))
    capped = (await api.get("/api/v1/executions", params={"type": kind, "limit": 1})).json()

    assert (exact["total"], exact["total_capped"]) == (1000, False)
    assert (capped["total"], capped["total_capped"]) == (1000, True)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "1" * 40}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WzAsIDEsIDIsIDNd"}, "cursor"),
        ({"cursor": "x" * 501}, "cursor"),
        ({"status": "done"}, "status"),
        ({"status": "failed,done"}, "status"),
        ({"health": "ill"}, "health"),
        ({"sort": "name"}, "sort"),
        ({"entity_id": "acme"}, "entity_id"),
        ({"created_from": "yesterday"}, "created_from"),
        ({"created_from": "2026-01-01T00:00:00"}, "created_from"),
        ({"created_to": "2026-01-01"}, "created_to"),
        ({"q": "x" * 201}, "q"),
    ],
)
async def test_senseless_parameters_are_named(api: httpx.AsyncClient, params: Mapping[str, str], field: str) -> None:
    answer = await api.get("/api/v1/executions", params=dict(params))

    assert answer.status_code == 422
    assert fields_of(answer).keys() == {field}


@pytest.mark.usefixtures("rows")
async def test_tenants_are_listed_by_page_status_and_name(api: httpx.AsyncClient) -> None:
    slugs = [f"listed-{n}" for n in range(5)]
    for slug in slugs:
        body = {"slug": slug, "name": f"Listed {slug}", "owner_email": f"{slug}@example.com"}
        assert (await api.post("/api/v1/tenants", json=body)).status_code == 202

    async def listed(**params: str | int) -> dict[str, object]:
        answer = await api.get("/api/v1/tenants", params={"q": "listed-", **params})
        assert answer.status_code == 200
        found: dict[str, object] = answer.json()
        return found

    first = await listed(limit=3)
    rest = await listed(limit=3, cursor=str(first["next"]))
    items = [*_items(first), *_items(rest)]
    assert [item["slug"] for item in items] == slugs[::-1]
    assert rest["next"] is None
    assert (first["total"], first["total_capped"]) == (5, False)
    assert (await listed(status="active"))["total"] == 0
    assert (await listed(status="provisioning,failed"))["total"] == 5
    for params in ({"status": "gone"}, {"limit": "0"}, {"cursor": "nonsense"}):
        answer = await api.get("/api/v1/tenants", params=params)
        assert answer.status_code == 422
        assert fields_of(answer).keys() == params.keys()


async def test_the_file_of_tenants_has_what_the_list_has(api: httpx.AsyncClient) -> None:
    for slug in ("filed-one", "filed-two"):
        body = {"slug": slug, "name": f"=Filed {slug}", "owner_email": f"{slug}@example.com"}
        assert (await api.post("/api/v1/tenants", json=body)).status_code == 202

    answer = await api.get("/api/v1/exports/tenants.csv", params={"q": "filed-", "status": "provisioning,active"})
    refused = await api.get("/api/v1/exports/tenants.csv", params={"status": "gone"})

    head, *lines = answer.content.decode("utf-8-sig").splitlines()
    assert head.startswith("slug,name,plan,status,owner_email")
    assert [line.split(",")[:2] for line in lines] == [
        ["filed-two", "'=Filed filed-two"],
        ["filed-one", "'=Filed filed-one"],
    ]
    assert refused.status_code == 422


def _items(page: Mapping[str, object]) -> list[Item]:
    items = page["items"]
    assert isinstance(items, list)
    return items


async def test_findings_are_narrowed_to_one_tenant(console: Console, api: httpx.AsyncClient) -> None:
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connection:
        for slug in ("narrowed-one", "narrowed-two"):
            tenant = await add_tenant(connection, slug=slug)
            run = await add_execution(connection, entity_id=tenant)
            await connection.execute(
                "INSERT INTO reconciliation_findings (kind, workflow_id, tenant_id, execution_id)"
                " VALUES ('intruder', %(slug)s, %(tenant)s, NULL), ('gone', %(slug)s, NULL, %(run)s)",
                {"slug": slug, "tenant": tenant, "run": run},
            )

    found = (await api.get("/api/v1/findings", params={"tenant": "narrowed-one"})).json()
    unknown = (await api.get("/api/v1/findings", params={"tenant": "nobody-at-all"})).json()

    assert sorted(each["kind"] for each in found["items"]) == ["gone", "intruder"]
    assert {each["tenant_slug"] for each in found["items"]} == {"narrowed-one"}
    assert unknown["total"] == 0
