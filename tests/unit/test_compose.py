"""The image and docker-compose.yml fit the program: variables, commands, order, health, and no secret in the text."""

import os
import re
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded import ports
from operations.secret_files import SECRETS
from operations.settings import PREFIX, Settings, temporal_profile
from tests.composed import (
    COMPOSE,
    DOCKERFILE,
    PROCESSES,
    ROOT,
    SERVICES,
    TEXT,
    environment,
    image_environment,
    interpolated,
    variables,
)

VARIABLES = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{name}_FILE" for name in SECRETS}
SAMPLES = {
    "secret_key": "0123456789abcdef" * 4,
    "database_url": "postgresql://tenantry:letters1and2digits@postgres:5432/tenantry",
    "admin_password": "correct horse battery staple",
}

ours = pytest.mark.parametrize("name", PROCESSES)
every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def in_this_machine(directory: Path, value: str) -> str:
    """A secret as a file, where the container would have it mounted."""
    name = value.removeprefix("/run/secrets/")
    if name == value:
        return value
    (directory / name).write_text(f"{SAMPLES[name]}\n", encoding="utf-8")
    return str(directory / name)


def stays(service: dict[str, Any]) -> bool:
    return bool(service["restart"] != "no")


def test_every_variable_is_a_setting() -> None:
    texts = TEXT + DOCKERFILE

    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", texts)) <= VARIABLES


@ours
def test_each_process_starts_in_its_environment(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from console.cli.app import app

    become: list[str] = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: become.extend(arguments))
    for variable in os.environ:
        if variable.startswith((PREFIX, "TEMPORAL_")):
            monkeypatch.delenv(variable)
    for variable, value in variables(name).items():
        monkeypatch.setenv(variable, in_this_machine(tmp_path, value))
    monkeypatch.setenv(f"{PREFIX}PORT", str(ports.any_free()))  # here another program may have that of the container
    for variable in SECRETS:  # to be put back afterwards
        monkeypatch.setenv(variable, "")

    app([*SERVICES[name]["command"]], standalone_mode=False)

    assert become[1:2] == ["-m"]
    assert "@postgres:5432/" in Settings.load().database_dsn
    assert Settings.load().host == "0.0.0.0"
    assert temporal_profile().address == (None if name == "migrate" else "temporal:7233")


@ours
def test_each_process_is_the_command_of_its_name(name: str) -> None:
    assert SERVICES[name]["command"] == [name]
    assert re.search(r'^ENTRYPOINT \["tenantry"\]$', DOCKERFILE, re.MULTILINE)


@every_service
def test_images_are_pinned(name: str) -> None:
    assert re.fullmatch(r"[\w./-]+:\d+(\.\d+)+[\w.-]*", SERVICES[name]["image"])


def test_the_image_starts_from_a_pinned_one() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert len(bases) == 2
    assert {re.fullmatch(r"python:3\.\d+-slim-\w+", base) is not None for base in bases} == {True}


def test_our_image_has_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert {SERVICES[name]["image"] for name in PROCESSES} == {f"tenantry:{version}"}


@every_service
def test_what_stays_has_a_health_check(name: str) -> None:
    check = SERVICES[name].get("healthcheck", {})

    # The worker listens on nothing; /readyz of the console tells when there is none.
    assert bool(check.get("test")) == (stays(SERVICES[name]) and name != "worker")
    assert set(check) >= ({"interval", "timeout", "retries", "start_period"} if check.get("test") else set())


