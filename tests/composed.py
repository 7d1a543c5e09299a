"""docker-compose.yml and the image, as the processes in their containers find them: variables, files, mounts."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
SECRETS = "/run/secrets/"
PROCESSES = ("console", "migrate", "worker")


def environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


def interpolated(value: str) -> str:
    """As compose does it, with a sample for what has no default."""
    return re.sub(
        r"\$\{(\w+)(?::([-?])([^}]*))?\}",
        lambda found: found[3] if found[2] == "-" else "sample",
        value,
    )


def image_environment() -> dict[str, str]:
    last_stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    lines = re.findall(r"^ENV (.+)$", last_stage, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def variables(name: str) -> dict[str, str]:
    """All that a process of ours has in its container when nobody sets anything."""
    return image_environment() | {variable: interpolated(value) for variable, value in environment(name).items()}


def image_user() -> int:
    """The number of the account that the image's processes run as."""
    found = re.search(r"^RUN useradd .*--uid (\d+)", DOCKERFILE, re.MULTILINE)
    assert found is not None
    return int(found[1])
