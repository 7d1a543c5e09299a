"""Create tenants, their owners and memberships."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    """
    CREATE TABLE tenants (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        slug TEXT NOT NULL,
        name TEXT NOT NULL,
        plan TEXT NOT NULL,
        status TEXT DEFAULT 'provisioning' NOT NULL,
        schema_name TEXT GENERATED ALWAYS AS ('tenant_' || replace(id::text, '-', '')) STORED NOT NULL,
        schema_version TEXT,
        registered_by TEXT NOT NULL,
        request_key TEXT,
        request_digest TEXT,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        activated_at TIMESTAMP WITH TIME ZONE,
        deleted_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_tenants PRIMARY KEY (id),
        CONSTRAINT uq_tenants_slug UNIQUE (slug),
        CONSTRAINT ck_tenants_slug CHECK (slug ~ '^[a-z](-?[a-z0-9])+$' AND length(slug) BETWEEN 2 AND 55),
        CONSTRAINT ck_tenants_name CHECK (length(name) BETWEEN 1 AND 200),
        CONSTRAINT ck_tenants_plan CHECK (plan IN ('starter', 'business', 'enterprise')),
        CONSTRAINT ck_tenants_status
            CHECK (status IN ('provisioning', 'active', 'failed', 'deprovisioning', 'deleted'))
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_tenants_created ON tenants (created_at DESC, id DESC)",
    "CREATE INDEX ix_tenants_search ON tenants USING gin ((slug || ' ' || name) gin_trgm_ops)",
    "CREATE INDEX ix_tenants_status_created ON tenants (status, created_at DESC, id DESC)",
    "CREATE UNIQUE INDEX uq_tenants_request_key ON tenants (registered_by, request_key)",
    "CREATE UNIQUE INDEX uq_tenants_schema_name ON tenants (schema_name)",
    """
    CREATE TABLE users (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        email TEXT NOT NULL,
        name TEXT,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_users PRIMARY KEY (id),
        CONSTRAINT ck_users_email CHECK (length(email) <= 254)
    )
    """,
    "CREATE UNIQUE INDEX uq_users_email ON users (lower(email))",
    """
    CREATE TABLE memberships (
        tenant_id UUID NOT NULL,
        user_id UUID NOT NULL,
        role TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_memberships PRIMARY KEY (tenant_id, user_id),
        CONSTRAINT fk_memberships_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id),
        CONSTRAINT fk_memberships_user_id FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT ck_memberships_role CHECK (role IN ('owner', 'member'))
    )
    """,
    "CREATE INDEX ix_memberships_user_id ON memberships (user_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE memberships, users, tenants")
