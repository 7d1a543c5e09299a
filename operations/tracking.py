"""The only writer of an execution's status: moves it, corrects it, adopts a run.

Every transition is one guarded UPDATE: it names the statuses it may follow, so of two concurrent or reordered
writes one wins and the other changes nothing. A trigger of the database refuses what the state machine forbids
and writes the history row, whoever asks.
"""

from collections.abc import Sequence
from uuid import UUID

import psycopg
from prometheus_client import Counter
from sqlalchemy import func, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from operations import consequences
from operations.diagnosis import storing
from operations.error_texts import clean
from operations.models import Execution
from operations.statuses import Status, predecessors
from operations.transitions import Adoption, Correction, Transition

late_writes = Counter("tenantry_late_status_writes_total", "Status writes that came too late and changed nothing")


async def move(connection: AsyncConnection, transition: Transition) -> bool:
    """Apply a transition and its consequence for the tenant; False when the row had moved on already.

    A late or repeated write is counted and otherwise ignored: bookkeeping must not change the outcome of a run.
    """
    signed = () if transition.error is None else await storing.names_of(connection, transition.execution_id)
    values = _move_values(transition, signed)
    row = (await connection.execute(_MOVE, values)).one_or_none()
    if row is None:
        late_writes.inc(not await connection.scalar(_IS_SAID, values))
        return False
    if transition.to is Status.FAILED:
        await consequences.failed(connection, transition.execution_id, row.workflow_type, row.entity_id)
        await consequences.supersede(connection, row.workflow_type, row.entity_id)
    elif transition.to is Status.COMPLETED and row.has_loose_ends:
        await consequences.completed(connection, transition.execution_id)
    return True


async def move_free(connection: psycopg.AsyncConnection, moves: Sequence[Transition]) -> set[UUID]:
    """`move` to running or completed for several executions, as one actor saw them, in one statement that never waits.

    Returns those for which nothing is left to do. The others need `move`: somebody holds the row, or the end has
    consequences.
    """
    values = {
        "ids": [each.execution_id for each in moves],
        "statuses": [each.to.value for each in moves],
        "run_ids": [each.run_id for each in moves],
        "workflow_ids": [each.workflow_id for each in moves],
        "actor": moves[0].actor,
    }
    rows = await (await connection.execute(_MOVE_FREE, values)).fetchall()
    late_writes.inc(sum(is_late for _, is_late in rows))
    return {id_ for id_, _ in rows}


async def correct(connection: AsyncConnection, correction: Correction) -> bool:
    """Make a row say what Temporal says, from any status; False when status or run are not those read before.

    For reconciliation alone: only here a final status is left, under the marker that the trigger asks for.
    """
    await act_as(connection, correction.actor, correction.reason)
    await connection.execute(_MARK, {"on": "on" if correction.from_status.is_final else ""})
    names = () if correction.error is None else await storing.names_of(connection, correction.execution_id)
    row = (await connection.execute(_correcting_update(correction, names))).one_or_none()
    await connection.execute(_MARK, {"on": ""})
    if row is None:
        late_writes.inc()
        return False
    if correction.to is Status.RUNNING and correction.from_status is Status.FAILED:
        await consequences.reopened(connection, row.workflow_type, row.entity_id)
    elif correction.to is Status.FAILED:
        await consequences.failed(connection, correction.execution_id, row.workflow_type, row.entity_id)
    elif correction.to is Status.COMPLETED:
        await consequences.completed(connection, correction.execution_id)
    await consequences.supersede(connection, row.workflow_type, row.entity_id)
    return True


async def adopt(connection: AsyncConnection, adoption: Adoption) -> None:
    """Make the row of a run that goes on without one; raises `IntegrityError` when there is a row or another one open.

    A row that begins as running stands under the marker, too: all others begin as pending.
    """
    await act_as(connection, adoption.actor, adoption.reason)
    await connection.execute(_MARK, {"on": "on"})
    inserted = await connection.execute(
        insert(Execution)
        .values(
            id=adoption.execution_id,
            workflow_id=adoption.workflow_id,
            workflow_type=adoption.workflow_type,
            lane=adoption.lane,
            entity_type=adoption.entity_type,
            entity_id=adoption.entity_id,
            status=Status.RUNNING,
            attempt=adoption.attempt,
            run_id=adoption.run_id,
            task_queue=adoption.task_queue,
            input={"arguments": list(adoption.arguments)},
            requested_by=adoption.actor,
            started_at=adoption.started_at,
        )
        .returning(Execution.workflow_type, Execution.entity_id)
    )
    await connection.execute(_MARK, {"on": ""})
    row = inserted.one()
    await consequences.reopened(connection, row.workflow_type, row.entity_id)
    await consequences.supersede(connection, row.workflow_type, row.entity_id)


