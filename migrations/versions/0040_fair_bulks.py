"""Find by whom the last turns of bulk operations were had: who waits longest comes next, however many others begin."""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_bulk_operations_person ON bulk_operations (requested_by, next_at DESC)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_bulk_operations_person")
