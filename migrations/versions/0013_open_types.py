"""List open executions of one type, longest without progress first; nothing lists open ones by their creation."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OPEN = "status IN ('pending', 'running')"


# Made before the other goes: readers wait for the moment of the drop, not for the index to be built.
def upgrade() -> None:
    op.execute(
        f"""
        CREATE INDEX ix_workflow_executions_open_type
            ON workflow_executions (status, workflow_type, last_progress_at, id)
            WHERE {OPEN}
        """
    )
    op.execute("DROP INDEX ix_workflow_executions_open_created")


def downgrade() -> None:
    op.execute(
        f"""
        CREATE INDEX ix_workflow_executions_open_created
            ON workflow_executions (created_at DESC, id DESC)
            WHERE {OPEN}
        """
    )
    op.execute("DROP INDEX ix_workflow_executions_open_type")
