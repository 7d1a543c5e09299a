"""A world per test, in which rows are looked at almost at once."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from operations import tenant_kinds
from operations.bootstrap import Services
from operations.reconciliation.passes import Reconciler
from tests.integration.reconciliation.runs import LIMITS, World, obedient_worker


@pytest.fixture
async def client(temporal_address: str) -> Client:
    return await Client.connect(temporal_address)


@pytest.fixture
def world(services: Services, client: Client, task_queue: str) -> World:
    reconciler = Reconciler(
        database=services.database,
        temporal=services.temporal,
        name="test",
        task_queue=task_queue,
        wake=services.deliverer.wake,
        provisioning=tenant_kinds.PROVISIONING,
        limits=LIMITS,
    )
    return World(services=services, client=client, reconciler=reconciler, task_queue=task_queue)


@pytest.fixture
async def obedient(client: Client, task_queue: str) -> AsyncIterator[Worker]:
    async with obedient_worker(client, task_queue) as worker:
        yield worker
