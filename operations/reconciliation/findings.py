"""Writes what passes found. A finding is one open row per kind and workflow id, until it is no longer so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.error_texts import clean
from operations.models.metadata import JsonObject
from operations.reconciliation.decisions import Row
from operations.reconciliation.observations import Closing
from operations.statuses import FindingKind
from operations.temporal import Run

ACTOR = "system:reconciliation"
NOT_SO = "No longer so."


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One difference, as a pass saw it."""

    kind: FindingKind
    workflow_id: str
    database_said: JsonObject
    temporal_said: JsonObject
    execution_id: UUID | None = None
    tenant_id: UUID | None = None
    run_id: str | None = None
    done: str | None = None
    is_settled: bool = False  #: nothing is left to do about it


async def write(connection: AsyncConnection, pass_id: UUID, finding: Finding) -> None:
    """Keep a finding, or see it again; part of the transaction that did what it says."""
    parameters = {
        "pass": pass_id,
        "kind": finding.kind.value,
        "execution": finding.execution_id,
        "tenant": finding.tenant_id,
        "workflow": clean(finding.workflow_id),
        "run": finding.run_id,
        "database": _json(finding.database_said),
        "temporal": _json(finding.temporal_said),
        "done": clean(finding.done),
    }
    if not finding.is_settled:
        await connection.execute(SEE, parameters)
        return
    parameters["actor"] = ACTOR
    if not (await connection.execute(SETTLE_OPEN, parameters)).rowcount:
        await connection.execute(ADD_SETTLED, parameters)


async def resolve_unseen(connection: AsyncConnection, since: datetime, except_for: Sequence[str]) -> None:
    """What a whole round did not see again is no longer so; what needs a person's word waits for it."""
    await connection.execute(
        RESOLVE_UNSEEN, {"since": since, "unknown": list(map(clean, except_for)), "actor": ACTOR, "done": NOT_SO}
    )


def row_said(row: Row) -> JsonObject:
    return {"status": row.status, "close_reason": row.close_reason, "run_id": row.run_id}


def run_said(run: Run | None, closing: Closing | None = None) -> JsonObject:
    if run is None:
        return {"status": None}
    said: JsonObject = {
        "status": run.status,
        "run_id": run.run_id,
        "operation_uuid": run.execution_id,
        "started_at": run.started_at.isoformat(),
        "closed_at": None if run.closed_at is None else run.closed_at.isoformat(),
    }
    if closing is not None:
        said |= {"by": clean(closing.by), "reason": clean(closing.reason), "error": clean(closing.error)}
    return said


def _json(value: JsonObject) -> str:
    said = {name: clean(each) if isinstance(each, str) else each for name, each in value.items()}
    return json.dumps({name: each for name, each in said.items() if each is not None})


_VALUES = """
    VALUES (:pass, :kind, :execution, :tenant, :workflow, :run,
            CAST(:database AS jsonb), CAST(:temporal AS jsonb), :done
"""
_COLUMNS = "(pass_id, kind, execution_id, tenant_id, workflow_id, run_id, database_said, temporal_said, done"

SEE = text(
    f"""
    INSERT INTO reconciliation_findings {_COLUMNS}) {_VALUES})
    ON CONFLICT (kind, workflow_id) WHERE resolved_at IS NULL DO UPDATE SET
        last_seen_at = clock_timestamp(), execution_id = excluded.execution_id, tenant_id = excluded.tenant_id,
        run_id = excluded.run_id, database_said = excluded.database_said, temporal_said = excluded.temporal_said,
        done = excluded.done,
        ignored_at = CASE WHEN reconciliation_findings.run_id IS NOT DISTINCT FROM excluded.run_id
                          THEN reconciliation_findings.ignored_at END
    """
)
SETTLE_OPEN = text(
    """
    UPDATE reconciliation_findings SET
        last_seen_at = clock_timestamp(), run_id = :run, database_said = CAST(:database AS jsonb),
        temporal_said = CAST(:temporal AS jsonb), done = :done, execution_id = :execution, tenant_id = :tenant,
        resolved_at = clock_timestamp(), resolved_by = :actor
    WHERE kind = :kind AND workflow_id = :workflow AND resolved_at IS NULL
    """
)
ADD_SETTLED = text(
    f"""
    INSERT INTO reconciliation_findings {_COLUMNS}, resolved_at, resolved_by) {_VALUES}, clock_timestamp(), :actor)
    """
)
RESOLVE_UNSEEN = text(
    """
    UPDATE reconciliation_findings
    SET resolved_at = clock_timestamp(), resolved_by = :actor, done = coalesce(done || ' ', '') || :done
    WHERE resolved_at IS NULL AND last_seen_at < :since AND kind NOT IN ('tenant_active', 'intruder')
      AND workflow_id <> ALL(:unknown)
    """
)
