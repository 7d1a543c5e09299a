"""Create executions, their steps and their history."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE workflow_executions (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        workflow_id VARCHAR(255) COLLATE "C" NOT NULL,
        workflow_type VARCHAR(100) NOT NULL,
        entity_type VARCHAR(50) NOT NULL,
        entity_id UUID NOT NULL,
        status TEXT DEFAULT 'pending' NOT NULL,
        close_reason TEXT,
        attempt INTEGER DEFAULT 1 NOT NULL,
        retry_of UUID,
        run_id TEXT,
        task_queue TEXT NOT NULL,
        build_id TEXT,
        input JSONB NOT NULL,
        requested_by TEXT NOT NULL,
        error_message TEXT,
        current_step TEXT,
        steps_done INTEGER DEFAULT 0 NOT NULL,
        steps_total INTEGER,
        health TEXT DEFAULT 'ok' NOT NULL,
        cause TEXT,
        cause_detail TEXT,
        health_since TIMESTAMP WITH TIME ZONE,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE,
        completed_at TIMESTAMP WITH TIME ZONE,
        last_progress_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        verified_at TIMESTAMP WITH TIME ZONE,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_workflow_executions PRIMARY KEY (id),
        CONSTRAINT uq_workflow_executions_workflow_id UNIQUE (workflow_id),
        CONSTRAINT fk_workflow_executions_retry_of FOREIGN KEY (retry_of) REFERENCES workflow_executions (id),
        CONSTRAINT ck_workflow_executions_status
            CHECK (status IN ('pending', 'running', 'completed', 'failed')),
        CONSTRAINT ck_workflow_executions_close_reason
            CHECK (close_reason IN (
                'terminated', 'canceled', 'timed_out', 'not_found',
                'start_rejected', 'rejected', 'error')),
        CONSTRAINT ck_workflow_executions_failed CHECK ((status = 'failed') = (close_reason IS NOT NULL)),
        CONSTRAINT ck_workflow_executions_completed
            CHECK ((status IN ('completed', 'failed')) = (completed_at IS NOT NULL)),
        CONSTRAINT ck_workflow_executions_times CHECK (completed_at >= started_at),
        CONSTRAINT ck_workflow_executions_health
            CHECK (health IN ('ok', 'slow', 'stuck', 'drift', 'unknown')),
        CONSTRAINT ck_workflow_executions_attempt CHECK (attempt >= 1)
    ) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)
    """,
    """
    CREATE INDEX ix_workflow_executions_completed
        ON workflow_executions (completed_at DESC, id DESC)
        WHERE completed_at IS NOT NULL
    """,
    "CREATE INDEX ix_workflow_executions_created ON workflow_executions (created_at DESC, id DESC)",
    """
    CREATE INDEX ix_workflow_executions_entity
        ON workflow_executions (entity_id, created_at DESC, id DESC)
    """,
    """
    CREATE INDEX ix_workflow_executions_error
        ON workflow_executions USING gin (error_message gin_trgm_ops)
        WHERE error_message IS NOT NULL
    """,
    """
    CREATE INDEX ix_workflow_executions_error_created
        ON workflow_executions (created_at DESC, id DESC)
        WHERE error_message IS NOT NULL
    """,
    """
    CREATE INDEX ix_workflow_executions_open_created
        ON workflow_executions (created_at DESC, id DESC)
        WHERE status IN ('pending', 'running')
    """,
    """
    CREATE INDEX ix_workflow_executions_open_progress
        ON workflow_executions (last_progress_at, id)
        WHERE status IN ('pending', 'running')
    """,
    "CREATE INDEX ix_workflow_executions_retry_of ON workflow_executions (retry_of)",
    "CREATE INDEX ix_workflow_executions_status ON workflow_executions (status, created_at DESC, id DESC)",
    """
    CREATE INDEX ix_workflow_executions_status_type
        ON workflow_executions (status, workflow_type, created_at DESC, id DESC)
    """,
    """
    CREATE INDEX ix_workflow_executions_type
        ON workflow_executions (workflow_type, created_at DESC, id DESC)
    """,
    """
    CREATE INDEX ix_workflow_executions_unverified
        ON workflow_executions (completed_at)
        WHERE completed_at IS NOT NULL AND verified_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX uq_workflow_executions_open
        ON workflow_executions (entity_id, workflow_type)
        WHERE status IN ('pending', 'running')
    """,
    """
    CREATE TABLE execution_steps (
        execution_id UUID NOT NULL,
        ordinal INTEGER NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        tried_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        next_try_at TIMESTAMP WITH TIME ZONE,
        completed_at TIMESTAMP WITH TIME ZONE,
        error TEXT,
        progress TEXT,
        progressed_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_execution_steps PRIMARY KEY (execution_id, ordinal),
        CONSTRAINT fk_execution_steps_execution_id
            FOREIGN KEY (execution_id) REFERENCES workflow_executions (id) ON DELETE CASCADE,
        CONSTRAINT ck_execution_steps_status
            CHECK (status IN ('running', 'retrying', 'completed', 'failed', 'canceled'))
    ) WITH (fillfactor = 85)
    """,
    """
    CREATE TABLE execution_events (
        seq BIGINT GENERATED ALWAYS AS IDENTITY,
        at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        execution_id UUID NOT NULL,
        kind TEXT NOT NULL,
        from_status TEXT,
        to_status TEXT,
        actor TEXT NOT NULL,
        reason TEXT,
        detail JSONB,
        CONSTRAINT pk_execution_events PRIMARY KEY (seq, at)
    )
     PARTITION BY RANGE (at)
    """,
    "CREATE INDEX ix_execution_events_execution ON execution_events (execution_id, seq)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE execution_events, execution_steps, workflow_executions")
