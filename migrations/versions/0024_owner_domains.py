"""Find tenants by the domain of their owner's e-mail, too.

Made while writing waits, as the index of beginnings was: as long as some hundred thousand short texts take.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""CREATE INDEX ix_users_email_domain ON users ((split_part(lower(email), '@', -1) COLLATE "C"))""")


def downgrade() -> None:
    op.execute("DROP INDEX ix_users_email_domain")
