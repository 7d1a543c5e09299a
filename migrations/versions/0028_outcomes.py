"""Keep what became of a retry: that it was accepted is not that it helped."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

OUTCOMES = "'moved_on', 'failed_again', 'failed_otherwise', 'not_in_time', 'not_done'"


def upgrade() -> None:
    op.execute(
        f"""
        ALTER TABLE commands
            ADD COLUMN watched_until TIMESTAMP WITH TIME ZONE,
            ADD COLUMN outcome TEXT,
            ADD COLUMN outcome_at TIMESTAMP WITH TIME ZONE,
            ADD CONSTRAINT ck_commands_outcome CHECK (outcome IN ({OUTCOMES})),
            ADD CONSTRAINT ck_commands_outcome_at CHECK ((outcome IS NULL) = (outcome_at IS NULL))
        """
    )
    op.execute(
        """
        CREATE INDEX ix_commands_watched ON commands (watched_until)
        WHERE watched_until IS NOT NULL AND outcome IS NULL
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_commands_watched")
    op.execute("ALTER TABLE commands DROP COLUMN outcome_at, DROP COLUMN outcome, DROP COLUMN watched_until")
