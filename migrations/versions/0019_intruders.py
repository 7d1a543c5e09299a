"""Let a finding begin without a pass: a stranger is refused by a step, whenever it comes."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE reconciliation_findings ALTER COLUMN pass_id DROP NOT NULL")


def downgrade() -> None:
    op.execute("DELETE FROM reconciliation_findings WHERE pass_id IS NULL")
    op.execute("ALTER TABLE reconciliation_findings ALTER COLUMN pass_id SET NOT NULL")
