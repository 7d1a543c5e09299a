"""Who acts, and what their role permits. Pages hide what is not permitted; actions refuse it, here.

A page may have been opened, and a request begun, before an account was disabled, its role lowered or its session ended.
Each action therefore reads all that again, in its own transaction. Whichever door it came by, who did not get what they
asked for, and why, is a line of the log, and how long it took a metric.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from time import perf_counter
from typing import Self
from uuid import UUID

from prometheus_client import Counter, Histogram
from sqlalchemy import Select, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.database import Database
from operations.errors import NotLoggedIn, NotPermitted, OperationsError
from operations.logs import logger
from operations.models import ApiToken, StaffAccount, StaffSession
from operations.statuses import Role

log = logger(__name__)

not_permitted = Counter("tenantry_not_permitted_total", "What was asked for without the role for it", ["permission"])
acted = Histogram(
    "tenantry_action_seconds", "Actions by the permission they take and how they ended", ["permission", "end"]
)


class Permission(StrEnum):
    """Something that needs a role."""

    SEE = "see"
    REGISTER_TENANT = "register_tenant"
    RETRY = "retry_execution"
    TRIAGE = "triage"  #: acknowledge, assign, snooze, leave notes
    TERMINATE = "terminate_execution"
    CANCEL = "cancel_execution"
    HOLD_STEP = "pause_step"  #: and let it go on
    DECIDE = "decide_approval"
    CLEAN_UP = "clean_up_tenant"  #: what a failed provisioning has left
    DEPROVISION = "deprovision_tenant"
    START = "start_run"  #: of a kind that neither makes nor removes a tenant
    RECONCILE = "reconcile"
    EXAMINE = "examine_installation"  #: whether all is well with it
    DEPLOY = "deploy_build"  #: which build of the workers new runs begin on
    MANAGE_STAFF = "manage_staff"
    PRESENT = "present"  #: have things go wrong in a demo


NEEDS = {
    Permission.SEE: Role.VIEWER,
    Permission.REGISTER_TENANT: Role.SUPPORT,
    Permission.RETRY: Role.SUPPORT,
    Permission.TRIAGE: Role.SUPPORT,
    Permission.TERMINATE: Role.OPERATOR,
    Permission.CANCEL: Role.OPERATOR,
    Permission.HOLD_STEP: Role.OPERATOR,
    Permission.DECIDE: Role.OPERATOR,
    Permission.CLEAN_UP: Role.OPERATOR,
    Permission.DEPROVISION: Role.OPERATOR,
    Permission.START: Role.OPERATOR,
    Permission.RECONCILE: Role.OPERATOR,
    Permission.EXAMINE: Role.ADMIN,
    Permission.DEPLOY: Role.ADMIN,
    Permission.MANAGE_STAFF: Role.ADMIN,
    Permission.PRESENT: Role.ADMIN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A member of staff, or a part of Tenantry itself (then without an account)."""

    name: str
    role: Role
    staff_id: UUID | None = None
    session_id: UUID | None = None  #: of the log-in by which they act
    token_id: UUID | None = None  #: of the API token by which they act

    @classmethod
    def system(cls, part: str) -> Self:
        return cls(name=f"system:{part}", role=Role.ADMIN)

    def may(self, permission: Permission) -> bool:
        return self.role.includes(NEEDS[permission])


def permit(actor: Actor, permission: Permission, what: str | None = None) -> None:
    """Raises `NotPermitted`, naming the role that would be needed; `what` was asked, unless the permission says it."""
    if not actor.may(permission):
        what = what or permission.replace("_", " ")
        not_permitted.labels(permission).inc()
        log.info("not permitted", who=actor.name, role=actor.role.value, what=what)
        raise NotPermitted(
            f"Your role ({actor.role}) does not allow you to {what}; it takes the role "
            f"{NEEDS[permission]}. Nothing was changed."
        )


@asynccontextmanager
async def acting(
    database: Database, actor: Actor, permission: Permission, what: str | None = None
) -> AsyncIterator[AsyncConnection]:
    """The transaction of an action; raises as `permit` does, or `NotLoggedIn` when the log-in has ended."""
    began, end = perf_counter(), "failed"
    try:
        permit(actor, permission, what)
        async with database.transaction() as connection:
            await check(connection, actor, permission, what)
            yield connection
        end = "done"
    except OperationsError as error:
        end = "refused"
        if not isinstance(error, NotPermitted):  # which was said already
            log.info("action refused", who=actor.name, what=permission.value, why=error.message)
        raise
    except IntegrityError:  # somebody was faster; the action says who has what it would take
        end = "refused"
        raise
    finally:
        acted.labels(permission, end).observe(perf_counter() - began)


async def check(connection: AsyncConnection, actor: Actor, permission: Permission, what: str | None = None) -> None:
    """As `permit`, by what the database says now. Whoever acts without an account has a shell on this installation."""
    permit(await as_of_now(connection, actor), permission, what)


async def as_of_now(connection: AsyncConnection, actor: Actor) -> Actor:
    """With the role that the account has now; raises `NotLoggedIn` when it is disabled, or the log-in has ended."""
    if actor.staff_id is None:
        return actor
    role = await connection.scalar(_role_now(actor, actor.staff_id))
    if role is None:
        raise NotLoggedIn
    return replace(actor, role=role)


def _role_now(actor: Actor, staff_id: UUID) -> Select[Role]:
    statement = select(StaffAccount.role).where(StaffAccount.id == staff_id, StaffAccount.disabled_at.is_(None))
    if actor.session_id is not None:
        session = exists().where(StaffSession.id == actor.session_id, StaffSession.revoked_at.is_(None))
        statement = statement.where(session.where(StaffSession.expires_at > func.now()))
    if actor.token_id is not None:
        statement = statement.where(exists().where(ApiToken.id == actor.token_id, ApiToken.revoked_at.is_(None)))
    return statement
