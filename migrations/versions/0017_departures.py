"""Keep of a tenant that leaves when it is due and what it was before; nothing brings back one whose drop has begun.

What decides about a deletion stands in the tenant's row, whatever the arguments of the run say that carries it out.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATUSES = "'provisioning', 'active', 'failed', 'deprovisioning', 'deleted'"

UPGRADE = (
    """
    ALTER TABLE tenants
        ADD COLUMN due_at timestamptz,
        ADD COLUMN former_status text CONSTRAINT ck_tenants_former_status
            CHECK (former_status IN ('provisioning', 'active', 'failed')),
        DROP CONSTRAINT ck_tenants_status,
        ADD CONSTRAINT ck_tenants_status CHECK (status IN (
            'provisioning', 'active', 'failed', 'deprovisioning', 'dropping', 'deleted'))
    """,
    # Until now both stood in the arguments of the run alone.
    """
    UPDATE tenants t SET
        former_status = e.input -> 'arguments' ->> 1,
        due_at = coalesce(e.started_at, e.created_at) + make_interval(secs => (e.input -> 'arguments' ->> 2)::float8)
    FROM (
        SELECT DISTINCT ON (entity_id) entity_id, input, started_at, created_at FROM workflow_executions
        WHERE workflow_type = 'tenant_deprovisioning' ORDER BY entity_id, attempt DESC
    ) e
    WHERE t.status = 'deprovisioning' AND e.entity_id = t.id
    """,
    """
    CREATE FUNCTION guard_departure() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.status = 'deleted' OR OLD.status = 'dropping' AND NEW.status <> 'deleted' THEN
            RAISE EXCEPTION 'tenant % is %; it cannot become %', OLD.slug, OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'departure';
        END IF;
        IF NEW.status NOT IN ('deprovisioning', 'dropping') THEN
            NEW.due_at := NULL;
            NEW.former_status := NULL;
        ELSIF OLD.status NOT IN ('deprovisioning', 'dropping') THEN
            NEW.former_status := OLD.status;
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER guard_departure BEFORE UPDATE OF status ON tenants FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND (
        OLD.status IN ('deprovisioning', 'dropping', 'deleted') OR NEW.status IN ('deprovisioning', 'dropping')))
    EXECUTE FUNCTION guard_departure()
    """,
)
DOWNGRADE = (
    "DROP TRIGGER guard_departure ON tenants",
    "DROP FUNCTION guard_departure()",
    "UPDATE tenants SET status = 'deprovisioning' WHERE status = 'dropping'",
    f"""
    ALTER TABLE tenants
        DROP CONSTRAINT ck_tenants_status,
        ADD CONSTRAINT ck_tenants_status CHECK (status IN ({STATUSES})),
        DROP COLUMN former_status,
        DROP COLUMN due_at
    """,
)


def upgrade() -> None:
    for statement in UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWNGRADE:
        op.execute(statement)
