"""Tell the feed of a new execution that its tenant changed, too.

Who looks at a tenant or at an earlier attempt cannot know the id of an execution that did not exist. The writers told
of the tenant before, and some forgot.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CREATE_FUNCTION = """
    CREATE FUNCTION feed_new_executions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.changes (kind, id)
        SELECT 'execution', id::text FROM moved UNION SELECT entity_type, entity_id::text FROM moved;
        RETURN NULL;
    END $$
"""

CREATE_TRIGGER = """
    CREATE TRIGGER feed_insert AFTER INSERT ON workflow_executions
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""


def upgrade() -> None:
    op.execute(CREATE_FUNCTION)
    op.execute("DROP TRIGGER feed_insert ON workflow_executions")
    op.execute(CREATE_TRIGGER.format(function="feed_new_executions"))


def downgrade() -> None:
    op.execute("DROP TRIGGER feed_insert ON workflow_executions")
    op.execute(CREATE_TRIGGER.format(function="feed_workflow_executions"))
    op.execute("DROP FUNCTION feed_new_executions()")
