"""Mark commands that wait because Temporal did not answer: they are due at once when it is back.

Filled by whoever tries one next: until then it waits as long as it had to before.
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE commands ADD COLUMN is_unanswered BOOLEAN DEFAULT false NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE commands DROP COLUMN is_unanswered")
