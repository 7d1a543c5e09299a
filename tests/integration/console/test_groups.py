"""Over REST: open trouble by cause and signature, and numbers of the whole installation."""

from uuid import UUID

import httpx
import pytest
from psycopg import AsyncConnection

from operations.database import Database
from operations.queries.groups import Groups
from operations.statuses import Cause, Health, Status
from tests.factories import add_execution, add_tenant
from workbench.consoles import Console

ILL = """
    UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', cause_detail = %s, signature = %s,
           health_since = now() - make_interval(mins => %s)
    WHERE id = ANY(%s)
"""


@pytest.fixture
async def trouble(console: Console) -> tuple[list[UUID], UUID]:
    """Forty runs that fail at one thing, and one that fails at another."""
    async with await AsyncConnection.connect(console.accounts.database.dsn, autocommit=True) as connection:
        same = [
            await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection))
            for _ in range(40)
        ]
        other = await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection))
        await connection.execute(ILL, ("disk full: 27 MB", "Disk full: … MB", 7, same))
        await connection.execute(ILL, ("quota", "Quota", 3, [other]))
    return same, other


async def test_forty_runs_of_one_cause_are_one_group_and_another_error_is_another(
    api: httpx.AsyncClient, trouble: tuple[list[UUID], UUID]
) -> None:
    same, other = trouble

    answer = (await api.get("/api/v1/groups", params={"limit": 200})).json()

    groups = {group["signature"]: group for group in answer["items"] if group["cause"] == "step_retrying"}
    disk, quota = groups["Disk full: … MB"], groups["Quota"]
    assert (disk["count"], disk["health"], disk["owner"]) == (40, "stuck", "platform")
    assert disk["oldest_id"] in {str(id_) for id_ in same}
    assert disk["action"].startswith("Mend what the error says.")
    assert (quota["count"], quota["oldest_id"]) == (1, str(other))


@pytest.mark.usefixtures("trouble")
async def test_the_list_takes_a_group_as_its_filter(api: httpx.AsyncClient) -> None:
    params = {"cause": "step_retrying", "signature": "Disk full: … MB", "health": "stuck"}

    answer = (await api.get("/api/v1/executions", params=params)).json()

    assert answer["total"] >= 40
    assert {item["signature"] for item in answer["items"]} == {"Disk full: … MB"}


async def test_an_unknown_cause_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/executions", params={"cause": "bad_luck"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cause"


@pytest.mark.usefixtures("trouble")
async def test_stats_count_by_status_and_by_health_and_cause(api: httpx.AsyncClient) -> None:
    stats = (await api.get("/api/v1/stats")).json()

    assert {each["status"] for each in stats["statuses"]} == {status.value for status in Status}
    retrying = [each for each in stats["healths"] if each["cause"] == "step_retrying" and each["health"] == "stuck"]
    assert retrying[0]["count"] >= 41
    assert len(stats["throughput"]) == 24
    assert isinstance(stats["durations"], list)


async def test_a_detail_says_who_must_act(api: httpx.AsyncClient, trouble: tuple[list[UUID], UUID]) -> None:
    _, other = trouble

    detail = (await api.get(f"/api/v1/executions/{other}")).json()

    assert detail["diagnosis"]["title"] == "A step keeps failing"
    assert detail["diagnosis"]["owner_title"] == "whoever runs the installation"


async def test_a_health_and_a_cause_of_one_name_are_counted_apart(database: Database) -> None:
    """Where no console looks at runs and says of them what it finds."""
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        for health, cause in (("unknown", "no_worker"), ("slow", "unknown"), ("slow", "unknown")):
            id_ = await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection))
            await connection.execute(
                "UPDATE workflow_executions SET health = %s, cause = %s WHERE id = %s", (health, cause, id_)
            )

    trouble = await Groups(database=database).trouble()

    assert (trouble.healths[Health.UNKNOWN], trouble.causes[Cause.UNKNOWN]) == (1, 2)


async def test_errors_are_counted_as_lists_have_them_however_the_runs_are_doing(database: Database) -> None:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        for status, health in ((Status.RUNNING, "stuck"), (Status.RUNNING, "ok"), (Status.FAILED, "ok")):
            id_ = await add_execution(connection, status=status, entity_id=await add_tenant(connection))
            await connection.execute(
                "UPDATE workflow_executions SET health = %s, signature = 'Disk full' WHERE id = %s", (health, id_)
            )

    assert await Groups(database=database).of_errors({"Disk full", "Quota"}) == {"Disk full": 3, "Quota": 0}


async def test_what_is_said_of_a_group_is_true_of_each_of_its_runs(database: Database) -> None:
    said = "No worker takes work from the queue “{}”."
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        for minutes, queue in enumerate(("eu", "eu", "us")):
            id_ = await add_execution(connection, status=Status.RUNNING, entity_id=await add_tenant(connection))
            await connection.execute(NO_WORKER, (said.format(queue), queue, 9 - minutes, id_))
        groups = Groups(database=database)

        [several] = (await groups.list()).items
        one = await groups.one(Cause.NO_WORKER, None)
        await connection.execute("DELETE FROM workflow_executions WHERE id = %s", (id_,))
        [same] = (await groups.list()).items

    assert (several.count, several.detail) == (3, "No worker takes their work, which waits in 2 queues.")
    assert one == several
    assert (same.count, same.detail) == (2, said.format("eu"))


NO_WORKER = """
    UPDATE workflow_executions SET health = 'stuck', cause = 'no_worker', cause_detail = %s,
           evidence = jsonb_build_object('queue', %s::text), health_since = now() - make_interval(mins => %s)
    WHERE id = %s
"""
