"""Worker Versioning: a run ends on the build on which it began, and Temporal says which build may go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from temporalio.client import Client

from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.deployments import Build, BuildStatus, BuildUnknown
from operations.kinds import known
from operations.queries.execution_views import ExecutionView
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


async def builds(services: Services) -> dict[str, Build]:
    return {each.build: each for each in await services.deployments.builds()}


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("delivering")
async def test_runs_end_on_the_build_on_which_they_began_and_a_build_without_runs_may_go(
    services: Services, admin: Actor, temporal_address: str, task_queue: str
) -> None:
    deployments = services.deployments
    async with working(services, temporal_address, task_queue, "one"):
        await deployments.make_current("one", by="test")
        waiting = await register(services, admin, "began-on-one", "enterprise")
        await eventually(
            lambda: services.reads.executions.detail(waiting.execution_id),
            lambda seen: seen.execution.cause == "awaiting_approval",
        )
        async with working(services, temporal_address, task_queue, "two"):
            await deployments.ramp("two", 20, by="test")
            ramping = await builds(services)
            ramped = [await register(services, admin, f"ramped-{number}") for number in range(RAMPED)]
            shares = [(await ended(services, each.execution_id)).build_id for each in ramped]
            await deployments.make_current("two", by="test")
            newer = await ended(services, (await register(services, admin, "began-on-two")).execution_id)
            draining = await eventually(
                lambda: builds(services),
                lambda seen: seen["one"].status is BuildStatus.DRAINING and seen["one"].runs == 1,
            )
            await services.executions.decide(admin, waiting.execution_id, Decision.APPROVED, "signed")
            older = await ended(services, waiting.execution_id)
            empty = await eventually(lambda: builds(services), lambda seen: seen["one"].runs == 0)

    assert (ramping["one"].status, ramping["two"].status) == (BuildStatus.CURRENT, BuildStatus.RAMPING)
    assert ramping["two"].ramp_percent == 20
    assert set(shares) == {"one", "two"}
    assert shares.count("two") < RAMPED / 2
    assert (older.build_id, newer.build_id) == ("one", "two")
    assert not draining["one"].may_be_switched_off
    assert empty["one"].may_be_switched_off
    assert not empty["two"].may_be_switched_off


async def test_a_build_that_no_worker_has_is_not_made_current(services: Services) -> None:
    assert await services.deployments.builds() == ()

    with pytest.raises(BuildUnknown):
        await services.deployments.make_current("no-such-build", by="test")
    with pytest.raises(BuildUnknown):
        await services.deployments.ramp("no-such-build", 10, by="test")


def test_the_build_is_named_by_whoever_deploys_it_or_by_its_code() -> None:
    unnamed, named = Settings.model_construct(), Settings.model_construct(build_id="2026-11-28.1")

    assert code.build_id(named, known()) == "2026-11-28.1"
    assert code.build_id(unnamed, known()) == code.build_id(unnamed, known())
    assert code.build_id(unnamed, known()).rpartition("-")[0]
