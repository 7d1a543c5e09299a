"""What an account may do is read again in every action's transaction, whatever the page opened before knows."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from psycopg import AsyncConnection
from structlog.testing import capture_logs

from operations.access import Actor, Permission
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.errors import AlreadyTaken, ExecutionNotFound, NotLoggedIn, NotPermitted
from operations.statuses import Decision, Role

EMAIL = "ada@example.com"
OTHER = "bob@example.com"
PASSWORD = "correct horse battery"
NOBODY = UUID(int=7)
WHY = "because the test says so"
ACME = Registration(slug="acme", name="Acme", owner_email="owner@acme.example")
ACTIONS: dict[str, Callable[[Services, Actor], Awaitable[object]]] = {
    "register": lambda services, actor: services.tenants.register(actor, ACME),
    "deprovision": lambda services, actor: services.tenants.deprovision(actor, "acme", WHY),
    "retry": lambda services, actor: services.executions.retry(actor, NOBODY, WHY),
    "terminate": lambda services, actor: services.executions.terminate(actor, NOBODY, WHY),
    "cancel": lambda services, actor: services.executions.cancel(actor, NOBODY, WHY),
    "approve": lambda services, actor: services.executions.decide(actor, NOBODY, Decision.APPROVED, WHY),
    "ignore": lambda services, actor: services.findings.ignore(actor, NOBODY, WHY),
    "adopt": lambda services, actor: services.findings.adopt(actor, NOBODY, WHY),
    "terminate a stray": lambda services, actor: services.findings.terminate(actor, NOBODY, WHY),
    "provision": lambda services, actor: services.findings.provision(actor, NOBODY, WHY),
    "reconcile": lambda services, actor: services.reconciliation.run(actor),
    "pause": lambda services, actor: services.reconciliation.pause(actor, 1, WHY),
    "resume": lambda services, actor: services.reconciliation.resume(actor),
    "make a build current": lambda services, actor: services.deploys.make_current(actor, "no-such-build"),
    "ramp a build": lambda services, actor: services.deploys.ramp(actor, "no-such-build", 10),
    "add staff": lambda services, actor: services.staff.add(actor, "eve@example.com", Role.ADMIN, PASSWORD),
    "set a password": lambda services, actor: services.staff.set_password(actor, OTHER, PASSWORD),
    "disable": lambda services, actor: services.staff.disable(actor, OTHER),
    "make a token": lambda services, actor: services.staff.create_token(actor, OTHER, "mine"),
    "revoke tokens": lambda services, actor: services.staff.revoke_tokens(actor, OTHER, "mine"),
}
BY_SESSION = {
    "disabled": ("UPDATE staff SET disabled_at = now() WHERE email = 'ada@example.com'", NotLoggedIn),
    "demoted": ("UPDATE staff SET role = 'viewer'", NotPermitted),
    "logged out": ("UPDATE staff_sessions SET revoked_at = now()", NotLoggedIn),
    "expired": ("UPDATE staff_sessions SET expires_at = now()", NotLoggedIn),
}
BY_TOKEN = {
    "disabled": ("UPDATE staff SET disabled_at = now() WHERE email = 'ada@example.com'", NotLoggedIn),
    "demoted": ("UPDATE staff SET role = 'viewer'", NotPermitted),
    "token revoked": ("UPDATE api_tokens SET revoked_at = now()", NotLoggedIn),
}


@pytest.fixture
async def by_session(services: Services, admin: Actor) -> Actor:
    """An administrator at a page that is open."""
    await services.staff.add(admin, EMAIL, Role.ADMIN, PASSWORD)
    await services.staff.add(admin, OTHER, Role.VIEWER, PASSWORD)
    session = await services.staff.resume(await services.staff.log_in(EMAIL, PASSWORD, address="192.0.2.1"))
    assert session is not None
    return session.actor


@pytest.fixture
async def by_token(services: Services, admin: Actor) -> Actor:
    """The same with a script."""
    await services.staff.add(admin, EMAIL, Role.ADMIN, PASSWORD)
    await services.staff.add(admin, OTHER, Role.VIEWER, PASSWORD)
    actor = await services.staff.by_token(await services.staff.create_token(admin, EMAIL, "script"))
    assert actor is not None
    return actor


async def traces(connection: AsyncConnection) -> list[tuple[object, ...]]:
    found = await connection.execute(
        "SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM commands), (SELECT count(*) FROM audit_log),"
        " (SELECT count(*) FROM reconciliation_passes), (SELECT paused_until FROM reconciliation_state)"
    )
    return await found.fetchall()


@pytest.mark.parametrize("how", BY_SESSION)
async def test_a_page_that_was_opened_before_can_do_nothing_any_more(
    services: Services, by_session: Actor, connection: AsyncConnection, how: str
) -> None:
    statement, refusal = BY_SESSION[how]
    await connection.execute(statement.encode())
    before = await traces(connection)

    for action in ACTIONS.values():
        with pytest.raises(refusal):
            await action(services, by_session)

    assert await traces(connection) == before


@pytest.mark.parametrize("how", BY_TOKEN)
async def test_a_request_that_was_begun_before_does_nothing(
    services: Services, by_token: Actor, connection: AsyncConnection, how: str
) -> None:
    statement, refusal = BY_TOKEN[how]
    await connection.execute(statement.encode())
    before = await traces(connection)

    for action in ACTIONS.values():
        with pytest.raises(refusal):
            await action(services, by_token)

    assert await traces(connection) == before


async def test_each_action_is_timed_by_how_it_ended_and_says_why_it_was_refused(
    services: Services, by_session: Actor
) -> None:
    asked = [
        (Permission.REGISTER_TENANT, "done"),
        (Permission.REGISTER_TENANT, "refused"),
        (Permission.CANCEL, "refused"),
    ]
    before = [timed(*each) for each in asked]

    await services.tenants.register(by_session, ACME)
    with pytest.raises(AlreadyTaken):
        await services.tenants.register(by_session, ACME)
    with capture_logs() as said, pytest.raises(ExecutionNotFound) as refused:
        await services.executions.cancel(by_session, NOBODY, WHY)

    assert [timed(*each) - earlier for each, earlier in zip(asked, before, strict=True)] == [1, 1, 1]
    [line] = [line for line in said if line["event"] == "action refused"]
    assert (line["who"], line["what"], line["why"]) == (EMAIL, "cancel_execution", refused.value.message)


def timed(permission: Permission, end: str) -> float:
    labels = {"permission": permission, "end": end}
    return REGISTRY.get_sample_value("tenantry_action_seconds_count", labels) or 0.0


async def test_who_still_may_can(services: Services, by_session: Actor) -> None:
    await services.tenants.register(by_session, ACME)
    await services.reconciliation.pause(by_session, 1, WHY)
