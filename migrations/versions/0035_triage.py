"""Keep what people have said of executions and of groups: acknowledged, assigned, snoozed.

The feed tells of what was said of an execution as of the execution itself.
"""

from alembic import op

revision = "0035"
down_revision = "0030"
branch_labels = None
depends_on = None

CREATE_TABLE = """
    CREATE TABLE triage (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        execution_id UUID,
        cause TEXT DEFAULT '' NOT NULL,
        signature TEXT DEFAULT '' NOT NULL,
        acknowledged_by TEXT,
        acknowledged_at TIMESTAMP WITH TIME ZONE,
        snoozed_by TEXT,
        snoozed_until TIMESTAMP WITH TIME ZONE,
        assignee_id UUID,
        absent_since TIMESTAMP WITH TIME ZONE,
        ended_at TIMESTAMP WITH TIME ZONE,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_triage PRIMARY KEY (id),
        CONSTRAINT fk_triage_execution_id
            FOREIGN KEY (execution_id) REFERENCES workflow_executions (id) ON DELETE CASCADE,
        CONSTRAINT fk_triage_assignee_id FOREIGN KEY (assignee_id) REFERENCES staff (id) ON DELETE SET NULL,
        CONSTRAINT ck_triage_subject CHECK (execution_id IS NOT NULL OR cause <> ''),
        CONSTRAINT ck_triage_acknowledged CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL)),
        CONSTRAINT ck_triage_snoozed CHECK ((snoozed_by IS NULL) = (snoozed_until IS NULL))
    )
"""

INDEXES = (
    "CREATE UNIQUE INDEX uq_triage_execution ON triage (execution_id) WHERE execution_id IS NOT NULL",
    """
    CREATE UNIQUE INDEX uq_triage_group ON triage (cause, signature)
        WHERE execution_id IS NULL AND ended_at IS NULL
    """,
    "CREATE INDEX ix_triage_assignee ON triage (assignee_id) WHERE assignee_id IS NOT NULL",
    "CREATE INDEX ix_triage_snoozed ON triage (snoozed_until) WHERE snoozed_until IS NOT NULL",
)

CREATE_FUNCTION = """
    CREATE FUNCTION feed_triage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id)
        SELECT DISTINCT CASE WHEN execution_id IS NULL THEN 'triage' ELSE 'execution' END,
               coalesce(execution_id, id)::text
        FROM moved;
        RETURN NULL;
    END $$
"""

CREATE_TRIGGER = """
    CREATE TRIGGER feed_{event} AFTER {event} ON triage
    REFERENCING {which} TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION feed_triage()
"""


def upgrade() -> None:
    op.execute(CREATE_TABLE)
    for index in INDEXES:
        op.execute(index)
    op.execute(CREATE_FUNCTION)
    for event, which in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
        op.execute(CREATE_TRIGGER.format(event=event, which=which))


def downgrade() -> None:
    op.execute("DROP TABLE triage")
    op.execute("DROP FUNCTION feed_triage()")
