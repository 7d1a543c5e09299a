"""Keep since when a cause lasts apart from since when an execution stands still: one outlives the other.

Filled by whoever writes a cause next: until then, what `health_since` says holds for both.
"""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE workflow_executions ADD COLUMN cause_since TIMESTAMP WITH TIME ZONE")


def downgrade() -> None:
    op.execute("ALTER TABLE workflow_executions DROP COLUMN cause_since")
