"""Directories short and open enough for a server that runs as another user, and supervisors that are always ended."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from embedded.cluster import Cluster
from tests.integration.embedded.running import Supervisors, passable_directory


@pytest.fixture
def directory() -> Iterator[Path]:
    with passable_directory() as path:
        yield path


@pytest.fixture(scope="session")
async def made_cluster() -> AsyncIterator[Path]:
    """Made once; `cluster` and `supervisors` are given copies, which take less time."""
    with passable_directory() as path:
        await Cluster(directory=path, log=path / "initdb.log", report=lambda line: None).ensure()
        yield path


@pytest.fixture
def cluster(directory: Path, made_cluster: Path) -> Path:
    subprocess.run(["cp", "-a", made_cluster, directory], check=True)
    return directory


@pytest.fixture
async def supervisors(directory: Path) -> AsyncIterator[Supervisors]:
    async with Supervisors(directory=directory) as started:
        yield started


@pytest.fixture
def supervisors_with_cluster(supervisors: Supervisors, made_cluster: Path) -> Supervisors:
    supervisors.directory.mkdir(mode=0o711)
    subprocess.run(["cp", "-a", made_cluster, supervisors.directory / "postgres"], check=True)
    return supervisors
