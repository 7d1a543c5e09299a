"""Feed the live pages: every change of a watched table appends one narrow row per thing that changed.

The row carries the writer's transaction id (`xid8`), so that a reader can ask exactly for what became
visible since its previous snapshot. NOTIFY is not used: it takes one lock for the whole cluster across
every commit.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: table → (kind in the feed, column that identifies the thing shown)
WATCHED = {
    "tenants": ("tenant", "id"),
    "workflow_executions": ("execution", "id"),
    "execution_steps": ("execution", "execution_id"),
    "approvals": ("execution", "execution_id"),
    "commands": ("command", "execution_id"),
    "reconciliation_passes": ("pass", "id"),
    "reconciliation_findings": ("finding", "id"),
}

CREATE_TABLE = """
    CREATE TABLE changes (
        xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
        seq BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        CONSTRAINT pk_changes PRIMARY KEY (xid, seq)
    ) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1)
"""

CREATE_FUNCTION = """
    CREATE FUNCTION feed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id) SELECT DISTINCT '{kind}', {column}::text FROM moved;
        RETURN NULL;
    END $$
"""

CREATE_TRIGGER = """
    CREATE TRIGGER feed_{event} AFTER {event} ON {table}
    REFERENCING {which} TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION feed_{table}()
"""


def upgrade() -> None:
    op.execute(CREATE_TABLE)
    for table, (kind, column) in WATCHED.items():
        op.execute(CREATE_FUNCTION.format(table=table, kind=kind, column=column))
        for event, which in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
            op.execute(CREATE_TRIGGER.format(table=table, event=event, which=which))


def downgrade() -> None:
    for table in WATCHED:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER feed_{event} ON {table}")
        op.execute(f"DROP FUNCTION feed_{table}()")
    op.execute("DROP TABLE changes")
