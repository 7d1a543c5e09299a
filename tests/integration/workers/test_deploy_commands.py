"""`tenantry deploy`: what a script is told, by a sentence and an exit code, when it moves runs between builds."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from embedded import ports
from operations.access import Actor
from operations.bootstrap import Services
from operations.deployments import BuildRefused, BuildStatus
from operations.errors import InvalidInput, TemporalUnavailable
from operations.temporal import Temporal
from tests.integration.console.test_cli import tenantry
from tests.integration.workers.test_deployments import audited, builds, ended, register, working
from tests.proxies import proxy_to
from workbench.consoles import Servers
from workbench.servers import eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def servers(database_url: str, temporal_address: str, task_queue: str) -> Servers:
    return Servers(database_url=database_url, temporal_address=temporal_address, task_queue=task_queue)


@pytest.fixture
async def two_builds(services: Services, admin: Actor, temporal_address: str, task_queue: str) -> AsyncIterator[None]:
    """Workers of the builds one and two; one is current."""
    async with (
        working(services, temporal_address, task_queue, "one"),
        working(services, temporal_address, task_queue, "two"),
    ):
        await services.deploys.make_current(admin, "one")
        yield


@pytest.mark.usefixtures("two_builds")
async def test_a_ramp_of_nothing_ends_and_its_build_may_go(services: Services, admin: Actor) -> None:
    await services.deploys.ramp(admin, "two", 50)

    await services.deploys.ramp(admin, "two", 0)
    ended = (await builds(services))["two"]
    await services.deploys.ramp(admin, "two", 0)
    drained = await services.deploys.drain(admin, "two", wait=30)
    with pytest.raises(BuildRefused, match=r"All new runs begin on one\b.*Make another build current"):
        await services.deploys.ramp(admin, "one", 0)

    assert (ended.status in (BuildStatus.DRAINING, BuildStatus.DRAINED), ended.ramp_percent) == (True, None)
    assert drained.may_be_switched_off


@pytest.mark.usefixtures("two_builds")
async def test_a_ramp_of_another_build_is_not_ended(services: Services, admin: Actor) -> None:
    await services.deploys.use_unversioned(admin)
    await services.deploys.ramp(admin, "one", 50)

    await services.deploys.ramp(admin, "two", 0)

    assert (await builds(services))["one"].ramp_percent == 50


@pytest.mark.usefixtures("two_builds")
async def test_drain_says_what_keeps_a_build_and_what_ends_that(servers: Servers) -> None:
    current = await tenantry(servers, "deploy", "drain", "one")
    await tenantry(servers, "deploy", "ramp", "two", "12.5")
    ramping = await tenantry(servers, "deploy", "drain", "two")
    ended = await tenantry(servers, "deploy", "ramp", "two", "0")
    gone = await tenantry(servers, "deploy", "drain", "two")

    assert (current[0], ramping[0], gone[0]) == (1, 1, 0)
    assert current[2] == (
        "one is still needed: new runs begin on it. Make another build current: tenantry deploy current BUILD.\n"
    )
    assert ramping[2] == (
        "two is still needed: 12.5 % of the new runs begin on it. End that first: tenantry deploy ramp two 0.\n"
    )
    assert ended[:2] == (0, "No new runs begin on two any more.\n")
    assert gone[1] == "Nothing is left on two; its workers may be switched off.\n"


@pytest.mark.usefixtures("two_builds")
async def test_an_empty_build_changes_nothing(servers: Servers, services: Services, admin: Actor) -> None:
    asked = [
        ("deploy", "current", ""),
        ("deploy", "current", " "),
        ("deploy", "current"),
        ("deploy", "current", "two", "--unversioned"),
        ("deploy", "current", "", "--unversioned"),
        ("deploy", "ramp", "", "20"),
        ("deploy", "ramp", "", "0"),
        ("deploy", "drain", ""),
    ]
    before = await audited(services)

    answers = [await tenantry(servers, *words) for words in asked]

    for words, (code, stdout, stderr) in zip(asked, answers, strict=True):
        assert (code, stdout) == (2 if "drain" in words else 1, ""), words
        assert len(stderr.splitlines()) == 1, stderr
    for act in (services.deploys.ramp(admin, "two", math.nan), services.deploys.drain(admin, "two", wait=math.nan)):
        with pytest.raises(InvalidInput):
            await act
    assert "Name the build" in answers[0][2]
    assert await audited(services) == before
    assert (await builds(services))["one"].status is BuildStatus.CURRENT


@pytest.mark.usefixtures("two_builds", "delivering", "worker")
async def test_new_runs_go_back_to_workers_without_versioning(
    servers: Servers, services: Services, admin: Actor
) -> None:
    await services.deploys.ramp(admin, "two", 50)

    changed = await tenantry(servers, "deploy", "current", "--unversioned")
    again = await tenantry(servers, "deploy", "current", "--unversioned")

    newer = await ended(services, (await register(services, admin, "back-again")).execution_id)

    assert (changed[0], again[0]) == (0, 0), changed
    assert newer.build_id not in ("one", "two")
    assert changed[1].startswith("New runs begin on workers without versioning.")
    left = await builds(services)
    assert all(each.may_be_switched_off for each in left.values()), left
    assert ("deploy.unversioned", services.deployments.name, "delivered") in await audited(services)


async def test_where_no_build_is_known_new_runs_begin_without_versioning_already(
    services: Services, admin: Actor
) -> None:
    await services.deploys.use_unversioned(admin)

    assert await audited(services) == [
        ("deploy.unversioned", services.deployments.name, "requested"),
        ("deploy.unversioned", services.deployments.name, "delivered"),
    ]


@pytest.mark.usefixtures("two_builds")
async def test_current_says_what_goes_on_ramping(servers: Servers, services: Services, admin: Actor) -> None:
    await services.deploys.make_current(admin, "two")
    await services.deploys.ramp(admin, "one", 30)

    code, said, _ = await tenantry(servers, "deploy", "current", "two")

    assert (code, said) == (
        0,
        "New runs begin on two, and 30 % of them on one. To end that: tenantry deploy ramp one 0.\n",
    )


@pytest.mark.usefixtures("two_builds")
async def test_a_drain_outlasts_an_outage_of_temporal(services: Services, admin: Actor, temporal_address: str) -> None:
    async with proxy_to(temporal_address) as way:
        deployments = replace(services.deployments, temporal=await Temporal.at(way.address))
        deploys = replace(services.deploys, deployments=deployments)
        await way.cut()
        with pytest.raises(TemporalUnavailable):
            await deploys.drain(admin, "two", wait=0)
        with capture_logs() as said:
            draining = asyncio.ensure_future(deploys.drain(admin, "two", wait=60))
            await eventually(lambda: asyncio.sleep(0, said), bool)
            await way.restore()
            found = await draining

    assert found.may_be_switched_off
    assert [row for row in await audited(services) if row[0] == "deploy.drain"] == [
        ("deploy.drain", "two", "failed"),
        ("deploy.drain", "two", "applied"),
    ]


async def test_a_drain_that_could_not_look_is_no_answer(servers: Servers) -> None:
    nowhere = servers.variables() | {"TEMPORAL_ADDRESS": f"127.0.0.1:{ports.any_free()}"}

    away = await tenantry(nowhere, "deploy", "drain", "one")
    unknown = await tenantry(servers, "deploy", "drain", "no-such-build")

    for code, stdout, stderr in (away, unknown):
        assert (code, stdout) == (2, "")
        assert len(stderr.splitlines()) == 1, stderr
    assert away[2].startswith("Whether this build may be switched off could not be seen: Temporal ")
    assert "tenantry deploy status" in unknown[2]
