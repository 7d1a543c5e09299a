"""Keep which run made a step: after a reset another one makes it again, and counts its tries from one."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE execution_steps ADD COLUMN run_id TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE execution_steps DROP COLUMN run_id")
