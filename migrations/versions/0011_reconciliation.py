"""Let one pass at a time compare the database with Temporal, remember the namespace, and find what to look at.

Every row that Temporal has not confirmed as closed is a candidate, open or final; one partial index holds them all.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE reconciliation_state (
        id SMALLINT DEFAULT 1 NOT NULL,
        holder TEXT,
        token BIGINT DEFAULT 0 NOT NULL,
        lease_expires_at TIMESTAMP WITH TIME ZONE,
        paused_until TIMESTAMP WITH TIME ZONE,
        paused_by TEXT,
        pause_reason TEXT,
        namespace_id TEXT,
        namespace_accepted_at TIMESTAMP WITH TIME ZONE,
        namespace_accepted_by TEXT,
        resume_after UUID,
        round_began_at TIMESTAMP WITH TIME ZONE,
        installed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_reconciliation_state PRIMARY KEY (id),
        CONSTRAINT ck_reconciliation_state_one_row CHECK (id = 1),
        CONSTRAINT ck_reconciliation_state_pause
            CHECK ((paused_until IS NULL) = (paused_by IS NULL) AND (paused_until IS NULL) = (pause_reason IS NULL))
    )
    """,
    "INSERT INTO reconciliation_state DEFAULT VALUES",
    """
    ALTER TABLE reconciliation_findings
        ADD COLUMN tenant_id UUID,
        ADD COLUMN ignored_at TIMESTAMP WITH TIME ZONE,
        ADD COLUMN ignored_by TEXT
    """,
    "CREATE INDEX ix_reconciliation_findings_first_seen ON reconciliation_findings (first_seen_at DESC, id DESC)",
    "CREATE INDEX ix_reconciliation_passes_finished ON reconciliation_passes (finished_at DESC)",
    "DROP INDEX ix_reconciliation_passes_started",
    "CREATE INDEX ix_reconciliation_passes_started ON reconciliation_passes (started_at DESC, id DESC)",
    "DROP INDEX ix_workflow_executions_unverified",
    """
    CREATE INDEX ix_workflow_executions_unverified
        ON workflow_executions (id)
        WHERE verified_at IS NULL
    """,
)

STATEMENTS_BACK = (
    "DROP INDEX ix_workflow_executions_unverified",
    """
    CREATE INDEX ix_workflow_executions_unverified
        ON workflow_executions (completed_at)
        WHERE completed_at IS NOT NULL AND verified_at IS NULL
    """,
    "DROP INDEX ix_reconciliation_passes_started",
    "CREATE INDEX ix_reconciliation_passes_started ON reconciliation_passes (started_at DESC)",
    "DROP INDEX ix_reconciliation_passes_finished",
    "DROP INDEX ix_reconciliation_findings_first_seen",
    """
    ALTER TABLE reconciliation_findings
        DROP COLUMN tenant_id,
        DROP COLUMN ignored_at,
        DROP COLUMN ignored_by
    """,
    "DROP TABLE reconciliation_state",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in STATEMENTS_BACK:
        op.execute(statement)
