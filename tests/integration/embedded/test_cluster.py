import os
from pathlib import Path

import pytest

from embedded.cluster import Cluster, installation


def test_the_binaries_are_found_without_importing_their_package() -> None:
    assert os.access(installation() / "bin" / "postgres", os.X_OK)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
async def test_directories_in_the_way_are_opened_and_reported(directory: Path) -> None:
    above = directory.parent
    above.chmod(0o700)
    reports: list[str] = []

    await Cluster(directory=directory, log=directory / "log", report=reports.append).ensure()

    assert above.stat().st_mode & 0o777 == 0o701
    assert (directory / "data").stat().st_mode & 0o777 == 0o700
    assert (directory / "data").stat().st_uid != 0
    assert (above / "data").stat().st_uid == 0
    assert [report for report in reports if f"{above} " in report]


async def test_a_complete_cluster_is_left_as_it_is(directory: Path) -> None:
    cluster = Cluster(directory=directory, log=directory / "log", report=lambda line: None)
    await cluster.ensure()
    made = (directory / "data" / "PG_VERSION").stat()

    await cluster.ensure()

    assert (directory / "data" / "PG_VERSION").stat() == made
