"""Remember when the tries of a step began to be counted anew: a first try that comes after the seventh is not late.

Without a value, which is what versions before write, tries are ordered by their numbers alone.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE execution_steps ADD COLUMN reset_at TIMESTAMP WITH TIME ZONE")


def downgrade() -> None:
    op.execute("ALTER TABLE execution_steps DROP COLUMN reset_at")
