"""Make history append-only, and give it partitions by month.

`ENABLE ALWAYS` keeps the triggers in force under `session_replication_role = replica`. PostgreSQL does not
hand TRUNCATE triggers down to partitions, so each partition gets its own. The default partition takes what
arrives while no month has been prepared; nothing is ever refused for want of a partition.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% on % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE FUNCTION protect_history(history regclass) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = history AND tgname = 'append_only') THEN
            EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s '
                           'FOR EACH ROW EXECUTE FUNCTION refuse_change()', history);
        END IF;
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', history);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', history);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_truncate', history);
    END $$
    """,
    "SELECT protect_history('execution_events')",
    "SELECT protect_history('audit_log')",
    "CREATE TABLE execution_events_default PARTITION OF execution_events DEFAULT",
    "SELECT protect_history('execution_events_default')",
    """
    CREATE FUNCTION prepare_event_partition(month date) RETURNS boolean LANGUAGE plpgsql
    SET timezone TO 'UTC'  -- months of one time zone, or a session elsewhere makes them overlap
    AS $$
    DECLARE
        starts date := date_trunc('month', month);
        ends date := date_trunc('month', month) + interval '1 month';
        partition text := 'execution_events_' || to_char(month, 'YYYYMM');
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('tenantry:event-partitions', 0));
        IF to_regclass(partition) IS NOT NULL
           OR EXISTS (SELECT FROM execution_events_default WHERE at >= starts AND at < ends) THEN
            RETURN false;
        END IF;
        EXECUTE format('CREATE TABLE %I PARTITION OF execution_events FOR VALUES FROM (%L) TO (%L)',
                       partition, starts::timestamptz, ends::timestamptz);
        PERFORM protect_history(partition::regclass);
        RETURN true;
    END $$
    """,
    """
    SELECT prepare_event_partition((date_trunc('month', now() AT TIME ZONE 'UTC') + ahead * interval '1 month')::date)
    FROM generate_series(0, 3) AS ahead
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION prepare_event_partition(date)")
    op.execute(
        """
        DO $$
        DECLARE partition regclass;
        BEGIN
            FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'execution_events'::regclass LOOP
                EXECUTE format('DROP TABLE %s', partition);
            END LOOP;
        END $$
        """
    )
    for table in ("execution_events", "audit_log"):
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(f"DROP TRIGGER append_only_truncate ON {table}")
    op.execute("DROP FUNCTION protect_history(regclass), refuse_change()")
