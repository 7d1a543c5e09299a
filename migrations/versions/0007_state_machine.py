"""Guard the status of executions and write their history, whoever changes them.

`tenantry.actor` and `tenantry.reason` (transaction-local settings) name who changed a row and why; without
them the database role stands in. A final status is left only under `tenantry.correction = 'on'`, which
reconciliation alone sets, and such a change is kept as `corrected`.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE FUNCTION guard_execution() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        corrects boolean := coalesce(current_setting('tenantry.correction', true), '') = 'on';
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status <> 'pending' AND NOT corrects THEN
                RAISE EXCEPTION 'execution % must begin as pending, not %', NEW.workflow_id, NEW.status
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'state_machine';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.id <> OLD.id OR NEW.workflow_id <> OLD.workflow_id THEN
            RAISE EXCEPTION 'the id of execution % cannot change', OLD.workflow_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'state_machine';
        END IF;
        IF NEW.status <> OLD.status AND NOT corrects AND (OLD.status, NEW.status) NOT IN (
            ('pending', 'running'), ('pending', 'completed'), ('pending', 'failed'),
            ('running', 'completed'), ('running', 'failed')
        ) THEN
            RAISE EXCEPTION 'execution % cannot go from % to %', OLD.workflow_id, OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'state_machine';
        END IF;
        NEW.updated_at := clock_timestamp();
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON workflow_executions
    FOR EACH ROW EXECUTE FUNCTION guard_execution()
    """,
    """
    CREATE FUNCTION acting_name() RETURNS text LANGUAGE sql STABLE AS $$
        SELECT coalesce(nullif(current_setting('tenantry.actor', true), ''), 'database:' || session_user)
    $$
    """,
    """
    CREATE FUNCTION acting_reason() RETURNS text LANGUAGE sql STABLE AS $$
        SELECT nullif(current_setting('tenantry.reason', true), '')
    $$
    """,
    """
    CREATE FUNCTION record_created() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.execution_events (execution_id, kind, to_status, actor, reason)
        SELECT id, 'created', status, public.acting_name(), public.acting_reason() FROM after_rows;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION record_status() RETURNS trigger LANGUAGE plpgsql AS $$
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
    """,
    """
    CREATE TRIGGER record_created AFTER INSERT ON workflow_executions
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION record_created()
    """,
    """
    CREATE TRIGGER record_status AFTER UPDATE ON workflow_executions
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_status()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for trigger in ("record_status", "record_created", "guard"):
        op.execute(f"DROP TRIGGER {trigger} ON workflow_executions")
    op.execute("DROP FUNCTION record_status(), record_created(), acting_reason(), acting_name(), guard_execution()")
