"""Customers, their owners, and who belongs to whom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, func, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import CreatedAt, Identity, Record, Word
from operations.statuses import Plan, TenantStatus


class Tenant(Record):
    """A customer. The row outlives the tenant's schema, so that a slug is never used twice."""

    __tablename__ = "tenants"

    id: Mapped[Identity]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    plan: Mapped[Plan] = mapped_column(Word(Plan))
    status: Mapped[TenantStatus] = mapped_column(Word(TenantStatus), server_default=TenantStatus.PROVISIONING)
    schema_name: Mapped[str] = mapped_column(Computed("'tenant_' || replace(id::text, '-', '')", persisted=True))
    schema_version: Mapped[str | None]
    registered_by: Mapped[str]
    request_key: Mapped[str | None]  #: Idempotency-Key of the registration
    request_digest: Mapped[str | None]  #: what was asked with that key
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    activated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  #: of a tenant that leaves: before that moment nothing of it is dropped
    former_status: Mapped[TenantStatus | None] = mapped_column(Word(TenantStatus))  #: what it is again if it stays

    __table_args__ = (
        Index("uq_tenants_schema_name", "schema_name", unique=True),
        Index("uq_tenants_request_key", "registered_by", "request_key", unique=True),
        Index("ix_tenants_slug_prefix", "slug", postgresql_ops={"slug": "text_pattern_ops"}),
        Index("ix_tenants_created", text("created_at DESC"), text("id DESC")),
        Index("ix_tenants_status_created", "status", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_tenants_search",
            literal_column("folded((slug || ' '::text) || name)").label("words"),
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
        ),
    )


class User(Record):
    """A person on the customer's side; only the owner is known to the control plane."""

    __tablename__ = "users"

    id: Mapped[Identity]
    email: Mapped[str]
    name: Mapped[str | None]
    created_at: Mapped[CreatedAt]


Index("uq_users_email", func.lower(User.email), unique=True)
Index("ix_users_email_prefix", func.lower(User.email))  # COLLATE "C", for beginnings; it cannot be told apart
# The same of domains.
Index("ix_users_email_domain", func.split_part(func.lower(User.email), "@", -1))


class Membership(Record):
    """A user's place in a tenant."""

    __tablename__ = "memberships"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[str]
    created_at: Mapped[CreatedAt]
