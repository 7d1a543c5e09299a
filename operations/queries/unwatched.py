"""What filters, groups and numbers say while the watcher is silent: of what is open nobody knows the health.

Causes stay those that were known last; so do the groups, as those of one cause still belong together.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import text

from operations.queries.execution_views import ExecutionFilter
from operations.queries.groups import GroupPage, Groups, GroupView, HealthCount, Trouble
from operations.queries.narrowing import FINAL_STATUSES, OPEN_STATUSES
from operations.queries.paging import COUNT_CAP
from operations.statuses import Health

OF_ENDED = frozenset({Health.OK, Health.DRIFT})  #: which no silence changes


def told(wanted: ExecutionFilter) -> ExecutionFilter:
    """For rows that are shown with an unknown health as long as they are open."""
    if not wanted.healths:
        return wanted
    of_ended = wanted.healths & OF_ENDED
    among = (OPEN_STATUSES if Health.UNKNOWN in wanted.healths else frozenset()) | (
        FINAL_STATUSES if of_ended else frozenset()
    )
    statuses = (wanted.statuses or among) & among
    if not statuses:
        return replace(wanted, told_healths=frozenset())
    if statuses <= OPEN_STATUSES:
        return replace(wanted, statuses=statuses, healths=frozenset())
    if statuses <= FINAL_STATUSES:
        return replace(wanted, statuses=statuses, healths=of_ended)
    return replace(wanted, statuses=statuses, healths=frozenset(), told_healths=of_ended | {Health.UNKNOWN})


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupsAsTold(Groups):
    """Reads about trouble that tell no health while nobody looks."""

    is_watched: Callable[[], bool]

    async def list(self, *, cursor: str | None = None, limit: int = 50) -> GroupPage:
        page = await Groups.list(self, cursor=cursor, limit=limit)
        return page if self.is_watched() else replace(page, items=tuple(map(_unknown, page.items)))

    async def one(self, cause: str, signature: str | None) -> GroupView | None:
        group = await Groups.one(self, cause, signature)
        return group if group is None or self.is_watched() else _unknown(group)

    async def trouble(self) -> Trouble:
        known = await Groups.trouble(self)
        if self.is_watched():
            return known
        async with self.database.reading() as connection:
            number = int(await connection.scalar(OPEN, {"most": COUNT_CAP + 1}) or 0)
        return replace(known, healths={Health.UNKNOWN: number} if number else {})

    async def healths(self) -> tuple[HealthCount, ...]:
        if self.is_watched():
            return await Groups.healths(self)
        async with self.database.reading() as connection:
            rows = await connection.execute(CAUSES)
            return tuple(HealthCount(health=Health.UNKNOWN, cause=row.cause, count=row.number) for row in rows)


def _unknown(group: GroupView) -> GroupView:
    return replace(group, health=Health.UNKNOWN, is_mixed=False)


OPEN = text(
    """
    SELECT count(*) FROM (
        SELECT FROM workflow_executions WHERE status IN ('pending', 'running') LIMIT :most
    ) AS open
    """
)
CAUSES = text(
    """
    SELECT coalesce(cause, 'unknown') AS cause, count(*) AS number FROM workflow_executions
    WHERE status IN ('pending', 'running') GROUP BY 1 ORDER BY 1
    """
)
