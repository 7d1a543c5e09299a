"""The lock files pin everything that pyproject.toml asks for, by hash, and name no place to download from."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-dev.lock")

RUNTIME = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["embedded"]]
GROUPS = PROJECT["dependency-groups"]
WANTED = {
    "requirements.lock": [*RUNTIME, *GROUPS["build"]],
    "requirements-dev.lock": [*RUNTIME, *GROUPS["build"], *GROUPS["tests"], *GROUPS["tools"]],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One version of a package; a package has several when they differ by Python version."""

    name: str
    version: str
    marker: str
    hashes: int


def pins(lock: str) -> list[Pin]:
    return [_pin(entry) for entry in re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())]


def _pin(entry: str) -> Pin:
    found = re.fullmatch(
        r"(?P<name>[\w.-]+)==(?P<version>[\w.+!]+)(?: ; (?P<marker>[^\\]+?))? \\\n"
        r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\\n|$))+)",
        entry,
    )
    assert found is not None, f"not a pinned package with hashes: {entry[:120]}"
    return Pin(
        name=canonicalize_name(found["name"]),
        version=found["version"],
        marker=found["marker"] or "",
        hashes=found["hashes"].count("--hash"),
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes(lock: str) -> None:
    locked = pins(lock)

    assert len(locked) > 50
    assert all(pin.hashes for pin in locked)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_place(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert re.findall(r"\S*://\S*|.*--(?:extra-)?index-url.*|.*--find-links.*|.* @ .*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_the_project_asks_for_is_pinned_within_its_bounds(lock: str) -> None:
    locked = {pin.name: pin.version for pin in pins(lock)}
    asked = [Requirement(text) for text in WANTED[lock]]

    missing = [str(wish) for wish in asked if canonicalize_name(wish.name) not in locked]
    outside = [
        f"{wish} is {locked[canonicalize_name(wish.name)]}"
        for wish in asked
        if canonicalize_name(wish.name) in locked
        and not wish.specifier.contains(Version(locked[canonicalize_name(wish.name)]))
    ]

    assert missing == []
    assert outside == []


def test_the_tests_run_on_the_versions_that_are_installed() -> None:
    installed, tested = ({(pin.name, pin.version, pin.marker) for pin in pins(lock)} for lock in LOCKS)

    assert installed <= tested


def test_every_package_has_its_reason_in_the_decision() -> None:
    table = (ROOT / "docs/decisions/0006-added-packages.md").read_text()
    explained = {
        canonicalize_name(name)
        for row in re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE)
        for name in row.split(", ")
        if name != "package"
    }

    assert explained == {canonicalize_name(Requirement(text).name) for text in RUNTIME}
