"""Findings about strangers, written where they are refused: a pass sees open runs only, and not everything runs."""

import json
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.error_texts import clean
from operations.statuses import FindingKind

MOST_OPEN = 100  #: a stranger who tries a million times is one finding or a hundred, not a million
DONE = "Refused; nothing was changed."


@dataclass(frozen=True, kw_only=True, slots=True)
class Intrusion:
    """An activity that was asked for without right, as Temporal says who asked."""

    activity: str
    activity_id: str
    workflow_id: str | None  #: None of an activity that was started by itself
    workflow_type: str | None
    run_id: str | None
    why: str


async def report(connection: AsyncConnection, intrusion: Intrusion) -> None:
    """One open finding for each workflow, and for each activity that was started by itself."""
    said = {
        "activity": intrusion.activity,
        "activity_id": intrusion.activity_id if intrusion.workflow_id is None else None,
        "workflow_type": intrusion.workflow_type,
        "run_id": intrusion.run_id,
        "refused": clean(intrusion.why),
    }
    await connection.execute(
        REPORT,
        {
            "kind": FindingKind.INTRUDER.value,
            "workflow": clean(intrusion.workflow_id) or f"{intrusion.activity} (without a workflow)",
            "run": intrusion.run_id,
            "said": json.dumps({name: clean(each) for name, each in said.items() if each is not None}),
            "done": DONE,
            "most": MOST_OPEN,
        },
    )


# The tenant and the execution are those that the id belongs to, not those that the stranger names.
REPORT = text(
    """
    INSERT INTO reconciliation_findings (kind, workflow_id, run_id, execution_id, tenant_id,
                                         database_said, temporal_said, done)
    SELECT :kind, named.workflow_id, :run, e.id, e.entity_id,
           jsonb_strip_nulls(
               jsonb_build_object('status', e.status, 'close_reason', e.close_reason, 'run_id', e.run_id)),
           CAST(:said AS jsonb), :done
    FROM (SELECT CAST(:workflow AS text) AS workflow_id) named
    LEFT JOIN workflow_executions e ON e.workflow_id = named.workflow_id
    WHERE (SELECT count(*) FROM reconciliation_findings f WHERE f.kind = :kind AND f.resolved_at IS NULL) < :most
       OR EXISTS (SELECT FROM reconciliation_findings f WHERE f.kind = :kind AND f.resolved_at IS NULL
                  AND f.workflow_id = named.workflow_id)
    ON CONFLICT (kind, workflow_id) WHERE resolved_at IS NULL DO UPDATE SET
        last_seen_at = clock_timestamp(), run_id = excluded.run_id, temporal_said = excluded.temporal_said,
        ignored_at = CASE WHEN reconciliation_findings.run_id IS NOT DISTINCT FROM excluded.run_id
                          THEN reconciliation_findings.ignored_at END
    """
)
