"""A stage per test."""

import pytest
from temporalio.client import Client

from operations.bootstrap import Services
from operations.diagnosis.facts import Patience
from operations.diagnosis.watcher import Watcher
from tests.integration.diagnosis.still_runs import Stage


@pytest.fixture
async def stage(services: Services, temporal_address: str, task_queue: str) -> Stage:
    watcher = Watcher.of(services.database, services.temporal, name="test", patience=Patience())
    client = await Client.connect(temporal_address)
    return Stage(services=services, client=client, watcher=watcher, task_queue=task_queue)
