"""A console whose clock is ten minutes off tells, decides and shows everything by the database's clock."""

import asyncio
import csv
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from console.pages.outage_words import MEANINGS
from operations.statuses import Role
from tests import parts
from tests.hostile import deaf_socket
from tests.integration.console.sockets import open_page
from workbench.consoles import ADMIN_EMAIL, PASSWORD, Console, Servers, run_console, run_worker
from workbench.servers import Databases, eventually

TITLES = {meaning.title for meaning in MEANINGS.values()}
OFF = timedelta(minutes=10)
CLOSE = timedelta(minutes=2)  # to now; what takes longer than this here is no fault of a clock
EXPIRES = (
    "UPDATE staff_sessions SET expires_at = now() + interval '{minutes} minutes' "
    "WHERE staff_id = (SELECT id FROM staff WHERE email = '{email}')"
)

FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$;
    CREATE TRIGGER full_disk BEFORE UPDATE OF schema_version ON tenants
        FOR EACH ROW WHEN (NEW.slug LIKE 'ill-%') EXECUTE FUNCTION full_disk();
"""
#: Only this console looks at executions that stand still, and not the worker, whose clock is right.
WATCHES = "UPDATE diagnosis_state SET holder = 'console@{host}:{pid}', lease_expires_at = now() + interval '1 h'"
STANDS_FOR_LONG = """
    UPDATE execution_steps SET started_at = started_at - interval '3 minutes',
        tried_at = tried_at - interval '3 minutes', completed_at = completed_at - interval '3 minutes'
        WHERE execution_id = '{id}';
    UPDATE workflow_executions SET last_progress_at = last_progress_at - interval '3 minutes',
        health_since = health_since - interval '3 minutes' WHERE id = '{id}';
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """A console that is wrong by this much, with a worker whose clock is right."""

    console: Console
    by: timedelta


@pytest.fixture(scope="module", params=["+10m", pytest.param("-10m", marks=pytest.mark.long)])
async def wrong(
    request: pytest.FixtureRequest,
    databases: Databases,
    temporal_address: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Wrong]:
    offset = str(request.param)
    clock, logs = parts.clock(offset), tmp_path_factory.mktemp("clocks")
    servers = Servers(
        database_url=await asyncio.to_thread(databases.create),
        temporal_address=temporal_address,
        task_queue=f"test-clocks{offset}",
    )
    async with run_worker(servers, logs), run_console(servers, logs, clock=clock) as console:
        by = OFF if offset.startswith("+") else -OFF
        yield Wrong(console=console, by=by)
    await asyncio.to_thread(databases.drop, servers.database_url)


@pytest.fixture
async def api(wrong: Wrong) -> AsyncIterator[httpx.AsyncClient]:
    async with wrong.console.client(token=await wrong.console.accounts.token()) as client:
        yield client


def is_now(moment: object) -> bool:
    return abs(datetime.fromisoformat(str(moment)) - datetime.now(UTC)) < CLOSE


async def register(api: httpx.AsyncClient, wrong: Wrong, name: str) -> str:
    """Its slug; one Temporal serves both consoles."""
    slug = f"{name}-{'fast' if wrong.by > timedelta() else 'slow'}"
    body = {"slug": slug, "name": slug.title(), "owner_email": f"{slug}@example.com"}
    answer = await api.post("/api/v1/tenants", json=body)
    assert answer.status_code == 202, answer.text
    return slug


async def test_nothing_is_called_degraded(wrong: Wrong, api: httpx.AsyncClient) -> None:
    async def look() -> object:
        answer = await api.get("/readyz")
        says = parsedate_to_datetime(answer.headers["date"])
        assert abs(says - datetime.now(UTC) - wrong.by) < CLOSE  # the clock is wrong indeed
        return answer.json()

    await eventually(look, lambda seen: seen == {"ready": True, "degraded": []})


async def test_a_run_has_the_times_at_which_it_went(wrong: Wrong, api: httpx.AsyncClient) -> None:
    slug = await register(api, wrong, "timed")

    async def look() -> dict[str, object]:
        execution: dict[str, object] = (await api.get(f"/api/v1/tenants/{slug}")).json()["execution"]
        return execution

    done = await eventually(look, lambda seen: seen["status"] == "completed")
    detail = (await api.get(f"/api/v1/executions/{done['id']}")).json()
    assert [is_now(done[name]) for name in ("created_at", "started_at", "completed_at")] == [True] * 3
    assert all(is_now(event["at"]) for event in detail["events"])
    assert all(is_now(step["completed_at"]) for step in detail["steps"])
    assert done["health"] == "ok"


