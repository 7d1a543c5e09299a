"""Keep each row of a bulk operation with its result, how the whole stands, and tell live pages of both."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

ADD_COLUMNS = """
    ALTER TABLE bulk_operations
        ADD COLUMN state TEXT DEFAULT 'running' NOT NULL,
        ADD COLUMN role TEXT DEFAULT 'viewer' NOT NULL,
        ADD COLUMN staff_id UUID,
        ADD COLUMN released_by TEXT,
        ADD COLUMN first_alone BOOLEAN DEFAULT false NOT NULL,
        ADD COLUMN canary_id UUID,
        ADD COLUMN next_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ADD CONSTRAINT ck_bulk_operations_state
            CHECK (state IN ('proposed', 'running', 'paused', 'stopped', 'finished')),
        ADD CONSTRAINT fk_bulk_operations_staff_id FOREIGN KEY (staff_id) REFERENCES staff (id)
"""

CREATE_TABLE = """
    CREATE TABLE bulk_rows (
        bulk_id UUID NOT NULL,
        ordinal INTEGER NOT NULL,
        execution_id UUID NOT NULL,
        state TEXT DEFAULT 'left' NOT NULL,
        retry_kind TEXT,
        seen_run_id TEXT,
        command_id UUID,
        successor_id UUID,
        why TEXT,
        settled_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_bulk_rows PRIMARY KEY (bulk_id, ordinal),
        CONSTRAINT uq_bulk_rows_bulk_id_execution_id UNIQUE (bulk_id, execution_id),
        CONSTRAINT fk_bulk_rows_bulk_id
            FOREIGN KEY (bulk_id) REFERENCES bulk_operations (id) ON DELETE CASCADE,
        CONSTRAINT ck_bulk_rows_state CHECK (state IN ('left', 'sent', 'done', 'failed', 'skipped')),
        CONSTRAINT ck_bulk_rows_settled CHECK ((state IN ('left', 'sent')) = (settled_at IS NULL)),
        CONSTRAINT ck_bulk_rows_why CHECK (state NOT IN ('failed', 'skipped') OR why IS NOT NULL)
    ) WITH (fillfactor = 70)
"""

INDEXES = (
    "CREATE INDEX ix_bulk_operations_created ON bulk_operations (created_at DESC, id DESC)",
    "CREATE INDEX ix_bulk_operations_open ON bulk_operations (next_at) WHERE finished_at IS NULL",
    "CREATE INDEX ix_bulk_rows_left ON bulk_rows (bulk_id, ordinal) WHERE state = 'left'",
    "CREATE INDEX ix_bulk_rows_sent ON bulk_rows (command_id) WHERE state = 'sent'",
    "CREATE INDEX ix_bulk_rows_execution ON bulk_rows (execution_id)",
    "CREATE INDEX ix_bulk_rows_successor ON bulk_rows (successor_id) WHERE successor_id IS NOT NULL",
)

WATCHED = {"bulk_operations": "id", "bulk_rows": "bulk_id"}

CREATE_FUNCTION = """
    CREATE FUNCTION feed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id) SELECT DISTINCT 'bulk', {column}::text FROM moved;
        RETURN NULL;
    END $$
"""

CREATE_TRIGGER = """
    CREATE TRIGGER feed_{event} AFTER {event} ON {table}
    REFERENCING {which} TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION feed_{table}()
"""


def upgrade() -> None:
    op.execute(ADD_COLUMNS)
    op.execute(CREATE_TABLE)
    for statement in INDEXES:
        op.execute(statement)
    for table, column in WATCHED.items():
        op.execute(CREATE_FUNCTION.format(table=table, column=column))
        for event, which in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
            op.execute(CREATE_TRIGGER.format(table=table, event=event, which=which))


def downgrade() -> None:
    op.execute("DROP TABLE bulk_rows")
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER feed_{event} ON bulk_operations")
    for table in WATCHED:
        op.execute(f"DROP FUNCTION feed_{table}()")
    op.execute("DROP INDEX ix_bulk_operations_open")
    op.execute("DROP INDEX ix_bulk_operations_created")
    op.execute(
        """
        ALTER TABLE bulk_operations
            DROP COLUMN next_at, DROP COLUMN canary_id, DROP COLUMN first_alone, DROP COLUMN released_by,
            DROP COLUMN staff_id, DROP COLUMN role, DROP COLUMN state
        """
    )
