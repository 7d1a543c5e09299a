"""Accounts of staff, their sessions and tokens (hashes only), and the audit log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, func, text
from sqlalchemy import Identity as Sequence
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import CreatedAt, Identity, JsonObject, Record, Word
from operations.statuses import Role


class StaffAccount(Record):
    """A member of staff."""

    __tablename__ = "staff"

    id: Mapped[Identity]
    email: Mapped[str]
    role: Mapped[Role] = mapped_column(Word(Role))
    password_hash: Mapped[str]  #: argon2id
    created_at: Mapped[CreatedAt]
    disabled_at: Mapped[datetime | None]


Index("uq_staff_email", func.lower(StaffAccount.email), unique=True)


class StaffSession(Record):
    """A browser that logged in; the cookie holds the secret, the row only its hash."""

    __tablename__ = "staff_sessions"

    id: Mapped[Identity]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    address: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ApiToken(Record):
    """A secret for scripts, acting with the role of its owner."""

    __tablename__ = "api_tokens"

    id: Mapped[Identity]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Record):
    """Who did what, why, with which outcome; append-only."""

    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(BigInteger, Sequence(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    actor: Mapped[str]
    staff_id: Mapped[UUID | None]
    role: Mapped[Role | None] = mapped_column(Word(Role))
    action: Mapped[str]
    outcome: Mapped[str]  #: requested | applied | refused | delivered | failed
    target_kind: Mapped[str | None]
    target_id: Mapped[str | None]
    target_label: Mapped[str | None]
    reason: Mapped[str | None]
    before: Mapped[JsonObject | None]
    after: Mapped[JsonObject | None]

    __table_args__ = (
        Index("ix_audit_log_at", text("at DESC"), text("seq DESC")),
        Index("ix_audit_log_target", "target_kind", "target_id", text("seq DESC")),
        Index("ix_audit_log_actor", "actor", text("seq DESC")),
    )
