"""REST: how executions are doing as a whole, and open trouble by its cause."""

from dataclasses import dataclass

from fastapi import APIRouter

from console.api.parameters import Limit, Place
from operations.queries.execution_numbers import HourlyThroughput
from operations.queries.executions import ExecutionQueries
from operations.queries.groups import Duration, GroupPage, Groups, HealthCount
from operations.queries.paging import COUNT_CAP


@dataclass(frozen=True, kw_only=True)
class StatusCount:
    """How many executions have a status."""

    status: str
    count: int
    capped: bool  #: there are more than that


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Numbers of the whole installation."""

    statuses: tuple[StatusCount, ...]
    healths: tuple[HealthCount, ...]  #: of open executions that are not simply fine
    throughput: tuple[HourlyThroughput, ...]  #: of the last 24 hours, the running one last
    durations: tuple[Duration, ...]  #: from the request to the end, of the last 200 that ended well


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRoutes:
    """For everyone who is logged in."""

    groups: Groups
    executions: ExecutionQueries

    def router(self) -> APIRouter:
        router = APIRouter(tags=["executions"])
        router.add_api_route("/groups", self.list, methods=["GET"], response_model=GroupPage)
        router.add_api_route("/stats", self.stats, methods=["GET"], response_model=Stats)
        return router

    async def list(self, *, cursor: Place = None, limit: Limit = 50) -> GroupPage:
        """Open trouble by cause and signature: how many, since when, who must act, and one next action."""
        return await self.groups.list(cursor=cursor, limit=limit)

    async def stats(self) -> Stats:
        """Counts by status and by health and cause, rates, durations."""
        counts = (await self.executions.status_counts()).numbers
        return Stats(
            statuses=tuple(
                StatusCount(status=status.value, count=min(number, COUNT_CAP), capped=number > COUNT_CAP)
                for status, number in counts.items()
            ),
            healths=await self.groups.healths(),
            throughput=await self.executions.throughput(),
            durations=await self.groups.durations(),
        )
