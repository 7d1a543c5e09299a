"""Accounts of staff: log in, log out, sessions, tokens."""

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit
from operations.access import Actor, Permission, acting, permit
from operations.actions.browsers import Browsers
from operations.actions.passwords import Passwords, password_problem
from operations.actions.registration import email_problem, normal_email
from operations.actions.throttle import Throttle
from operations.actions.typed_text import can_be_seen
from operations.database import Database
from operations.errors import AlreadyTaken, InvalidInput, StaffNotFound, WrongPassword
from operations.logs import logger
from operations.models import ApiToken, StaffAccount, StaffSession
from operations.statuses import Role

log = logger(__name__)

SESSION_HOURS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A browser's log-in."""

    id: UUID
    actor: Actor


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """Actions on accounts and sessions."""

    database: Database
    secret_key: str  #: keys the hashes of sessions and tokens, so that a copy of the database alone opens nothing
    passwords: Passwords = field(default_factory=Passwords)
    _throttle: Throttle = field(default_factory=Throttle)

    async def log_in(self, email: str, password: str, *, address: str, mark: str | None = None) -> str:
        """Open a session and return its secret, for the cookie; only its hash is stored.

        `mark` is what the browser was given by `browser_mark` before. Raises `WrongPassword` without telling which of
        the two was wrong, `TooManyTries` or `LoginsBusy`.
        """
        browser = None if email_problem(email) else self._browsers.recognised(mark, normal_email(email))
        async with self._throttle.attempt(email, address, browser=browser):
            account = await self._account(email)
            hashed = account.password_hash if account else None
            right = await self.passwords.matches(hashed, password, known=browser is not None)
            if account is None or not right:
                log.warning("failed log-in", address=address)
                raise WrongPassword
        secret = secrets.token_urlsafe(32)
        actor = Actor(name=account.email, role=account.role, staff_id=account.id)
        async with self.database.transaction() as connection:
            await connection.execute(
                insert(StaffSession).values(
                    staff_id=account.id,
                    token_hash=self._digest(secret),
                    address=address,
                    expires_at=func.now() + timedelta(hours=SESSION_HOURS),
                )
            )
            await audit.record(connection, actor, "staff.log_in", audit.Outcome.APPLIED, _target(account))
        return secret

    def browser_mark(self, email: str) -> str:
        """What a browser keeps when it has logged in with this account."""
        return self._browsers.mark(normal_email(email))

    async def log_out(self, secret: str) -> None:
        """End the session; a second call does nothing."""
        async with self.database.transaction() as connection:
            await connection.execute(
                update(StaffSession)
                .where(StaffSession.token_hash == self._digest(secret), StaffSession.revoked_at.is_(None))
                .values(revoked_at=func.now())
            )

    async def resume(self, secret: str) -> Session | None:
        """The live session of a cookie; None when it ended, expired, or its account was disabled."""
        async with self.database.reading() as connection:
            sessions = await _live(connection, StaffSession.token_hash == self._digest(secret))
        return sessions[0] if sessions else None

    async def live(self, ids: Collection[UUID]) -> dict[UUID, Actor]:
        """Which of these sessions still live, and for whom, as accounts are now."""
        if not ids:
            return {}
        async with self.database.reading() as connection:
            return {session.id: session.actor for session in await _live(connection, StaffSession.id.in_(ids))}

    async def by_token(self, token: str) -> Actor | None:
        """Who an API token acts for."""
        statement = (
            select(StaffAccount.id, StaffAccount.email, StaffAccount.role, ApiToken.id.label("token_id"))
            .join(ApiToken, ApiToken.staff_id == StaffAccount.id)
            .where(ApiToken.token_hash == self._digest(token), ApiToken.revoked_at.is_(None))
            .where(StaffAccount.disabled_at.is_(None))
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else Actor(name=row.email, role=row.role, staff_id=row.id, token_id=row.token_id)

    async def add(self, actor: Actor, email: str, role: Role, password: str) -> None:
        """Make an account; raises `InvalidInput` or `AlreadyTaken`."""
        permit(actor, Permission.MANAGE_STAFF)
        _check(email=email, password=password)
        hashed = await self.passwords.hashed(password)
        try:
            async with acting(self.database, actor, Permission.MANAGE_STAFF) as connection:
                await _insert(connection, actor, normal_email(email), role, hashed)
        except IntegrityError:
            raise AlreadyTaken("email", f"There is an account for {normal_email(email)} already.") from None

    async def add_first(self, email: str, password: str) -> bool:
        """Make the first administrator; False, and nothing done, when there is any account."""
        _check(email=email, password=password)
        hashed = await self.passwords.hashed(password)
        async with self.database.transaction() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("tenantry:staff", 0))))
            if await connection.scalar(select(func.count()).select_from(StaffAccount)):
                return False
            await _insert(connection, Actor.system("setup"), normal_email(email), Role.ADMIN, hashed)
        return True

    async def set_password(self, actor: Actor, email: str, password: str) -> None:
        """Replace a password and end the account's sessions; raises `StaffNotFound`."""
        permit(actor, Permission.MANAGE_STAFF)
        _check(email=email, password=password)
        account = await self._account(email)
        if account is None:
            raise StaffNotFound
        hashed = await self.passwords.hashed(password)
        async with acting(self.database, actor, Permission.MANAGE_STAFF) as connection:
            await connection.execute(
                update(StaffAccount).where(StaffAccount.id == account.id).values(password_hash=hashed)
            )
            await connection.execute(
                update(StaffSession)
                .where(StaffSession.staff_id == account.id, StaffSession.revoked_at.is_(None))
                .values(revoked_at=func.now())
            )
            await audit.record(connection, actor, "staff.set_password", audit.Outcome.APPLIED, _target(account))

    async def disable(self, actor: Actor, email: str) -> None:
        """Shut an account out: it cannot log in, and its sessions and tokens end. Raises `StaffNotFound`."""
        permit(actor, Permission.MANAGE_STAFF)
        account = await self._account(email)
        if account is None:
            raise StaffNotFound
        async with acting(self.database, actor, Permission.MANAGE_STAFF) as connection:
            await connection.execute(
                update(StaffAccount).where(StaffAccount.id == account.id).values(disabled_at=func.now())
            )
            await audit.record(connection, actor, "staff.disable", audit.Outcome.APPLIED, _target(account))

    async def revoke_tokens(self, actor: Actor, email: str, name: str) -> int:
        """End the account's tokens of this name and return how many there were.

        Raises `StaffNotFound` or `InvalidInput`.
        """
        permit(actor, Permission.MANAGE_STAFF)
        tidy = _token_name(name)
        account = await self._account(email)
        if account is None:
            raise StaffNotFound
        async with acting(self.database, actor, Permission.MANAGE_STAFF) as connection:
            revoked = await connection.execute(
                update(ApiToken)
                .where(ApiToken.staff_id == account.id, ApiToken.name == tidy, ApiToken.revoked_at.is_(None))
                .values(revoked_at=func.now())
            )
            await audit.record(
                connection, actor, "token.revoke", audit.Outcome.APPLIED, _target(account), after={"name": tidy}
            )
        return revoked.rowcount

    async def create_token(self, actor: Actor, email: str, name: str) -> str:
        """Make an API token and return it; it cannot be shown again. Raises `StaffNotFound` or `InvalidInput`."""
        permit(actor, Permission.MANAGE_STAFF)
        tidy = _token_name(name)
        account = await self._account(email)
        if account is None:
            raise StaffNotFound
        token = f"tenantry_{secrets.token_urlsafe(32)}"
        async with acting(self.database, actor, Permission.MANAGE_STAFF) as connection:
            await connection.execute(
                insert(ApiToken).values(staff_id=account.id, name=tidy, token_hash=self._digest(token))
            )
            await audit.record(
                connection, actor, "token.create", audit.Outcome.APPLIED, _target(account), after={"name": tidy}
            )
        return token

    @property
    def _browsers(self) -> Browsers:
        return Browsers(secret_key=self.secret_key)

    def _digest(self, secret: str) -> bytes:
        """Secrets are 256 random bits, so a fast hash suffices."""
        return hmac.digest(self.secret_key.encode(), secret.encode(), "sha256")

    async def _account(self, email: str) -> "_Account | None":
        if email_problem(email):
            return None
        statement = select(StaffAccount.id, StaffAccount.email, StaffAccount.role, StaffAccount.password_hash).where(
            func.lower(StaffAccount.email) == normal_email(email), StaffAccount.disabled_at.is_(None)
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return (
            None
            if row is None
            else _Account(id=row.id, email=row.email, role=row.role, password_hash=row.password_hash)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Account:
    id: UUID
    email: str
    role: Role
    password_hash: str


async def _live(connection: AsyncConnection, which: ColumnElement[bool]) -> list[Session]:
    statement = (
        select(StaffSession.id, StaffAccount.id.label("staff_id"), StaffAccount.email, StaffAccount.role)
        .join(StaffAccount, StaffAccount.id == StaffSession.staff_id)
        .where(which, StaffSession.revoked_at.is_(None), StaffSession.expires_at > func.now())
        .where(StaffAccount.disabled_at.is_(None))
    )
    return [
        Session(id=row.id, actor=Actor(name=row.email, role=row.role, staff_id=row.staff_id, session_id=row.id))
        for row in await connection.execute(statement)
    ]


async def _insert(connection: AsyncConnection, actor: Actor, email: str, role: Role, hashed: str) -> None:
    id_ = uuid4()
    await connection.execute(insert(StaffAccount).values(id=id_, email=email, role=role, password_hash=hashed))
    target = audit.Target(kind="staff", id=str(id_), label=email)
    await audit.record(connection, actor, "staff.add", audit.Outcome.APPLIED, target, after={"role": role})


def _check(*, email: str, password: str) -> None:
    found = {"email": email_problem(email), "password": password_problem(password)}
    if problems := {field: problem for field, problem in found.items() if problem}:
        raise InvalidInput(problems)


def _token_name(name: str) -> str:
    """The name of a token as it is kept; raises `InvalidInput`."""
    tidy = name.strip()
    if not (1 <= len(tidy) <= 100 and tidy.isprintable() and can_be_seen(tidy)):
        raise InvalidInput({"name": "The token's name must have 1 to 100 characters that can be seen."})
    return tidy


def _target(account: _Account) -> audit.Target:
    return audit.Target(kind="staff", id=str(account.id), label=account.email)
