"""Rows for tests, written by plain SQL: what the tests are about is how the product deals with them."""

import json
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from operations import tenant_kinds
from operations.statuses import CloseReason, Plan, Status, TenantStatus

INSERT_TENANT = """
    INSERT INTO tenants (id, slug, name, plan, status, registered_by) VALUES (%s, %s, %s, %s, %s, 'test')
"""
INSERT_EXECUTION = """
    INSERT INTO workflow_executions
           (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by, attempt)
    VALUES (%s, %s, %s, 'tenant', %s, %s, %s, 'test', %s)
"""
#: Every way from `pending` to a status, step by step.
PATHS = {
    Status.PENDING: (),
    Status.RUNNING: (Status.RUNNING,),
    Status.COMPLETED: (Status.RUNNING, Status.COMPLETED),
    Status.FAILED: (Status.RUNNING, Status.FAILED),
}
UPDATE_STATUS = """
    UPDATE workflow_executions SET status = %(status)s,
           started_at = CASE WHEN %(status)s = 'running' THEN clock_timestamp() ELSE started_at END,
           completed_at = CASE WHEN %(final)s THEN clock_timestamp() END,
           close_reason = %(close_reason)s
    WHERE id = %(id)s
"""


async def add_tenant(
    connection: AsyncConnection,
    *,
    slug: str | None = None,
    name: str | None = None,
    status: TenantStatus = TenantStatus.PROVISIONING,
) -> UUID:
    id_ = uuid4()
    slug = slug or f"tenant-{id_.hex[:12]}"
    await connection.execute(INSERT_TENANT, (id_, slug, name or slug.capitalize(), Plan.STARTER, status))
    return id_


async def add_owner(connection: AsyncConnection, tenant_id: UUID, *, email: str = "ada@acme.example") -> UUID:
    id_ = uuid4()
    await connection.execute("INSERT INTO users (id, email, name) VALUES (%s, %s, 'Ada')", (id_, email))
    await connection.execute(
        "INSERT INTO memberships (tenant_id, user_id, role) VALUES (%s, %s, 'owner')", (tenant_id, id_)
    )
    return id_


async def add_execution(
    connection: AsyncConnection,
    *,
    status: Status = Status.PENDING,
    workflow_type: str = tenant_kinds.PROVISIONING.stored_name,
    entity_id: UUID | None = None,
    task_queue: str = "test",
    arguments: tuple[object, ...] = (),
    attempt: int = 1,
    close_reason: CloseReason = CloseReason.ERROR,
) -> UUID:
    """An execution that went the usual way to `status`; `close_reason` is that of a failed one."""
    id_ = uuid4()
    await connection.execute(
        INSERT_EXECUTION,
        (
            id_,
            f"test-{id_}",
            workflow_type,
            entity_id or uuid4(),
            task_queue,
            json.dumps({"arguments": arguments}),
            attempt,
        ),
    )
    for step in PATHS[status]:
        await set_status(connection, id_, step, close_reason=close_reason)
    return id_


async def set_status(
    connection: AsyncConnection,
    execution_id: UUID,
    status: Status,
    *,
    close_reason: CloseReason = CloseReason.ERROR,
) -> None:
    """Write a status as somebody with psql would, with the columns that its constraints ask for."""
    await connection.execute(
        UPDATE_STATUS,
        {
            "id": execution_id,
            "status": status.value,
            "final": status.is_final,
            "close_reason": close_reason.value if status is Status.FAILED else None,
        },
    )


async def add_start_command(connection: AsyncConnection, execution_id: UUID) -> UUID:
    id_ = uuid4()
    await connection.execute(
        "INSERT INTO commands (id, kind, execution_id, requested_by) VALUES (%s, 'start', %s, 'test')",
        (id_, execution_id),
    )
    return id_
