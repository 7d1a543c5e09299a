"""Let notes be about groups, which have no tenant, and tell the live pages of them."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

ALTER = """
    ALTER TABLE notes
        ALTER COLUMN tenant_id DROP NOT NULL,
        ADD COLUMN triage_id UUID,
        ADD CONSTRAINT fk_notes_triage_id FOREIGN KEY (triage_id) REFERENCES triage (id) ON DELETE CASCADE,
        ADD CONSTRAINT ck_notes_subject CHECK ((tenant_id IS NULL) <> (triage_id IS NULL))
"""

INDEXES = (
    "CREATE INDEX ix_notes_execution ON notes (execution_id, created_at DESC) WHERE execution_id IS NOT NULL",
    "CREATE INDEX ix_notes_triage ON notes (triage_id, created_at DESC) WHERE triage_id IS NOT NULL",
)

# A note is about its execution, and on the page of its tenant, too.
CREATE_FUNCTION = """
    CREATE FUNCTION feed_notes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id)
        SELECT DISTINCT about.kind, about.id::text
        FROM moved CROSS JOIN LATERAL (
            VALUES ('execution', execution_id), ('tenant', tenant_id), ('triage', triage_id)
        ) AS about (kind, id)
        WHERE about.id IS NOT NULL;
        RETURN NULL;
    END $$
"""

CREATE_TRIGGER = """
    CREATE TRIGGER feed_{event} AFTER {event} ON notes
    REFERENCING {which} TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION feed_notes()
"""


def upgrade() -> None:
    op.execute(ALTER)
    for index in INDEXES:
        op.execute(index)
    op.execute(CREATE_FUNCTION)
    for event, which in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
        op.execute(CREATE_TRIGGER.format(event=event, which=which))


def downgrade() -> None:
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER feed_{event} ON notes")
    op.execute("DROP FUNCTION feed_notes()")
    op.execute("DELETE FROM notes WHERE tenant_id IS NULL")
    op.execute("DROP INDEX ix_notes_execution")
    op.execute("ALTER TABLE notes DROP COLUMN triage_id, ALTER COLUMN tenant_id SET NOT NULL")
