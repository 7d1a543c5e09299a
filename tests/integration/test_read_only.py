"""The processes of docker-compose.yml on a root that they cannot write, as the account of the image.

Namespaces of mounts stand in for containers: everything is read-only but what the file mounts.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from embedded import ports
from tests.composed import ROOT, SECRETS, SERVICES, image_user, variables
from workbench.consoles import PASSWORD, SECRET_KEY
from workbench.servers import environment, eventually

ADMIN = "ada@example.com"
LACK = "namespaces of mounts need Linux, root, unshare and setpriv, so a root that cannot be written was not tried"
# Code and interpreter are kept at hand, because a mount may hide them, or the account not reach where they lie.
# /var/lib/tenantry is a directory of the image.
CONTAINER = r"""
set -eu
as_account() { setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --clear-groups "$@"; }
mount -t tmpfs tmpfs /mnt
mkdir /mnt/code /mnt/python
mount --bind "$CODE" /mnt/code
mount --bind "$PYTHON" /mnt/python
mount -t tmpfs tmpfs /run
cp -R "$SECRETS" /run/secrets
mount -t tmpfs -o mode=0755 tmpfs /var/lib
for each in $MOUNTS; do
    path=${each%%:*} options=mode=1777
    case $each in *:*) options=${each#*:} ;; esac
    mkdir -p "$path"
    mount -t tmpfs -o "$options" tmpfs "$path"
done
for each in "code $CODE" "python $PYTHON"; do
    path=${each#* }
    as_account test -x "$path" && continue
    first=${path#/}
    test -d "$path" && mount -t tmpfs -o mode=0755 tmpfs "/${first%%/*}"
    mkdir -p "$path"
    mount --bind "/mnt/${each%% *}" "$path"
done
while read -r _ _ _ _ path _; do
    case " $KEPT " in *" $path "*) continue ;; esac
    case $path in /proc* | /sys* | /dev*) continue ;; esac
    mountpoint -q "$path" || continue # another mount hides it
    mount -o remount,bind,ro "$path"
done < /proc/self/mountinfo
cd /var/lib/tenantry
exec setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all "$@"
"""


@pytest.fixture
def secrets(database_url: str, tmp_path: Path) -> Path:
    directory = tmp_path / "secrets"
    directory.mkdir()
    contents = {"database_url": database_url, "secret_key": SECRET_KEY, "admin_password": PASSWORD}
    for name, content in contents.items():
        (directory / name).write_text(f"{content}\n", encoding="utf-8")
    return directory


@asynccontextmanager
async def contained(
    name: str, secrets: Path, more: Mapping[str, str], *words: str
) -> AsyncIterator[tuple[Process, Path]]:
    """The process of this service, or `words` in its place, and what it says."""
    mounts = list(SERVICES[name]["tmpfs"])
    around = {
        "PATH": os.environ["PATH"],
        "CODE": str(ROOT),
        "PYTHON": sys.base_prefix,
        "SECRETS": str(secrets),
        "MOUNTS": " ".join(mounts),
        "KEPT": " ".join(mount.partition(":")[0] for mount in mounts),
        "ACCOUNT": str(image_user()),
    }
    given = environment(**variables(name) | dict(more) | around) | {"HOME": "/var/lib/tenantry"}
    command = words or (str(Path(sys.executable).parent / "tenantry"), *SERVICES[name]["command"])
    log = secrets.parent / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", CONTAINER, "sh", *command),
            env=given,
            stdout=output,
            stderr=output,
        )
    try:
        yield process, log
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def outcome(name: str, secrets: Path, more: Mapping[str, str], *words: str) -> tuple[int, str]:
    async with contained(name, secrets, more, *words) as (process, log):
        return await process.wait(), log.read_text(errors="replace")


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_an_installation_works_on_a_root_that_cannot_be_written(
    secrets: Path, temporal_address: str, task_queue: str
) -> None:
    _need_namespaces()
    port = ports.any_free()
    url = f"http://localhost:{port}"
    more = {
        "TEMPORAL_ADDRESS": temporal_address,
        "TENANTRY_TASK_QUEUE": task_queue,
        "TENANTRY_PORT": str(port),
        "TENANTRY_PUBLIC_URL": url,
        "TENANTRY_ADMIN_EMAIL": ADMIN,
    }

    assert (await outcome("console", secrets, more, "touch", "/var/lib/tenantry/may", "/tmp/may"))[0] == 0
    for place in (f"{ROOT}/may-not", "/may-not", "/run/may-not", "/var/lib/may-not", f"{SECRETS}may-not"):
        refused, said = await outcome("console", secrets, more, "touch", place)
        assert refused
        assert "Read-only file system" in said

    migrated, said = await outcome("migrate", secrets, more)
    assert migrated == 0, said
    async with contained("worker", secrets, more), contained("console", secrets, more) as (process, log):
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Origin": url}, timeout=20
        ) as browser:
            await _ready(browser, process, log)
            logged_in = await browser.post("/login", data={"email": ADMIN, "password": PASSWORD})
            assert logged_in.status_code == 303, log.read_text()
            tenant = {"slug": "contained", "name": "Contained", "owner_email": "owner@example.com"}
            assert (await browser.post("/api/v1/tenants", json=tenant)).status_code == 202

            async def status() -> object:
                return (await browser.get("/api/v1/tenants/contained")).json()["tenant"]["status"]

            await eventually(status, lambda seen: seen == "active")
            for path in ("/", "/executions", "/api/v1/exports/executions.csv"):
                assert (await browser.get(path)).status_code == 200
        assert "Read-only file system" not in log.read_text(errors="replace")


async def _ready(browser: httpx.AsyncClient, process: Process, log: Path) -> None:
    async def look() -> int | str:
        if process.returncode is not None:
            raise AssertionError(f"the console ended; see {log}")
        try:
            return (await browser.get("/readyz")).status_code
        except httpx.TransportError as error:
            return str(error)

    async def said() -> str:
        return await asyncio.to_thread(log.read_text, errors="replace")

    await eventually(look, lambda seen: seen == 200, within=90)
    await eventually(said, lambda text: "made the first administrator" in text)


def _need_namespaces() -> None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        pytest.skip(LACK)
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip(LACK)