# A constant, as it is the statement that runs most. Actor and reason are named in the same round trip: the trigger that
# writes the history fires after the statement.
_MOVE = text(
    """
    UPDATE workflow_executions SET
        status = :to,
        last_progress_at = clock_timestamp(),
        run_id = coalesce(CAST(:run_id AS text), run_id),
        started_at = CASE WHEN :is_final THEN started_at ELSE coalesce(CAST(:at AS timestamptz), clock_timestamp()) END,
        completed_at = CASE WHEN NOT :is_final THEN completed_at
                            ELSE greatest(coalesce(CAST(:at AS timestamptz), clock_timestamp()), started_at) END,
        close_reason = CASE WHEN :is_final THEN CAST(:close_reason AS text) ELSE close_reason END,
        error_message = CASE WHEN :is_final THEN CAST(:error AS text) ELSE error_message END,
        verified_at = CASE WHEN NOT :is_final THEN verified_at WHEN :verified THEN clock_timestamp() END,
        $diagnosis
    WHERE id = :id AND status = ANY(:from)
      AND (NOT :own_run_only OR run_id IS NULL OR run_id = CAST(:run_id AS text))
      AND workflow_id = coalesce(CAST(:workflow_id AS text), workflow_id)
      AND set_config('tenantry.actor', :actor, true) IS NOT NULL
      AND set_config('tenantry.reason', :reason, true) IS NOT NULL
    RETURNING workflow_type, entity_id, steps_done < steps_total OR EXISTS (
        SELECT FROM execution_steps s WHERE s.execution_id = :id AND s.status IN ('running', 'retrying')
    ) AS has_loose_ends
    """.replace("$diagnosis", storing.OF_MOVE)
)

# What the row says already, by whomever it was written first: of the same run, that it runs or ran, or how it ended.
_IS_SAID = text(
    """
    SELECT status = :to AND coalesce(run_id = CAST(:run_id AS text), true)
           OR :to = 'running' AND coalesce(run_id = CAST(:run_id AS text), false)
    FROM workflow_executions WHERE id = :id
    """
)

# A late write finds its row, and leaves it as it is.
_MOVE_FREE = """
    WITH free AS (
        SELECT e.id, given.status, given.run_id,
               (e.status = 'pending' OR e.status = 'running' AND given.status = 'completed')
               AND coalesce(e.run_id = given.run_id, true) AS is_news,
               e.status = given.status AND coalesce(e.run_id = given.run_id, true)
               OR given.status = 'running' AND coalesce(e.run_id = given.run_id, false) AS is_said
        FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(run_ids)s::text[], %(workflow_ids)s::text[])
             AS given(id, status, run_id, workflow_id)
        JOIN workflow_executions e ON e.id = given.id AND e.workflow_id = coalesce(given.workflow_id, e.workflow_id)
        WHERE given.status = 'running' OR coalesce(e.steps_done >= e.steps_total, true) AND NOT EXISTS (
            SELECT FROM execution_steps s WHERE s.execution_id = e.id AND s.status IN ('running', 'retrying'))
        FOR NO KEY UPDATE OF e SKIP LOCKED
    ), moved AS (
        UPDATE workflow_executions e SET
            status = free.status,
            last_progress_at = clock_timestamp(),
            run_id = free.run_id,
            started_at = CASE WHEN free.status = 'running' THEN clock_timestamp() ELSE e.started_at END,
            completed_at = CASE WHEN free.status = 'completed' THEN greatest(clock_timestamp(), e.started_at) END,
            $diagnosis
        FROM free
        WHERE e.id = free.id AND free.is_news
          AND set_config('tenantry.actor', %(actor)s, true) IS NOT NULL
          AND set_config('tenantry.reason', '', true) IS NOT NULL
    )
    SELECT id, NOT is_news AND NOT is_said FROM free
    """.replace("$diagnosis", storing.OF_FREE_MOVE).encode()

_MARK = text("SELECT set_config('tenantry.correction', :on, true)")


async def act_as(connection: AsyncConnection, actor: str, reason: str | None = None) -> None:
    """Name the actor and the reason that the triggers write into the history, until the transaction ends."""
    await connection.execute(_ACT_AS, {"actor": actor, "reason": clean(reason) or ""})


_ACT_AS = text("SELECT set_config('tenantry.actor', :actor, true), set_config('tenantry.reason', :reason, true)")


def _move_values(transition: Transition, names: Sequence[str]) -> dict[str, object]:
    error = clean(transition.error)
    answer = storing.of_end(transition.to, transition.close_reason, error, names)
    return {
        "id": transition.execution_id,
        "to": transition.to.value,
        "from": sorted(predecessors(transition.to)),
        "is_final": transition.to.is_final,
        "run_id": transition.run_id,
        "own_run_only": transition.own_run_only,
        "workflow_id": transition.workflow_id,
        "at": transition.at,
        "close_reason": None if transition.close_reason is None else transition.close_reason.value,
        "error": error,
        "cause": None if answer.cause is None else answer.cause.value,
        "signature": answer.signature,
        "verified": transition.verified,
        "actor": transition.actor,
        "reason": clean(transition.reason) or "",
    }


def _correcting_update(correction: Correction, names: Sequence[str]) -> ReturningUpdate[str, UUID]:
    error = clean(correction.error)
    answer = storing.of_end(correction.to, correction.close_reason, error, names)
    began = func.coalesce(Execution.started_at, correction.started_at)
    values: dict[str, object] = {
        "status": correction.to,
        "run_id": correction.run_id,
        "started_at": began,
        "completed_at": None,
        "close_reason": correction.close_reason,
        "error_message": error,
        "verified_at": None,
        "last_progress_at": func.clock_timestamp(),
        "cause": None if answer.cause is None else answer.cause.value,
        "signature": answer.signature,
        "health": answer.health,
        **dict.fromkeys(("cause_detail", "evidence", "health_since", "cause_since")),
    }
    if correction.to.is_final:
        closed = func.clock_timestamp() if correction.closed_at is None else correction.closed_at
        values |= {"completed_at": func.greatest(closed, began), "verified_at": func.clock_timestamp()}
    return (
        update(Execution)
        .where(
            Execution.id == correction.execution_id,
            Execution.status == correction.from_status,
            Execution.run_id.is_not_distinct_from(correction.from_run_id),
        )
        .values(values)
        .returning(Execution.workflow_type, Execution.entity_id)
    )
