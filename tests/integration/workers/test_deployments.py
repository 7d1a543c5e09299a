"""Worker Versioning: a run ends on the build on which it began, and Temporal says which build may go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from temporalio.client import Client

from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.deployments import Build, BuildStatus, BuildUnknown
from operations.kinds import known
from operations.liveness import Watch
from operations.queries.execution_views import ExecutionView
from operations.queries.workforce import WorkforceQueries
from operations.run_queries import OPEN
from operations.settings import Settings
from operations.statuses import Decision, Status
from workbench.servers import beating, eventually
from workers import build as code
from workers.main import build

RAMPED = 40  # runs that begin while a fifth of them goes to the new build


@asynccontextmanager
async def working(services: Services, address: str, task_queue: str, name: str) -> AsyncIterator[None]:
    """A worker of the build `name`, once Temporal knows it."""
    settings = Settings.model_construct(task_queue=task_queue, worker_versioning=True)
    client = await Client.connect(address, identity=name, runtime=beating())
    async with build(services, client, task_queue, deployment=code.deployment(settings, name)):
        await eventually(services.deployments.builds, lambda builds: name in [each.build for each in builds])
        yield


async def register(services: Services, actor: Actor, slug: str, plan: str = "starter") -> Registered:
    registration = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com", plan=plan)
    return await services.tenants.register(actor, registration)


async def ended(services: Services, execution: UUID) -> ExecutionView:
    seen = await eventually(
        lambda: services.reads.executions.detail(execution), lambda detail: detail.execution.status.is_final, within=60
    )
    assert seen.execution.status is Status.COMPLETED
    return seen.execution


async def audited(services: Services) -> list[tuple[object, ...]]:
    """What the log has of deploys, in its order."""
    async with await AsyncConnection.connect(services.database.dsn) as connection:
        rows = await connection.execute(
            "SELECT action, target_label, outcome FROM audit_log WHERE action LIKE 'deploy.%' ORDER BY seq"
        )
        return await rows.fetchall()


async def shown_and_counted(services: Services, task_queue: str) -> tuple[dict[str, int], dict[str, int]]:
    """Runs in flight per build: as the page of the workers shows them, and as each run says when it is described."""
    watch = Watch(temporal=services.temporal, task_queue=task_queue)
    now = await WorkforceQueries.of(services.database, services.deployments, watch).now()
    client, counted = services.temporal.client, dict.fromkeys((each.build for each in now.builds), 0)
    async for run in client.list_workflows(f"TaskQueue = '{task_queue}' AND {OPEN}"):
        info = (await client.get_workflow_handle(run.id).describe()).raw_info
        counted[info.versioning_info.deployment_version.build_id] += 1
    return {each.build: each.runs for each in now.builds}, counted


async def builds(services: Services) -> dict[str, Build]:
    return {each.build: each for each in await services.deployments.builds()}


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("delivering")
async def test_runs_end_on_the_build_on_which_they_began_and_a_build_without_runs_may_go(
    services: Services, admin: Actor, temporal_address: str, task_queue: str
) -> None:
    deploys = services.deploys
    async with working(services, temporal_address, task_queue, "one"):
        await deploys.make_current(admin, "one")
        waiting = await register(services, admin, "began-on-one", "enterprise")
        await eventually(
            lambda: services.reads.executions.detail(waiting.execution_id),
            lambda seen: seen.execution.cause == "awaiting_approval",
        )
        async with working(services, temporal_address, task_queue, "two"):
            await deploys.ramp(admin, "two", 20)
            ramping = await builds(services)
            ramped = [await register(services, admin, f"ramped-{number}") for number in range(RAMPED)]
            shares = [(await ended(services, each.execution_id)).build_id for each in ramped]
            await deploys.make_current(admin, "two")
            newer = await ended(services, (await register(services, admin, "began-on-two")).execution_id)
            draining = await eventually(
                lambda: builds(services),
                lambda seen: seen["one"].status is BuildStatus.DRAINING and seen["one"].runs == 1,
            )
            # Temporal's list learns of an end a moment later, and of each run by itself.
            await eventually(
                lambda: shown_and_counted(services, task_queue),
                lambda seen: seen == ({"one": 1, "two": 0}, {"one": 1, "two": 0}),
            )
            early = await deploys.drain(admin, "one", wait=0)
            await services.executions.decide(admin, waiting.execution_id, Decision.APPROVED, "signed")
            older = await ended(services, waiting.execution_id)
            empty = await eventually(lambda: builds(services), lambda seen: seen["one"].runs == 0)
            late = await deploys.drain(admin, "one", wait=10)

    assert (ramping["one"].status, ramping["two"].status) == (BuildStatus.CURRENT, BuildStatus.RAMPING)
    assert ramping["two"].ramp_percent == 20
    assert set(shares) == {"one", "two"}
    assert shares.count("two") < RAMPED / 2
    assert (older.build_id, newer.build_id) == ("one", "two")
    assert (early.may_be_switched_off, late.may_be_switched_off) == (False, True)
    assert await audited(services) == [
        ("deploy.current", "one", "requested"),
        ("deploy.current", "one", "delivered"),
        ("deploy.ramp", "two", "requested"),
        ("deploy.ramp", "two", "delivered"),
        ("deploy.current", "two", "requested"),
        ("deploy.current", "two", "delivered"),
        ("deploy.drain", "one", "refused"),
        ("deploy.drain", "one", "applied"),
    ]
    assert not draining["one"].may_be_switched_off
    assert empty["one"].may_be_switched_off
    assert not empty["two"].may_be_switched_off


async def test_a_build_that_no_worker_has_is_not_made_current(services: Services, admin: Actor) -> None:
    assert await services.deployments.builds() == ()

    with pytest.raises(BuildUnknown):
        await services.deploys.make_current(admin, "no-such-build")
    with pytest.raises(BuildUnknown):
        await services.deploys.ramp(admin, "no-such-build", 10)
    with pytest.raises(BuildUnknown):
        await services.deploys.drain(admin, "no-such-build", wait=0)

    assert await audited(services) == [
        ("deploy.current", "no-such-build", "requested"),
        ("deploy.current", "no-such-build", "failed"),
        ("deploy.ramp", "no-such-build", "requested"),
        ("deploy.ramp", "no-such-build", "failed"),
        ("deploy.drain", "no-such-build", "failed"),
    ]


def test_the_build_is_named_by_whoever_deploys_it_or_by_its_code() -> None:
    unnamed, named = Settings.model_construct(), Settings.model_construct(build_id="2026-11-28.1")

    assert code.build_id(named, known()) == "2026-11-28.1"
    assert code.build_id(unnamed, known()) == code.build_id(unnamed, known())
    assert code.build_id(unnamed, known()).rpartition("-")[0]