@pytest.mark.long
async def test_what_has_just_begun_to_fail_is_not_stuck_and_what_fails_for_long_is(
    wrong: Wrong, api: httpx.AsyncClient
) -> None:
    await wrong.console.accounts.execute(FULL)
    await wrong.console.accounts.execute(WATCHES.format(host=socket.gethostname(), pid=wrong.console.process.pid))
    young, old = await failing(api, wrong, "ill-young"), await failing(api, wrong, "ill-old")
    await wrong.console.accounts.execute(STANDS_FOR_LONG.format(id=old))

    await eventually(lambda: shown(api, old), lambda seen: seen["health"] == "stuck")

    seen = await shown(api, young)
    assert (seen["health"] in ("ok", "slow"), seen["cause"]) == (True, "step_retrying")
    assert is_now(seen["health_since"])


async def shown(api: httpx.AsyncClient, id_: str) -> dict[str, object]:
    execution: dict[str, object] = (await api.get(f"/api/v1/executions/{id_}")).json()["execution"]
    return execution


async def failing(api: httpx.AsyncClient, wrong: Wrong, name: str) -> str:
    """A run whose step keeps failing."""
    slug = await register(api, wrong, name)
    id_ = str((await api.get(f"/api/v1/tenants/{slug}")).json()["execution"]["id"])
    await eventually(lambda: shown(api, id_), lambda seen: seen["cause"] == "step_retrying")
    return id_


async def test_an_export_is_named_and_filled_by_the_true_time(wrong: Wrong, api: httpx.AsyncClient) -> None:
    slug = await register(api, wrong, "exported")

    answer = await api.get("/api/v1/exports/executions.csv", params={"q": slug})

    for path in ("executions", "findings"):
        disposition = (await api.get(f"/api/v1/exports/{path}.csv")).headers["content-disposition"]
        named = re.search(r"-(\d{8}-\d{6})\.csv", disposition)
        assert named is not None
        assert is_now(datetime.strptime(named[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)), disposition
    assert [is_now(row["created_at"]) for row in csv.DictReader(answer.text.splitlines())] == [True]


@pytest.mark.parametrize("minutes", [5, -5])
async def test_a_session_lasts_by_the_databases_clock(wrong: Wrong, minutes: int) -> None:
    email = f"late{minutes}@example.com"
    session = await wrong.console.accounts.session(email, Role.VIEWER)
    await wrong.console.accounts.execute(EXPIRES.format(minutes=minutes, email=email))

    async with wrong.console.client(session=session) as client:
        answer = await client.get("/api/v1/tenants")

    assert answer.status_code == (200 if minutes > 0 else 401)


async def test_people_log_in_and_see_no_false_alarm(wrong: Wrong, api: httpx.AsyncClient) -> None:
    console = wrong.console
    async with console.client() as browser:
        browser.headers["Origin"] = console.url
        answer = await browser.post("/login", data={"email": ADMIN_EMAIL, "password": PASSWORD})
        session = answer.cookies[console.cookie]
        browser.cookies.clear()
        browser.headers["Cookie"] = f"{console.cookie}={session}"
        page = await open_page(browser, "/tenants")
        async with deaf_socket(console, page.client_id, session=session) as socket:
            slug = await register(api, wrong, "seen")
            await socket.hears(slug, within=20)

            assert answer.status_code == 303
            assert not any(title in heard.text for heard in socket.heard for title in TITLES)


async def test_the_reconciler_is_not_called_silent(wrong: Wrong, api: httpx.AsyncClient) -> None:
    # The schedule belongs to all tests that share a Temporal, and may never come here: it has time to, from now on.
    await wrong.console.accounts.execute("UPDATE reconciliation_state SET installed_at = clock_timestamp()")

    passed = await eventually(  # refused while a pass of the schedule or of the console runs
        lambda: api.post("/api/v1/reconciliations"), lambda answer: answer.status_code != 409
    )
    state = (await api.get("/api/v1/reconciliations")).json()["state"]

    assert is_now(passed.json()["reconciliation"]["started_at"])
    assert is_now(state["last_finished_at"])
    assert (state["is_silent"], state["schedule_is_silent"]) == (False, False)


async def test_pages_tell_ages_by_the_true_time(wrong: Wrong) -> None:
    session = await wrong.console.accounts.session()

    async def told() -> datetime:
        async with wrong.console.client(session=session) as browser:
            html = (await browser.get("/tenants", headers={"Accept": "text/html"})).text
        found = re.search(r'name="server-time" content="(\d+)"', html)
        assert found is not None
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC)

    await eventually(told, is_now)
