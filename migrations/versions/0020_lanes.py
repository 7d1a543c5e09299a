"""Let kinds of workflow exclude each other: one open run per tenant and lane, whatever its kind.

All kinds so far make or remove tenants and share the lane that is the default, so no row is written again. A tenant may
have an open run of either kind from before: the removal then keeps a lane of its own until it ends.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OPEN = "status IN ('pending', 'running')"


def upgrade() -> None:
    op.execute("ALTER TABLE workflow_executions ADD COLUMN lane varchar(100) NOT NULL DEFAULT 'lifecycle'")
    op.execute(
        """
        UPDATE workflow_executions e SET lane = 'deprovisioning'
        WHERE e.status IN ('pending', 'running') AND e.workflow_type = 'tenant_deprovisioning' AND EXISTS (
            SELECT FROM workflow_executions o
            WHERE o.entity_id = e.entity_id AND o.workflow_type <> e.workflow_type
              AND o.status IN ('pending', 'running')
        )
        """
    )
    op.execute(f"CREATE UNIQUE INDEX uq_workflow_executions_lane ON workflow_executions (entity_id, lane) WHERE {OPEN}")
    op.execute("DROP INDEX uq_workflow_executions_open")
    op.execute("ALTER INDEX uq_workflow_executions_lane RENAME TO uq_workflow_executions_open")


def downgrade() -> None:
    op.execute(
        f"""
        CREATE UNIQUE INDEX uq_workflow_executions_type
            ON workflow_executions (entity_id, workflow_type) WHERE {OPEN}
        """
    )
    op.execute("DROP INDEX uq_workflow_executions_open")
    op.execute("ALTER INDEX uq_workflow_executions_type RENAME TO uq_workflow_executions_open")
    op.execute("ALTER TABLE workflow_executions DROP COLUMN lane")
