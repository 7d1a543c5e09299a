"""What installed packages bring: each process that cannot use it says so in one sentence that names it."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded import ports
from operations import kinds
from operations.errors import ConfigurationError
from workbench.consoles import ROOT, Servers
from workbench.servers import environment
from workers import loading
from workers.activities.sessions import Sessions

ENTRY = "[tenantry.workflows]\n{name} = wrong_package:{attribute}\n"
KIND = """
from dataclasses import replace
from operations import tenant_kinds
from operations.kinds import Kind, Purpose, Step
OTHER = replace(
    tenant_kinds.PROVISIONING, stored_name="other", temporal_name="Other", verb="other", {changes}
)
"""
CLI = "from console.cli import main; main()"
RUN = """
from temporalio import workflow
@workflow.defn(name="Other")
class Run:
    @workflow.run
    async def run(self) -> None: ...
"""


def package(directory: Path, code: str) -> dict[str, str]:
    """A package as pip would have installed it."""
    (directory / "wrong_package.py").write_text(code, encoding="utf-8")
    about = directory / "wrong_package-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong-package\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(ENTRY.format(name="other", attribute="OTHER"), encoding="utf-8")
    return {"PYTHONPATH": str(directory)}


async def said_by(*command: str, variables: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment(**variables), stdout=PIPE, stderr=PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


Install = Callable[[str], None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install the package with this code where this very process looks."""

    def install(code: str) -> None:
        monkeypatch.syspath_prepend(package(tmp_path, code)["PYTHONPATH"])
        monkeypatch.delitem(sys.modules, "wrong_package", raising=False)

    return install


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import nowhere", "The package wrong-package brings the workflow kind 'other'"),
        ("OTHER = 1", "which is no operations.kinds.Kind"),
        (KIND.format(changes="").replace('"other"', '"tenant_provisioning"', 1), "its name 'tenant_provisioning' is"),
        (KIND.format(changes="").replace('verb="other"', 'verb="provision"'), "its verb 'provision' is taken by"),
        (
            KIND.format(changes="plan=lambda subject: ('load_tenant', 'greet')"),
            "its plan has the step 'greet', which is not among its steps.",
        ),
        (
            KIND.format(changes="steps=(Step(name='delete_tenant', title='Delete tenant'),), plan=None"),
            "the step 'delete_tenant' is not for kinds whose purpose is to ",
        ),
    ],
    ids=["import", "no_kind", "name", "verb", "plan", "step"],
)
def test_a_kind_that_cannot_be_used_is_named(code: str, sentence: str, installed: Install) -> None:
    installed(code)

    with pytest.raises(ConfigurationError) as refused:
        kinds.known.__wrapped__()

    assert sentence in refused.value.message
    assert "'other'" in refused.value.message or "'tenant_provisioning'" in refused.value.message


@pytest.mark.parametrize("process", ["console", "workers", "executions list"])
async def test_each_process_ends_at_its_start_with_that_sentence(process: str, tmp_path: Path) -> None:
    nowhere = Servers(database_url="postgresql://u@127.0.0.1:1/d", temporal_address="127.0.0.1:1", task_queue="none")
    port = str(ports.any_free())
    variables = nowhere.variables() | {"TENANTRY_PORT": port, "TENANTRY_PUBLIC_URL": f"http://localhost:{port}"}
    command = ["-m", process] if " " not in process else ["-c", CLI, *process.split()]

    status, said = await said_by(*command, variables=variables | package(tmp_path, "import nowhere"))

    assert (status, said.count("\n")) == (1, 1), said
    assert "The package wrong-package brings the workflow kind 'other'" in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ("workflow='wrong_package:Missing'", "wrong_package:Missing cannot be imported"),
        ("workflow='wrong_package:Step'", "is no class that is decorated as a workflow"),
        ("", "calls itself 'TenantProvisioningWorkflow', and the kind 'Other'"),
        ("activities=('wrong_package:Step',)", "wrong_package:Step cannot be made"),
        ("steps=(Step(name='greet', title='Greet'),), plan=None", "no activity is named 'greet'"),
    ],
    ids=["missing", "undecorated", "name", "activities", "step"],
)
def test_code_that_a_worker_cannot_run_is_named(changes: str, sentence: str, installed: Install) -> None:
    code = KIND.format(changes=changes)
    if "greet" in changes or "activities" in changes:
        code = KIND.format(changes=f"{changes}, workflow='wrong_package:Run'") + RUN
    installed(code)

    with pytest.raises(ConfigurationError) as refused:
        loading.check(kinds.known.__wrapped__(), Sessions.at("postgresql://u@127.0.0.1:1/d"))

    assert refused.value.message.startswith("The workflow kind 'other' cannot be run: ")
    assert sentence in refused.value.message


async def test_a_worker_ends_at_its_start_over_code_that_it_cannot_run(tmp_path: Path) -> None:
    nowhere = Servers(database_url="postgresql://u@127.0.0.1:1/d", temporal_address="127.0.0.1:1", task_queue="none")
    missing = package(tmp_path, KIND.format(changes="workflow='wrong_package:Missing'"))

    status, said = await said_by("-m", "workers", variables=nowhere.variables() | missing)

    assert (status, said.count("\n")) == (1, 1), said
    assert "The workflow kind 'other' cannot be run: " in said
    assert "wrong_package:Missing cannot be imported" in said


async def test_a_setting_that_names_no_kind_is_refused(tmp_path: Path) -> None:
    nowhere = Servers(database_url="postgresql://u@127.0.0.1:1/d", temporal_address="127.0.0.1:1", task_queue="none")

    status, said = await said_by("-m", "workers", variables=nowhere.variables() | {"TENANTRY_PROVISIONING": "nothing"})

    assert status == 1
    assert said == "TENANTRY_PROVISIONING must be one of: tenant_provisioning; it is 'nothing'.\n"


async def test_a_console_never_loads_what_workers_run() -> None:
    code = (
        "import sys, console.main, console.api, console.pages.root; from operations import kinds; kinds.known();"
        "print([name for name in sys.modules if name.split('.')[0] == 'workers'])"
    )

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, env=environment(), stdout=PIPE, stderr=PIPE
    )
    said, trouble = await process.communicate()

    assert said == b"[]\n", trouble.decode()
