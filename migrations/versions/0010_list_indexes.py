"""Give every view of a list an index that has its rows in order.

Open executions are listed by status, longest without progress first; ended ones by status, latest first. Few rows
have a health other than ok, or a cause, so the indexes on these stay small.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN = "status IN ('pending', 'running')"

STATEMENTS = (
    "DROP INDEX ix_workflow_executions_open_progress",
    f"""
    CREATE INDEX ix_workflow_executions_open_progress
        ON workflow_executions (status, last_progress_at, id)
        WHERE {OPEN}
    """,
    f"""
    CREATE INDEX ix_workflow_executions_open_health
        ON workflow_executions (status, health, last_progress_at, id)
        WHERE {OPEN} AND health <> 'ok'
    """,
    f"""
    CREATE INDEX ix_workflow_executions_open_cause
        ON workflow_executions (status, cause, last_progress_at, id)
        WHERE {OPEN} AND cause IS NOT NULL
    """,
    f"""
    CREATE INDEX ix_workflow_executions_open_cause_detail
        ON workflow_executions USING gin (cause_detail gin_trgm_ops)
        WHERE {OPEN} AND cause_detail IS NOT NULL
    """,
    """
    CREATE INDEX ix_workflow_executions_health
        ON workflow_executions (health, created_at DESC, id DESC)
        WHERE health <> 'ok'
    """,
    """
    CREATE INDEX ix_workflow_executions_cause
        ON workflow_executions (cause, created_at DESC, id DESC)
        WHERE cause IS NOT NULL
    """,
    "DROP INDEX ix_workflow_executions_completed",
    """
    CREATE INDEX ix_workflow_executions_completed
        ON workflow_executions (status, completed_at DESC, id DESC)
        WHERE completed_at IS NOT NULL
    """,
    "DROP INDEX ix_workflow_executions_entity",
    """
    CREATE INDEX ix_workflow_executions_entity
        ON workflow_executions (entity_id, created_at DESC, id DESC)
        INCLUDE (status, workflow_type)
    """,
    "CREATE INDEX ix_tenants_slug_prefix ON tenants (slug text_pattern_ops)",
)

STATEMENTS_BACK = (
    "DROP INDEX ix_tenants_slug_prefix",
    "DROP INDEX ix_workflow_executions_entity",
    """
    CREATE INDEX ix_workflow_executions_entity
        ON workflow_executions (entity_id, created_at DESC, id DESC)
    """,
    "DROP INDEX ix_workflow_executions_completed",
    """
    CREATE INDEX ix_workflow_executions_completed
        ON workflow_executions (completed_at DESC, id DESC)
        WHERE completed_at IS NOT NULL
    """,
    "DROP INDEX ix_workflow_executions_cause",
    "DROP INDEX ix_workflow_executions_health",
    "DROP INDEX ix_workflow_executions_open_cause_detail",
    "DROP INDEX ix_workflow_executions_open_cause",
    "DROP INDEX ix_workflow_executions_open_health",
    "DROP INDEX ix_workflow_executions_open_progress",
    f"""
    CREATE INDEX ix_workflow_executions_open_progress
        ON workflow_executions (last_progress_at, id)
        WHERE {OPEN}
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in STATEMENTS_BACK:
        op.execute(statement)
