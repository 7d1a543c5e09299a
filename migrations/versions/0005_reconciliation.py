"""Create reconciliation passes and findings."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE reconciliation_passes (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        trigger TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        outcome TEXT,
        checked INTEGER DEFAULT 0 NOT NULL,
        described INTEGER DEFAULT 0 NOT NULL,
        found INTEGER DEFAULT 0 NOT NULL,
        healed INTEGER DEFAULT 0 NOT NULL,
        unknown INTEGER DEFAULT 0 NOT NULL,
        error TEXT,
        CONSTRAINT pk_reconciliation_passes PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_reconciliation_passes_started ON reconciliation_passes (started_at DESC)",
    """
    CREATE TABLE reconciliation_findings (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        pass_id UUID NOT NULL,
        kind TEXT NOT NULL,
        execution_id UUID,
        workflow_id TEXT,
        run_id TEXT,
        database_said JSONB,
        temporal_said JSONB,
        done TEXT,
        first_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        last_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        resolved_at TIMESTAMP WITH TIME ZONE,
        resolved_by TEXT,
        reason TEXT,
        CONSTRAINT pk_reconciliation_findings PRIMARY KEY (id),
        CONSTRAINT fk_reconciliation_findings_pass_id FOREIGN KEY (pass_id) REFERENCES reconciliation_passes (id)
    )
    """,
    "CREATE INDEX ix_reconciliation_findings_execution ON reconciliation_findings (execution_id)",
    "CREATE INDEX ix_reconciliation_findings_pass ON reconciliation_findings (pass_id)",
    """
    CREATE UNIQUE INDEX uq_reconciliation_findings_open
        ON reconciliation_findings (kind, workflow_id)
        WHERE resolved_at IS NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE reconciliation_findings, reconciliation_passes")
