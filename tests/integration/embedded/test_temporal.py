import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus

from embedded import ports
from embedded.application import says_ok
from embedded.temporal import RETENTION, EmbeddedTemporal, TemporalPorts


async def test_runs_survive_a_killed_server_on_the_same_ports(directory: Path) -> None:
    async with EmbeddedTemporal(directory=directory) as server:
        client = await Client.connect(server.address)
        await client.start_workflow("Anything", id="kept", task_queue="none")
        address, listening = server.address, server.ports
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await server.exited()
        assert not await server.answers()

        await server.start()

        kept = await client.get_workflow_handle("kept").describe(rpc_timeout=timedelta(seconds=10))
        assert kept.status == WorkflowExecutionStatus.RUNNING
        assert (server.address, server.ports) == (address, listening)
        server.hurry()


async def test_it_is_made_as_promised(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TEMPORAL_ADDRESS": "prod:7233", "TEMPORAL_NAMESPACE": "prod", "TEMPORAL_API_KEY": "k"}.items():
        monkeypatch.setenv(name, value)
    frontend, ui = ports.choose([None, None])

    async with EmbeddedTemporal(
        directory=directory, namespace="blue", wanted=TemporalPorts(frontend=frontend, ui=ui), with_ui=True
    ) as server:
        client = await Client.connect(server.address, namespace="blue")
        namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="blue"))
        attributes = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="blue"))
        has_ui = await says_ok(ports.LOOPBACK, ui, "/")
        server.hurry()

    assert server.address == f"127.0.0.1:{frontend}"
    assert server.ui_url == f"http://127.0.0.1:{ui}"
    assert server.title.startswith("Temporal 1.")
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta() == RETENTION
    assert "OperationUUID" in attributes.custom_attributes
    assert has_ui


async def test_its_own_pages_are_served_only_when_asked_for(directory: Path) -> None:
    [ui] = ports.choose([None])

    async with EmbeddedTemporal(directory=directory, wanted=TemporalPorts(ui=ui)) as server:
        has_ui = await says_ok(ports.LOOPBACK, ui, "/")
        server.hurry()

    assert not has_ui
    assert server.ui_url is None
    assert ui not in server.ports


async def test_an_orderly_stop_leaves_nothing(directory: Path) -> None:
    async with EmbeddedTemporal(directory=directory) as server:
        assert (directory / "temporal.json").exists()

    assert server.pid is None
    assert not (directory / "temporal.json").exists()
    assert ports.is_free(int(server.address.rpartition(":")[2]))
