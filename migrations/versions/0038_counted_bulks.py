"""Keep with each row of a bulk operation what became of it, once time brings no other, and then its numbers."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

ADD_COLUMNS = """
    ALTER TABLE bulk_rows
        ADD COLUMN result TEXT,
        ADD CONSTRAINT ck_bulk_rows_result CHECK (result IN ('moved_on', 'went_on', 'failed_again', 'failed_otherwise',
            'not_in_time', 'ended', 'decided', 'failed', 'skipped')),
        ADD CONSTRAINT ck_bulk_rows_known CHECK (result IS NULL OR settled_at IS NOT NULL)
"""

INDEXES = (
    "CREATE INDEX ix_bulk_rows_unknown ON bulk_rows (bulk_id, ordinal) WHERE result IS NULL AND settled_at IS NOT NULL",
    "CREATE INDEX ix_bulk_operations_uncounted ON bulk_operations (created_at) WHERE counted IS NULL",
)


def upgrade() -> None:
    op.execute(ADD_COLUMNS)
    op.execute("ALTER TABLE bulk_operations ADD COLUMN counted JSONB")
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX ix_bulk_operations_uncounted")
    op.execute("DROP INDEX ix_bulk_rows_unknown")
    op.execute("ALTER TABLE bulk_operations DROP COLUMN counted")
    op.execute("ALTER TABLE bulk_rows DROP COLUMN result")
