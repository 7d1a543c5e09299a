"""What belongs to one execution: its steps, its history, its attempts, the delivery of its start, what it asks."""

from uuid import UUID

from sqlalchemy import and_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import phrases
from operations.deed_facts import Remains
from operations.models import Approval, ApprovalRequest, Command, Execution, ExecutionEvent, ExecutionStep
from operations.queries.approval_views import ApprovalRequestView
from operations.queries.execution_views import AttemptView, EventView, StartView, StepView
from operations.statuses import Decision, Status

MOST = 500  #: steps and events of one execution that are read at once, the latest


async def steps(connection: AsyncConnection, id_: UUID) -> tuple[StepView, ...]:
    """The latest, in their order."""
    statement = (
        select(
            ExecutionStep.ordinal,
            ExecutionStep.name,
            ExecutionStep.status,
            ExecutionStep.attempts,
            ExecutionStep.started_at,
            ExecutionStep.tried_at,
            ExecutionStep.next_try_at,
            ExecutionStep.completed_at,
            ExecutionStep.error,
            ExecutionStep.progress,
            ExecutionStep.reset_at,
        )
        .where(ExecutionStep.execution_id == id_)
        .order_by(ExecutionStep.ordinal.desc())
        .limit(MOST)
    )
    latest = [StepView(**row._mapping) for row in await connection.execute(statement)]  # noqa: SLF001
    return tuple(reversed(latest))


async def number_of_steps(connection: AsyncConnection, id_: UUID) -> int:
    statement = select(func.count()).select_from(ExecutionStep).where(ExecutionStep.execution_id == id_)
    return await connection.scalar(statement) or 0


async def events(connection: AsyncConnection, id_: UUID, *, before: int | None = None) -> tuple[EventView, ...]:
    """The latest in their order; with `before`, the latest of those that came before the event of that number."""
    statement = (
        select(
            ExecutionEvent.seq,
            ExecutionEvent.at,
            ExecutionEvent.kind,
            ExecutionEvent.from_status,
            ExecutionEvent.to_status,
            ExecutionEvent.actor,
            ExecutionEvent.reason,
            ExecutionEvent.detail["error"].astext.label("error"),
            ExecutionEvent.detail["health"].astext.label("health"),
            ExecutionEvent.detail["cause"].astext.label("cause"),
            ExecutionEvent.detail["outcome"].astext.label("outcome"),
        )
        .where(ExecutionEvent.execution_id == id_, *(() if before is None else (ExecutionEvent.seq < before,)))
        .order_by(ExecutionEvent.seq.desc())
        .limit(MOST)
    )
    latest = [EventView(**row._mapping) for row in await connection.execute(statement)]  # noqa: SLF001
    return tuple(reversed(latest))


async def attempts(connection: AsyncConnection, entity_id: UUID, workflow_type: str) -> tuple[AttemptView, ...]:
    statement = (
        select(
            Execution.id,
            Execution.workflow_id,
            Execution.attempt,
            Execution.status,
            Execution.close_reason,
            Execution.created_at,
        )
        .where(Execution.entity_id == entity_id, Execution.workflow_type == workflow_type)
        .order_by(Execution.attempt)
        .limit(100)
    )
    return tuple(AttemptView(**row._mapping) for row in await connection.execute(statement))  # noqa: SLF001


async def remains(connection: AsyncConnection, entity_id: UUID, status: Status) -> Remains | None:
    """Of a tenant's schema, by PostgreSQL's own estimates: nothing of it is read. Of a run that ended well, nothing."""
    if status is Status.COMPLETED:
        return None
    row = (await connection.execute(REMAINS, {"tenant": entity_id})).one_or_none()
    return None if row is None else Remains(schema_name=row.schema_name, tables=row.tables, rows=row.number)


REMAINS = text(
    """
    SELECT t.schema_name, count(c.oid) AS tables, coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint AS number
    FROM tenants t JOIN pg_namespace n ON n.nspname = t.schema_name
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
    WHERE t.id = :tenant GROUP BY t.schema_name
    """
)


async def start(connection: AsyncConnection, id_: UUID) -> StartView | None:
    statement = select(Command.state, Command.tries, Command.due_at.label("next_try_at"), Command.error).where(
        Command.execution_id == id_, Command.kind == "start"
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else StartView(**row._mapping)  # noqa: SLF001


async def approval_request(connection: AsyncConnection, id_: UUID) -> ApprovalRequestView | None:
    is_undecided = ~exists().where(Approval.execution_id == id_)
    statement = (
        select(
            ApprovalRequest.requested_at,
            ApprovalRequest.expires_at,
            and_(Execution.status.in_((Status.PENDING, Status.RUNNING)), is_undecided).label("is_open"),
            select(Approval.decided_at).where(Approval.execution_id == id_).scalar_subquery().label("decided_at"),
        )
        .join(Execution, Execution.id == ApprovalRequest.execution_id)
        .where(ApprovalRequest.execution_id == id_)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else ApprovalRequestView(**row._mapping)  # noqa: SLF001


async def decided(connection: AsyncConnection, id_: UUID) -> str | None:
    """Who decided what, and when, in a sentence."""
    statement = select(Approval.decision, Approval.decided_by, Approval.reason, Approval.decided_at)
    made = (await connection.execute(statement.where(Approval.execution_id == id_))).one_or_none()
    if made is None:
        return None
    return phrases.decided(Decision(made.decision), made.decided_by, made.reason, made.decided_at)
