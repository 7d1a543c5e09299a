"""Create notes, saved views and alerts."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE notes (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        tenant_id UUID NOT NULL,
        execution_id UUID,
        author TEXT NOT NULL,
        body TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_notes PRIMARY KEY (id),
        CONSTRAINT fk_notes_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id),
        CONSTRAINT fk_notes_execution_id
            FOREIGN KEY (execution_id) REFERENCES workflow_executions (id) ON DELETE SET NULL
    )
    """,
    "CREATE INDEX ix_notes_tenant ON notes (tenant_id, created_at DESC)",
    """
    CREATE TABLE saved_views (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        staff_id UUID NOT NULL,
        page TEXT NOT NULL,
        name TEXT NOT NULL,
        query TEXT NOT NULL,
        shared BOOLEAN DEFAULT false NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_saved_views PRIMARY KEY (id),
        CONSTRAINT fk_saved_views_staff_id
            FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_saved_views_staff_id ON saved_views (staff_id)",
    """
    CREATE TABLE alerts (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail JSONB,
        raised_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        cleared_at TIMESTAMP WITH TIME ZONE,
        sent_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_alerts PRIMARY KEY (id)
    )
    """,
    "CREATE UNIQUE INDEX uq_alerts_open ON alerts (kind, subject) WHERE cleared_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE alerts, saved_views, notes")
