"""How long the steps of a kind take as a rule: what a page marks beside how long one takes now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy import text

from operations.database import Database

KEPT = 300.0  #: seconds until they are looked up again


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    steps: Mapping[str, float]
    at: float


@dataclass(kw_only=True, slots=True)
class UsualDurations:
    """Keep one per process: it remembers what it has read."""

    database: Database
    _known: dict[str, _Known] = field(default_factory=dict)

    async def of_steps(self, workflow_type: str) -> Mapping[str, float]:
        """Seconds of the last try, by name: the median of the last 200 runs that ended well."""
        known = self._known.get(workflow_type)
        if known is None or monotonic() - known.at >= KEPT:
            async with self.database.reading() as connection:
                rows = await connection.execute(MEDIANS, {"type": workflow_type})
                known = _Known(steps={row.name: row.seconds for row in rows}, at=monotonic())
            self._known[workflow_type] = known
        return known.steps


# By the index of the lists; the steps by their primary key.
MEDIANS = text(
    """
    WITH latest AS (
        SELECT id FROM workflow_executions
        WHERE status = 'completed' AND workflow_type = :type
        ORDER BY created_at DESC, id DESC LIMIT 200
    )
    SELECT s.name, (percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM s.completed_at - s.tried_at)))::float8 AS seconds
    FROM latest JOIN execution_steps s ON s.execution_id = latest.id AND s.status = 'completed'
    GROUP BY s.name
    """
)