@every_service
def test_each_service_waits_for_something_that_can_happen(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        match wait["condition"]:
            case "service_healthy":
                assert SERVICES[other].get("healthcheck", {}).get("test")
            case "service_completed_successfully":
                assert not stays(SERVICES[other])
            case condition:
                assert condition == "service_started"


def test_migrations_come_before_the_worker_and_the_worker_before_the_console() -> None:
    assert {"migrate", "temporal-namespace"} <= set(SERVICES["worker"]["depends_on"])
    assert {"migrate", "worker"} <= set(SERVICES["console"]["depends_on"])


def test_who_calls_by_way_of_the_proxy_on_the_host_is_believed_and_no_other_container() -> None:
    (addresses,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    gateway = interpolated(addresses["gateway"])

    # What is published on a port of the host comes to the container from its network's gateway.
    assert interpolated(environment("console")["TENANTRY_TRUSTED_PROXIES"]) == gateway
    assert ip_address(gateway) in ip_network(interpolated(addresses["subnet"]))
    assert f"`{gateway}`" in (ROOT / "docs/deploying.md").read_text()


def test_the_first_administrators_password_comes_from_a_file() -> None:
    assert environment("console")["TENANTRY_ADMIN_PASSWORD_FILE"] == "/run/secrets/admin_password"


def test_volumes_and_files_are_declared() -> None:
    volumes = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    files = {file["source"] for service in SERVICES.values() for file in service.get("configs", [])}

    assert volumes == set(COMPOSE["volumes"])
    assert files == set(COMPOSE["configs"])


@every_service
def test_no_secret_stands_in_the_file(name: str) -> None:
    secret = re.compile(r"PASSWORD|_PWD|SECRET|_KEY|DATABASE_URL")

    assert [
        variable
        for variable, value in environment(name).items()
        if secret.search(variable) and not re.search(r"\$\{\w+:[?-]|^/run/secrets/\w+$", value)
    ] == []


@every_service
def test_ports_are_open_on_this_host_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


def test_the_console_is_published_on_the_port_it_listens_on() -> None:
    port = image_environment()["TENANTRY_PORT"]

    assert SERVICES["console"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"EXPOSE {port}" in DOCKERFILE
    assert f":{port}/readyz" in SERVICES["console"]["healthcheck"]["test"][-1]


@every_service
def test_each_service_gets_the_secrets_that_it_reads_and_no_others(name: str) -> None:
    service = SERVICES[name]
    text = yaml.dump(service) + "".join(
        COMPOSE["configs"][file["source"]]["content"] for file in service.get("configs", [])
    )

    assert set(re.findall(r"/run/secrets/(\w+)", text)) == set(service.get("secrets", []))
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@every_service
def test_each_service_is_bounded_and_on_networks_that_lead_nowhere(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert ("front" in service["networks"]) == ("ports" in service)
    for network in service["networks"]:
        assert network == "front" or COMPOSE["networks"][network] == {"internal": True}


@pytest.mark.parametrize("name", [*PROCESSES, "postgres"])
def test_what_needs_no_disk_cannot_write_on_it(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert "/tmp" in SERVICES[name]["tmpfs"]


def test_temporals_pages_which_know_no_log_in_are_asked_for() -> None:
    assert [name for name in SERVICES if "profiles" in SERVICES[name]] == ["temporal-ui"]
    assert environment("console")["TENANTRY_TEMPORAL_UI_URL"] == "${TENANTRY_TEMPORAL_UI_URL:-}"


def test_the_guide_makes_every_secret() -> None:
    guide = (ROOT / "docs/deploying.md").read_text()

    assert {path.removeprefix("./") for secret in COMPOSE["secrets"].values() for path in secret.values()} == set(
        re.findall(r"> (secrets/\w+)$", guide, re.MULTILINE)
    )


def test_the_guide_makes_every_required_variable() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", TEXT))
    guide = re.search(r"cat > \.env <<END\n(.*?)END", (ROOT / "docs/deploying.md").read_text(), re.DOTALL)

    assert guide is not None
    assert demanded <= set(re.findall(r"^(\w+)=", guide[1], re.MULTILINE))


def test_the_image_installs_what_is_pinned_and_runs_without_rights() -> None:
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert re.search(r"^USER tenantry$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*/healthz", DOCKERFILE, re.MULTILINE)


def test_the_image_gets_every_package_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = set(_copied())
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))

    assert packages <= copied
    assert copied == let_through
    assert [name for name in copied if not (ROOT / name).exists()] == []


def _copied() -> Iterator[str]:
    for arguments in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        yield from arguments.split()[:-1]
