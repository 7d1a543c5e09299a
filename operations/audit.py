"""The append-only log of what staff did; an entry is part of the transaction of the deed."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.access import Actor
from operations.models import AuditEntry


class Outcome(StrEnum):
    """What became of an action."""

    REQUESTED = "requested"  #: accepted; a later entry tells how it ended
    APPLIED = "applied"
    DELIVERED = "delivered"  #: Temporal confirmed it
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What an action was about."""

    kind: str
    id: str
    label: str


async def record(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    outcome: Outcome,
    target: Target,
    *,
    reason: str | None = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Add one entry; `before` and `after` hold what changed, never a secret."""
    await connection.execute(
        insert(AuditEntry).values(
            actor=actor.name,
            staff_id=actor.staff_id,
            role=actor.role,
            action=action,
            outcome=outcome.value,
            target_kind=target.kind,
            target_id=target.id,
            target_label=target.label,
            reason=reason,
            before=before,
            after=after,
        )
    )
