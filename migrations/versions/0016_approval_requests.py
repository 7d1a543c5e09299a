"""Keep that a run asked for a decision as a fact of its own: the cause of an execution changes with every trouble."""

from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None

CREATE_TABLE = """
    CREATE TABLE approval_requests (
        execution_id UUID NOT NULL,
        requested_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_approval_requests PRIMARY KEY (execution_id),
        CONSTRAINT fk_approval_requests_execution_id
            FOREIGN KEY (execution_id) REFERENCES workflow_executions (id) ON DELETE CASCADE,
        CONSTRAINT ck_approval_requests_expires CHECK (expires_at > requested_at)
    )
"""

# Whoever waits today, by its step or by its cause: the cause may have been overwritten, the step's report lost.
FILL = """
    INSERT INTO approval_requests (execution_id, requested_at, expires_at)
    SELECT e.id, asked.at, asked.at + interval '7 days'
    FROM workflow_executions e
    LEFT JOIN LATERAL (
        SELECT max(s.completed_at) AS completed_at FROM execution_steps s
        WHERE s.execution_id = e.id AND s.name = 'request_approval' AND s.status = 'completed'
    ) step ON true
    CROSS JOIN LATERAL (SELECT coalesce(step.completed_at, e.health_since, e.last_progress_at) AS at) asked
    WHERE e.status IN ('pending', 'running')
      AND (step.completed_at IS NOT NULL OR e.cause = 'awaiting_approval')
      AND NOT EXISTS (SELECT FROM approvals a WHERE a.execution_id = e.id)
"""

CREATE_FUNCTION = """
    CREATE FUNCTION feed_approval_requests() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id) SELECT DISTINCT 'execution', execution_id::text FROM moved;
        RETURN NULL;
    END $$
"""

CREATE_TRIGGER = """
    CREATE TRIGGER feed_{event} AFTER {event} ON approval_requests
    REFERENCING {which} TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION feed_approval_requests()
"""


def upgrade() -> None:
    op.execute(CREATE_TABLE)
    op.execute(FILL)
    op.execute(CREATE_FUNCTION)
    for event, which in (("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")):
        op.execute(CREATE_TRIGGER.format(event=event, which=which))


def downgrade() -> None:
    op.execute("DROP TABLE approval_requests")
    op.execute("DROP FUNCTION feed_approval_requests()")
