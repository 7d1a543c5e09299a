"""Who asked for what a run does, in any of its attempts: where it takes two, none of them may approve it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import kinds
from operations.kinds import Purpose


async def askers(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """Names by execution. Another person's retry takes nobody out: it does what the first attempt was asked for."""
    known = kinds.known()
    values = {
        "ids": list(ids),
        "makes": known.stored_names(Purpose.PROVISION),
        "removes": known.stored_names(Purpose.REMOVE),
    }
    rows = await connection.execute(ASKERS, values)
    return {row.id: frozenset(row.names) for row in rows}


# A tenant is made once, so all its provisionings are attempts at the same; whoever registered it counts also where the
# first row was lost. It can be asked to leave, kept, and asked to leave again: that begins anew, as the audit log says.
ASKERS = text(
    """
    SELECT e.id, ARRAY(
        SELECT o.requested_by FROM workflow_executions o
        WHERE o.entity_id = e.entity_id AND o.workflow_type = e.workflow_type
          AND o.attempt >= coalesce(begun.attempt, 0)
        UNION SELECT e.requested_by
        UNION SELECT t.registered_by FROM tenants t WHERE t.id = e.entity_id AND e.workflow_type = ANY(:makes)
        UNION SELECT begun.actor WHERE begun.actor IS NOT NULL
    ) AS names
    FROM workflow_executions e
    LEFT JOIN LATERAL (
        SELECT l.actor, (
            SELECT f.attempt FROM workflow_executions f WHERE f.id = CAST(l.after ->> 'execution_id' AS uuid)
        ) AS attempt
        FROM audit_log l
        WHERE e.workflow_type = ANY(:removes) AND l.target_kind = 'tenant' AND l.target_id = CAST(e.entity_id AS text)
          AND l.action = 'tenant.deprovision'
        ORDER BY l.seq DESC LIMIT 1
    ) begun ON true
    WHERE e.id = ANY(:ids)
    """
)
