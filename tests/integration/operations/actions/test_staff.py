"""Accounts, sessions and tokens of staff."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from operations.access import Actor
from operations.actions.first_admin import create_first_admin
from operations.actions.passwords import Passwords
from operations.actions.staff import Staff
from operations.actions.throttle import PER_ACCOUNT, PER_ADDRESS
from operations.bootstrap import Services
from operations.database import Database
from operations.errors import AlreadyTaken, InvalidInput, NotPermitted, StaffNotFound, TooManyTries, WrongPassword
from operations.statuses import Role
from workbench.consoles import QUICK

ADA = "ada@example.com"
PASSWORD = "correct horse battery"
HERE = "192.0.2.1"


@pytest.fixture
def services(services: Services) -> Services:
    """Tries of passwords cost next to nothing here."""
    return replace(services, staff=replace(services.staff, passwords=Passwords(hasher=QUICK)))


@pytest.fixture
async def staff(services: Services, admin: Actor) -> Staff:
    """With an account for Ada."""
    await services.staff.add(admin, ADA, Role.OPERATOR, PASSWORD)
    return services.staff


async def secrets_in(connection: AsyncConnection, column: str, table: str) -> list[bytes]:
    found = await connection.execute(f"SELECT {column} FROM {table}".encode())
    return [bytes(row[0]) for row in await found.fetchall()]


async def audited(connection: AsyncConnection) -> list[tuple[str, str, str]]:
    found = await connection.execute("SELECT actor, action, target_label FROM audit_log ORDER BY seq")
    return [(row[0], row[1], row[2]) for row in await found.fetchall()]


async def test_a_log_in_lasts_until_the_log_out(staff: Staff) -> None:
    secret = await staff.log_in(ADA, PASSWORD, address=HERE)
    session = await staff.resume(secret)
    await staff.log_out(secret)
    await staff.log_out(secret)

    assert session is not None
    assert (session.actor.name, session.actor.role) == (ADA, Role.OPERATOR)
    assert await staff.resume(secret) is None
    assert await staff.live([session.id]) == {}


async def test_each_log_in_is_a_session_of_its_own(staff: Staff) -> None:
    first, second = [await staff.log_in(ADA, PASSWORD, address=HERE) for _ in range(2)]

    await staff.log_out(first)

    assert await staff.resume(first) is None
    assert await staff.resume(second) is not None


async def test_an_e_mail_may_be_written_as_people_write_it(staff: Staff) -> None:
    for email in ("ADA@Example.com", " ada@example.com "):
        session = await staff.resume(await staff.log_in(email, PASSWORD, address=HERE))

        assert session is not None
        assert session.actor.name == ADA


async def test_a_refused_log_in_does_not_tell_what_was_wrong(staff: Staff) -> None:
    tries = [
        (ADA, "wrong horse battery"),
        (ADA, ""),
        (ADA, PASSWORD + " "),
        (ADA, "\ud800"),
        (ADA, "p" * 100_000),
        ("nobody@example.com", PASSWORD),
        ("", PASSWORD),
        ("ada", PASSWORD),
        (f"{ADA}\x00", PASSWORD),
        (f"{ADA}\ud800", PASSWORD),
        ("' OR true --", PASSWORD),
        ("%", PASSWORD),
    ]

    for number, (email, password) in enumerate(tries):
        with pytest.raises(WrongPassword) as refused:
            await staff.log_in(email, password, address=f"192.0.2.{number}")

        assert refused.value.message == "The e-mail or the password is wrong."


async def test_an_address_that_tries_one_account_is_throttled_and_nobody_else(staff: Staff) -> None:
    for _ in range(PER_ACCOUNT.amount):
        with pytest.raises(WrongPassword):
            await staff.log_in(ADA, "wrong", address=HERE)

    with pytest.raises(TooManyTries):
        await staff.log_in(ADA.upper(), PASSWORD, address=HERE)
    assert await staff.log_in(ADA, PASSWORD, address="198.51.100.7")


async def test_an_address_that_tries_many_accounts_is_throttled_and_nobody_else(staff: Staff) -> None:
    for number in range(PER_ADDRESS.amount):
        with pytest.raises(WrongPassword):
            await staff.log_in(f"nobody-{number}@example.com", "wrong", address=HERE)

    with pytest.raises(TooManyTries):
        await staff.log_in(ADA, PASSWORD, address=HERE)
    assert await staff.log_in(ADA, PASSWORD, address="198.51.100.7")


async def test_tries_sent_at_once_are_throttled_like_tries_sent_one_by_one(staff: Staff) -> None:
    answers = await asyncio.gather(
        *(staff.log_in(ADA, "wrong", address=HERE) for _ in range(50)), return_exceptions=True
    )

    assert sum(isinstance(answer, WrongPassword) for answer in answers) <= PER_ACCOUNT.amount
    assert {type(answer) for answer in answers} == {WrongPassword, TooManyTries}


async def test_right_log_ins_are_not_counted(staff: Staff) -> None:
    for _ in range(PER_ACCOUNT.amount + 1):
        assert await staff.log_in(ADA, PASSWORD, address=HERE)


async def test_right_log_ins_under_way_are_not_counted_either(staff: Staff) -> None:
    assert all(await asyncio.gather(*(staff.log_in(ADA, PASSWORD, address=HERE) for _ in range(12))))


async def test_a_browser_that_is_known_has_its_own_tries(staff: Staff) -> None:
    mark = staff.browser_mark(" ADA@example.com ")
    for _ in range(PER_ACCOUNT.amount):
        with pytest.raises(WrongPassword):
            await staff.log_in(ADA, "wrong", address=HERE)

    with pytest.raises(TooManyTries):
        await staff.log_in(ADA, PASSWORD, address=HERE, mark=staff.browser_mark("bob@example.com"))
    assert await staff.log_in(ADA, PASSWORD, address=HERE, mark=mark)


async def test_a_password_with_something_after_it_is_another_password(services: Services, admin: Actor) -> None:
    await services.staff.add(admin, "long@example.com", Role.VIEWER, "p" * 256)

    with pytest.raises(WrongPassword):
        await services.staff.log_in("long@example.com", "p" * 256 + "junk", address=HERE)
    assert await services.staff.log_in("long@example.com", "p" * 256, address=HERE)


async def test_an_account_takes_an_e_mail_and_a_long_password(services: Services, admin: Actor) -> None:
    for email, password, fields in (
        (ADA, "p" * 11, {"password"}),
        (ADA, "p" * 257, {"password"}),
        (ADA, "\ud800" * 12, {"password"}),
        ("ada", PASSWORD, {"email"}),
        ("", "", {"email", "password"}),
    ):
        for attempt in (
            services.staff.add(admin, email, Role.VIEWER, password),
            services.staff.add_first(email, password),
            services.staff.set_password(admin, email, password),
        ):
            with pytest.raises(InvalidInput) as refused:
                await attempt

            assert set(refused.value.problems) == fields


async def test_an_e_mail_has_one_account(staff: Staff, admin: Actor) -> None:
    for email in (ADA, "Ada@Example.com"):
        with pytest.raises(AlreadyTaken) as refused:
            await staff.add(admin, email, Role.ADMIN, PASSWORD)

        assert refused.value.field == "email"


async def test_only_an_administrator_manages_accounts(staff: Staff) -> None:
    operator = Actor(name="operator@example.com", role=Role.OPERATOR)

    for attempt in (
        staff.add(operator, "eve@example.com", Role.ADMIN, PASSWORD),
        staff.set_password(operator, ADA, PASSWORD),
        staff.create_token(operator, ADA, "mine"),
        staff.revoke_tokens(operator, ADA, "mine"),
        staff.disable(operator, ADA),
    ):
        with pytest.raises(NotPermitted):
            await attempt


async def test_the_first_administrator_is_made_once(services: Services, connection: AsyncConnection) -> None:
    made = await asyncio.gather(
        *(services.staff.add_first(f"admin-{number}@example.com", PASSWORD) for number in range(8))
    )

    assert sorted(made) == [False] * 7 + [True]
    found = await connection.execute("SELECT email, role FROM staff")
    [(email, role)] = await found.fetchall()
    assert role == "admin"
    assert await services.staff.log_in(email, PASSWORD, address=HERE)


async def test_no_first_administrator_is_made_beside_other_accounts(staff: Staff, database: Database) -> None:
    assert await create_first_admin(database.dsn, "eve@example.com", PASSWORD) is False

    with pytest.raises(WrongPassword):
        await staff.log_in("eve@example.com", PASSWORD, address=HERE)


async def test_the_first_administrator_of_the_supervisor_can_log_in(services: Services, database: Database) -> None:
    assert await create_first_admin(database.dsn, ADA, PASSWORD) is True

    assert await services.staff.log_in(ADA, PASSWORD, address=HERE)


async def test_a_token_acts_for_its_account(staff: Staff, admin: Actor) -> None:
    token = await staff.create_token(admin, ADA.upper(), "deploys")

    actor = await staff.by_token(token)

    assert actor is not None
    assert (actor.name, actor.role) == (ADA, Role.OPERATOR)
    for other in (token[:-1], token.upper(), "", "tenantry_", await staff.log_in(ADA, PASSWORD, address=HERE)):
        assert await staff.by_token(other) is None


async def test_a_revoked_token_acts_for_nobody(staff: Staff, admin: Actor) -> None:
    token = await staff.create_token(admin, ADA, "deploys")

    revoked = [await staff.revoke_tokens(admin, ADA, name) for name in ("another", "deploys", "deploys")]

    assert revoked == [0, 1, 0]
    assert await staff.by_token(token) is None


async def test_a_token_needs_a_name(staff: Staff, admin: Actor) -> None:
    for name in ("", " ", "n" * 101, "a\x00b", "a\ud800b", "\u3164", "\u2800\u115f"):
        with pytest.raises(InvalidInput) as refused:
            await staff.create_token(admin, ADA, name)

        assert set(refused.value.problems) == {"name"}


async def test_an_unknown_account_gets_no_token_and_no_password(staff: Staff, admin: Actor) -> None:
    with pytest.raises(StaffNotFound):
        await staff.create_token(admin, "nobody@example.com", "deploys")
    with pytest.raises(StaffNotFound):
        await staff.set_password(admin, "nobody@example.com", PASSWORD)


async def test_a_disabled_account_loses_session_token_and_log_in(staff: Staff, admin: Actor) -> None:
    secret = await staff.log_in(ADA, PASSWORD, address=HERE)
    token = await staff.create_token(admin, ADA, "deploys")
    session = await staff.resume(secret)
    assert session is not None

    await staff.disable(admin, ADA)

    assert await staff.resume(secret) is None
    assert await staff.live([session.id]) == {}
    assert await staff.by_token(token) is None
    with pytest.raises(WrongPassword):
        await staff.log_in(ADA, PASSWORD, address=HERE)


async def test_a_session_expires(staff: Staff, connection: AsyncConnection) -> None:
    secret = await staff.log_in(ADA, PASSWORD, address=HERE)
    session = await staff.resume(secret)
    assert session is not None

    await connection.execute("UPDATE staff_sessions SET expires_at = now() - interval '1 second'")

    assert await staff.resume(secret) is None
    assert await staff.live([session.id]) == {}


async def test_a_new_password_ends_all_sessions_and_the_old_password(staff: Staff, admin: Actor) -> None:
    secret = await staff.log_in(ADA, PASSWORD, address=HERE)

    await staff.set_password(admin, ADA, "another horse battery")

    assert await staff.resume(secret) is None
    with pytest.raises(WrongPassword):
        await staff.log_in(ADA, PASSWORD, address=HERE)
    assert await staff.log_in(ADA, "another horse battery", address=HERE)


async def test_live_sessions_are_told_with_the_role_of_now(staff: Staff, connection: AsyncConnection) -> None:
    kept = await staff.resume(await staff.log_in(ADA, PASSWORD, address=HERE))
    left_secret = await staff.log_in(ADA, PASSWORD, address=HERE)
    left = await staff.resume(left_secret)
    assert kept is not None
    assert left is not None
    await staff.log_out(left_secret)
    await connection.execute("UPDATE staff SET role = 'viewer'")

    live = await staff.live([kept.id, left.id, uuid4()])

    assert {id_: actor.role for id_, actor in live.items()} == {kept.id: Role.VIEWER}
    assert await staff.live([]) == {}


async def test_no_secret_is_stored(staff: Staff, admin: Actor, connection: AsyncConnection) -> None:
    secret = await staff.log_in(ADA, PASSWORD, address=HERE)
    token = await staff.create_token(admin, ADA, "deploys")

    stored = [
        *await secrets_in(connection, "token_hash", "staff_sessions"),
        *await secrets_in(connection, "token_hash", "api_tokens"),
        *await secrets_in(connection, "password_hash::bytea", "staff"),
        *await secrets_in(connection, "row_to_json(audit_log)::text::bytea", "audit_log"),
    ]

    assert len(stored) == 6
    assert all(word.encode() not in line for word in (secret, token, PASSWORD) for line in stored)


async def test_sessions_of_another_secret_key_are_worth_nothing(staff: Staff, admin: Actor, database: Database) -> None:
    secret = await staff.log_in(ADA, PASSWORD, address=HERE)
    token = await staff.create_token(admin, ADA, "deploys")

    stranger = Staff(database=database, secret_key="another key that is long enough too")

    assert await stranger.resume(secret) is None
    assert await stranger.by_token(token) is None


async def test_what_is_done_to_accounts_is_in_the_audit_log(
    staff: Staff, admin: Actor, connection: AsyncConnection
) -> None:
    await staff.log_in(ADA, PASSWORD, address=HERE)
    await staff.create_token(admin, ADA, "deploys")
    await staff.set_password(admin, ADA, "another horse battery")
    await staff.revoke_tokens(admin, ADA, "deploys")
    await staff.disable(admin, ADA)

    assert await audited(connection) == [
        (admin.name, "staff.add", ADA),
        (ADA, "staff.log_in", ADA),
        (admin.name, "token.create", ADA),
        (admin.name, "staff.set_password", ADA),
        (admin.name, "token.revoke", ADA),
        (admin.name, "staff.disable", ADA),
    ]
