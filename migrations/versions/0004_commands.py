"""Create the outbox to Temporal, decisions and bulk operations."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE bulk_operations (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        action TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        reason TEXT NOT NULL,
        selection JSONB NOT NULL,
        total INTEGER NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_bulk_operations PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE commands (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        kind TEXT NOT NULL,
        execution_id UUID NOT NULL,
        seen_run_id TEXT,
        reason TEXT,
        requested_by TEXT NOT NULL,
        state TEXT DEFAULT 'queued' NOT NULL,
        tries INTEGER DEFAULT 0 NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        claim_token UUID,
        claimed_by TEXT,
        error TEXT,
        payload JSONB,
        bulk_id UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        settled_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_commands PRIMARY KEY (id),
        CONSTRAINT fk_commands_execution_id
            FOREIGN KEY (execution_id) REFERENCES workflow_executions (id) ON DELETE CASCADE,
        CONSTRAINT fk_commands_bulk_id FOREIGN KEY (bulk_id) REFERENCES bulk_operations (id),
        CONSTRAINT ck_commands_state CHECK (state IN ('queued', 'delivered', 'failed', 'unknown')),
        CONSTRAINT ck_commands_settled CHECK ((state = 'queued') = (settled_at IS NULL))
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500)
    """,
    "CREATE INDEX ix_commands_bulk ON commands (bulk_id) WHERE bulk_id IS NOT NULL",
    "CREATE INDEX ix_commands_due ON commands (due_at, id) WHERE state = 'queued'",
    "CREATE INDEX ix_commands_execution ON commands (execution_id, created_at DESC)",
    "CREATE UNIQUE INDEX uq_commands_start ON commands (execution_id) WHERE kind = 'start'",
    """
    CREATE TABLE approvals (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        execution_id UUID NOT NULL,
        decision TEXT NOT NULL,
        decided_by TEXT NOT NULL,
        staff_id UUID,
        reason TEXT NOT NULL,
        decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_approvals PRIMARY KEY (id),
        CONSTRAINT uq_approvals_execution_id UNIQUE (execution_id),
        CONSTRAINT fk_approvals_execution_id
            FOREIGN KEY (execution_id) REFERENCES workflow_executions (id) ON DELETE CASCADE,
        CONSTRAINT fk_approvals_staff_id FOREIGN KEY (staff_id) REFERENCES staff (id),
        CONSTRAINT ck_approvals_decision CHECK (decision IN ('approved', 'rejected'))
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE approvals, commands, bulk_operations")
