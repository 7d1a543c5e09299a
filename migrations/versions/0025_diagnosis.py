"""Keep what a diagnosis rests on and the signature of its error, and write each change of it into the history.

The history tells of another cause or another health; that a try was one more is no news. Whoever writes them, they are
computed by `operations.diagnosis`, which is therefore the actor.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

FUNCTION = """
    CREATE OR REPLACE FUNCTION record_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.execution_events (execution_id, kind, from_status, to_status, actor, reason, detail)
        SELECT a.id,
               CASE WHEN NOT moved THEN 'diagnosis' WHEN b.status IN ('completed', 'failed') THEN 'corrected'
                    ELSE 'status' END,
               CASE WHEN moved THEN b.status END, CASE WHEN moved THEN a.status END,
               CASE WHEN moved THEN public.acting_name() ELSE 'system:diagnosis' END,
               CASE WHEN moved THEN public.acting_reason() END,
               jsonb_strip_nulls(CASE WHEN moved THEN jsonb_build_object(
                   'run_id', a.run_id, 'close_reason', a.close_reason, 'error', a.error_message)
               ELSE jsonb_build_object('health', a.health, 'cause', a.cause, 'health_before', b.health,
                   'cause_before', b.cause, 'error', a.cause_detail, 'evidence', a.evidence) END)
        FROM after_rows a JOIN before_rows b USING (id),
             LATERAL (SELECT (a.status, a.close_reason) IS DISTINCT FROM (b.status, b.close_reason) AS moved) AS what
        WHERE moved OR (a.health, a.cause) IS DISTINCT FROM (b.health, b.cause);
        RETURN NULL;
    END $$
"""

FORMER = """
    CREATE OR REPLACE FUNCTION record_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.execution_events (execution_id, kind, from_status, to_status, actor, reason, detail)
        SELECT a.id,
               CASE WHEN b.status IN ('completed', 'failed') THEN 'corrected' ELSE 'status' END,
               b.status, a.status, public.acting_name(), public.acting_reason(),
               jsonb_strip_nulls(jsonb_build_object(
                   'run_id', a.run_id, 'close_reason', a.close_reason, 'error', a.error_message))
        FROM after_rows a JOIN before_rows b USING (id)
        WHERE (a.status, a.close_reason) IS DISTINCT FROM (b.status, b.close_reason);
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute("ALTER TABLE workflow_executions ADD COLUMN signature text, ADD COLUMN evidence jsonb")
    op.execute(
        """
        CREATE INDEX ix_workflow_executions_signature
            ON workflow_executions (signature, created_at DESC, id DESC) WHERE signature IS NOT NULL
        """
    )
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute(FORMER)
    op.execute("DROP INDEX ix_workflow_executions_signature")
    op.execute("ALTER TABLE workflow_executions DROP COLUMN evidence, DROP COLUMN signature")
