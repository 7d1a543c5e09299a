"""Workflow code is replayed for years: it may only import what has no effect."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import workers.workflows
from workbench.servers import environment

ROOT = Path(__file__).parents[3]
DRIVERS = ("psycopg", "sqlalchemy", "httpx", "nicegui", "prometheus_client", "structlog")


def modules() -> list[str]:
    return [each.name for each in pkgutil.walk_packages(workers.workflows.__path__, "workers.workflows.")]


def test_workflows_import_nothing_that_reads_or_writes() -> None:
    report = f"import sys, {', '.join([*modules(), 'workers.tracking.runs'])}; print(*sys.modules)"

    imported = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, env=environment(), check=True, capture_output=True, text=True
    ).stdout.split()

    assert "workers.workflows.provision_tenant" in imported
    assert [name for name in imported if name.startswith(DRIVERS)] == []
