"""Keep of a failed execution which newer attempt took its place, so that failures that stand are an index range.

The indexes of all failures stay: scripts ask for those, and so does the version before this one.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Only what has a newer attempt is written: an attempt after the first is rare.
FILL = """
    UPDATE workflow_executions e SET superseded_by = newest.id
    FROM (
        SELECT DISTINCT ON (entity_id, workflow_type) entity_id, workflow_type, attempt, id
        FROM workflow_executions WHERE attempt > 1 AND status <> 'failed'
        ORDER BY entity_id, workflow_type, attempt DESC
    ) AS newest
    WHERE e.entity_id = newest.entity_id AND e.workflow_type = newest.workflow_type AND e.attempt < newest.attempt
      AND e.status = 'failed'
"""

INDEXES = {
    "": "created_at DESC, id DESC",
    "_type": "workflow_type, created_at DESC, id DESC",
    "_completed": "completed_at DESC, id DESC",
}
KINDS = {"failed": "status = 'failed' AND superseded_by IS NULL", "superseded": "superseded_by IS NOT NULL"}


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE workflow_executions
            ADD COLUMN superseded_by uuid
                CONSTRAINT fk_workflow_executions_superseded_by REFERENCES workflow_executions (id)
        """
    )
    op.execute(FILL)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index is made of a table with pending checks
    op.execute(
        """
        CREATE INDEX ix_workflow_executions_superseded_by ON workflow_executions (superseded_by)
            WHERE superseded_by IS NOT NULL
        """
    )
    for kind, condition in KINDS.items():
        for name, columns in INDEXES.items():
            op.execute(
                f"CREATE INDEX ix_workflow_executions_{kind}{name} ON workflow_executions ({columns}) WHERE {condition}"
            )


def downgrade() -> None:
    for kind in KINDS:
        for name in INDEXES:
            op.execute(f"DROP INDEX ix_workflow_executions_{kind}{name}")
    op.execute("ALTER TABLE workflow_executions DROP COLUMN superseded_by")
