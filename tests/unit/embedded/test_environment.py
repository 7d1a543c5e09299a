import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from embedded import environment
from embedded.data_directory import DataDirectory
from embedded.environment import Addresses

OURS = Addresses(
    database_url="postgresql://tenantry:a%27b@127.0.0.1:5555/tenantry",
    temporal_address="127.0.0.1:7777",
    ui_url="http://127.0.0.1:8888",
    port=8080,
)


@pytest.fixture
def home(tmp_path: Path) -> DataDirectory:
    return DataDirectory(path=tmp_path)


def test_own_servers_are_found_and_nothing_of_the_user_leads_elsewhere(home: DataDirectory) -> None:
    user = {
        "PGHOST": "prod",
        "TEMPORAL_API_KEY": "k",
        "TEMPORAL_PROFILE": "prod",
        "HOME": "/h",
        "TEMPORAL_ADDRESS": " ",
    }

    made = environment.for_children(user, home, OURS)

    assert made["TENANTRY_DATABASE_URL"] == OURS.database_url
    assert made["TEMPORAL_ADDRESS"] == "127.0.0.1:7777"
    assert made["TEMPORAL_NAMESPACE"] == "default"
    assert Path(made["TEMPORAL_CONFIG_FILE"]).read_text() == ""
    assert made["TENANTRY_PUBLIC_URL"] == "http://localhost:8080"
    assert made["TENANTRY_TEMPORAL_UI_URL"] == "http://127.0.0.1:8888"
    assert len(made["TENANTRY_SECRET_KEY"]) >= 32
    assert made["HOME"] == "/h"
    assert not {"PGHOST", "TEMPORAL_API_KEY", "TEMPORAL_PROFILE"} & made.keys()


def test_what_the_user_chose_is_kept(home: DataDirectory) -> None:
    user = {
        "TENANTRY_DATABASE_URL": "postgresql://db/x",
        "PGSSLMODE": "require",
        "TEMPORAL_ADDRESS": "t:1",
        "TEMPORAL_API_KEY": "k",
        "TEMPORAL_PROFILE": "prod",
        "TENANTRY_PUBLIC_URL": "https://x.example",
        "TENANTRY_SECRET_KEY": "s" * 40,
        "TENANTRY_TASK_QUEUE": "blue",
    }
    addresses = Addresses(database_url="postgresql://db/x", temporal_address="t:1", ui_url=None, port=9)

    made = environment.for_children(user, home, addresses)

    kept = user.keys() - {"TEMPORAL_PROFILE"}
    assert {name: made[name] for name in kept} == {name: user[name] for name in kept}
    assert "TEMPORAL_PROFILE" not in made
    assert "TENANTRY_TEMPORAL_UI_URL" not in made


def test_a_shell_reads_back_what_was_exported(home: DataDirectory) -> None:
    made = environment.for_children({"TENANTRY_TASK_QUEUE": "it's; $(odd)"}, home, OURS)
    script = f'{environment.exports(made)}printf "%s\n" "$TENANTRY_TASK_QUEUE" "$PGPASSWORD" "$PGPORT" "$PGDATABASE"'

    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["it's; $(odd)", "a'b", "5555", "tenantry"]


def test_a_shell_finds_a_database_on_several_hosts(home: DataDirectory) -> None:
    url = "postgresql+psycopg://ada:pw@db1:5432,db2:5433/tenantry"

    exports = environment.exports(environment.for_children({}, home, replace(OURS, database_url=url)))

    assert "export PGHOST=db1,db2\n" in exports
    assert "export PGPORT=5432,5433\n" in exports
    assert "export PGDATABASE=tenantry\n" in exports


def test_our_own_process_forgets_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "prod")

    environment.forget_libpq()

    assert "PGSERVICE" not in os.environ


def test_packages_beside_ours_are_found_from_any_directory(
    home: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/kept", str(tmp_path / "more")])
    monkeypatch.setattr("os.environ", {})
    made = environment.for_children({"PYTHONPATH": f"packages{os.pathsep}more"}, home, OURS)

    environment.become(environment.exports(made))

    assert os.environ["PYTHONPATH"] == f"{tmp_path}/packages{os.pathsep}{tmp_path}/more"
    assert sys.path == ["/kept", f"{tmp_path}/more", f"{tmp_path}/packages"]


def test_a_demo_is_named_in_the_bar_and_compares_more_often(home: DataDirectory) -> None:
    made = environment.for_children({"TENANTRY_ENVIRONMENT": "production"}, home, OURS, is_demo=True)

    assert made["TENANTRY_ENVIRONMENT"] == "DEMO"
    assert made["TENANTRY_RECONCILE_INTERVAL"] == "15"


def test_what_the_user_chose_is_kept_by_a_demo(home: DataDirectory) -> None:
    made = environment.for_children({"TENANTRY_RECONCILE_INTERVAL": "40"}, home, OURS, is_demo=True)

    assert made["TENANTRY_RECONCILE_INTERVAL"] == "40"
