"""Remember who watches over executions that stand still, and what the last round was like."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

CREATE_TABLE = """
    CREATE TABLE diagnosis_state (
        id SMALLINT DEFAULT 1 NOT NULL,
        holder TEXT,
        token BIGINT DEFAULT 0 NOT NULL,
        lease_expires_at TIMESTAMP WITH TIME ZONE,
        finished_at TIMESTAMP WITH TIME ZONE,
        still INTEGER DEFAULT 0 NOT NULL,
        asked INTEGER DEFAULT 0 NOT NULL,
        seconds DOUBLE PRECISION DEFAULT 0 NOT NULL,
        CONSTRAINT pk_diagnosis_state PRIMARY KEY (id),
        CONSTRAINT ck_diagnosis_state_one_row CHECK (id = 1)
    )
"""


def upgrade() -> None:
    op.execute(CREATE_TABLE)
    op.execute("INSERT INTO diagnosis_state DEFAULT VALUES")


def downgrade() -> None:
    op.execute("DROP TABLE diagnosis_state")
