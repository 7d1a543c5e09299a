"""For how long steps usually take: what slow and stuck are measured by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.diagnosis.facts import Patience

KEPT = 300.0  #: seconds until they are looked up again
SLOW, STUCK = 3, 5  #: times the p95 of a step's own last successes

Key = tuple[str, str, str]  #: workflow type, step, build


@dataclass(kw_only=True, slots=True)
class Durations:
    """The p95 of each step of each type of workflow and build."""

    settings: Patience  #: with a step of which nothing is known
    _usual: Mapping[Key, timedelta] = field(default_factory=dict)
    _looked_up_at: float | None = None

    def patience(self, workflow_type: str, step: str | None, build: str | None) -> Patience:
        usual = self._usual.get((workflow_type, step or "", build or ""), timedelta(0))
        given = self.settings
        return replace(
            given,
            slow_after=max(given.slow_after, SLOW * usual),
            stuck_after=max(given.stuck_after, STUCK * usual),
        )

    async def look_up(self, connection: AsyncConnection) -> None:
        """Once in a while."""
        if self._looked_up_at is not None and monotonic() - self._looked_up_at < KEPT:
            return
        rows = await connection.execute(USUAL)
        self._usual = {(row.workflow_type, row.name, row.build): row.usual for row in rows}
        self._looked_up_at = monotonic()


# Of the last 200 runs of each type that ended well, by the index of the lists: no index has to be kept for the steps.
USUAL = text(
    """
    WITH RECURSIVE types(workflow_type) AS (
        (SELECT workflow_type FROM workflow_executions WHERE status = 'completed' ORDER BY workflow_type LIMIT 1)
        UNION ALL
        SELECT (SELECT e.workflow_type FROM workflow_executions e
                WHERE e.status = 'completed' AND e.workflow_type > types.workflow_type
                ORDER BY e.workflow_type LIMIT 1)
        FROM types WHERE types.workflow_type IS NOT NULL
    ), latest AS (
        SELECT types.workflow_type, e.id, coalesce(e.build_id, '') AS build
        FROM types CROSS JOIN LATERAL (
            SELECT id, build_id FROM workflow_executions
            WHERE status = 'completed' AND workflow_type = types.workflow_type
            ORDER BY created_at DESC, id DESC LIMIT 200
        ) e
    )
    SELECT latest.workflow_type, s.name, latest.build,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY s.completed_at - s.tried_at) AS usual
    FROM latest JOIN execution_steps s ON s.execution_id = latest.id AND s.status = 'completed'
    GROUP BY latest.workflow_type, s.name, latest.build
    """
)
