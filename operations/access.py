"""Who acts, and what their role permits. Pages hide what is not permitted; actions refuse it, here."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from operations.errors import NotPermitted
from operations.statuses import Role


class Permission(StrEnum):
    """Something that needs a role."""

    SEE = "see"
    REGISTER_TENANT = "register_tenant"
    RETRY = "retry_execution"
    TERMINATE = "terminate_execution"
    CANCEL = "cancel_execution"
    DECIDE = "decide_approval"
    DEPROVISION = "deprovision_tenant"
    RECONCILE = "reconcile"
    MANAGE_STAFF = "manage_staff"


NEEDS = {
    Permission.SEE: Role.VIEWER,
    Permission.REGISTER_TENANT: Role.SUPPORT,
    Permission.RETRY: Role.SUPPORT,
    Permission.TERMINATE: Role.OPERATOR,
    Permission.CANCEL: Role.OPERATOR,
    Permission.DECIDE: Role.OPERATOR,
    Permission.DEPROVISION: Role.OPERATOR,
    Permission.RECONCILE: Role.OPERATOR,
    Permission.MANAGE_STAFF: Role.ADMIN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A member of staff, or a part of Tenantry itself (then without an account)."""

    name: str
    role: Role
    staff_id: UUID | None = None

    @classmethod
    def system(cls, part: str) -> Self:
        return cls(name=f"system:{part}", role=Role.ADMIN)

    def may(self, permission: Permission) -> bool:
        return self.role.includes(NEEDS[permission])


def permit(actor: Actor, permission: Permission) -> None:
    """Raises `NotPermitted`, naming the role that would be needed."""
    if not actor.may(permission):
        what = permission.replace("_", " ")
        raise NotPermitted(
            f"Your role ({actor.role}) does not allow to {what}; it takes {NEEDS[permission]}. Nothing was changed."
        )
