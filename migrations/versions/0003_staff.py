"""Create accounts, sessions, tokens and the audit log of staff."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE staff (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        email TEXT NOT NULL,
        role TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        disabled_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_staff PRIMARY KEY (id),
        CONSTRAINT ck_staff_role CHECK (role IN ('viewer', 'support', 'operator', 'admin'))
    )
    """,
    "CREATE UNIQUE INDEX uq_staff_email ON staff (lower(email))",
    """
    CREATE TABLE staff_sessions (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        staff_id UUID NOT NULL,
        token_hash BYTEA NOT NULL,
        address TEXT,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        last_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        revoked_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_staff_sessions PRIMARY KEY (id),
        CONSTRAINT fk_staff_sessions_staff_id
            FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE CASCADE,
        CONSTRAINT uq_staff_sessions_token_hash UNIQUE (token_hash)
    )
    """,
    "CREATE INDEX ix_staff_sessions_staff_id ON staff_sessions (staff_id)",
    """
    CREATE TABLE api_tokens (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        staff_id UUID NOT NULL,
        name TEXT NOT NULL,
        token_hash BYTEA NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        last_used_at TIMESTAMP WITH TIME ZONE,
        revoked_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_api_tokens PRIMARY KEY (id),
        CONSTRAINT fk_api_tokens_staff_id
            FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE CASCADE,
        CONSTRAINT uq_api_tokens_token_hash UNIQUE (token_hash)
    )
    """,
    "CREATE INDEX ix_api_tokens_staff_id ON api_tokens (staff_id)",
    """
    CREATE TABLE audit_log (
        seq BIGINT GENERATED ALWAYS AS IDENTITY,
        at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        actor TEXT NOT NULL,
        staff_id UUID,
        role TEXT,
        action TEXT NOT NULL,
        outcome TEXT NOT NULL,
        target_kind TEXT,
        target_id TEXT,
        target_label TEXT,
        reason TEXT,
        before JSONB,
        after JSONB,
        CONSTRAINT pk_audit_log PRIMARY KEY (seq)
    )
    """,
    "CREATE INDEX ix_audit_log_actor ON audit_log (actor, seq DESC)",
    "CREATE INDEX ix_audit_log_at ON audit_log (at DESC, seq DESC)",
    "CREATE INDEX ix_audit_log_target ON audit_log (target_kind, target_id, seq DESC)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE audit_log, api_tokens, staff_sessions, staff")
