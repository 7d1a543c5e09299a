"""REST: the workers, their builds and what runs on them."""

from dataclasses import dataclass

from fastapi import APIRouter

from operations.deployments import Build
from operations.queries.workforce import WorkforceQueries
from operations.queries.workforce_views import PatchView, PollerView, RowsOfBuild, ScheduleView, WorkerView


@dataclass(frozen=True, kw_only=True)
class WorkforceAnswer:
    """Workers by their heartbeats, and all that is known of their code."""

    items: tuple[WorkerView, ...]
    has_worker: bool | None  #: null: nobody can tell yet, as Temporal has only just begun to answer
    pollers: tuple[PollerView, ...]
    builds: tuple[Build, ...]
    rows: tuple[RowsOfBuild, ...]
    patches: tuple[PatchView, ...]
    schedules: tuple[ScheduleView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkforceRoutes:
    """For everyone who is logged in."""

    reads: WorkforceQueries

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/workers", tags=["workers"])
        router.add_api_route("", self.now, methods=["GET"], response_model=WorkforceAnswer)
        return router

    async def now(self) -> WorkforceAnswer:
        """List the workers of this installation, builds and patches with their runs in flight, and schedules."""
        found = await self.reads.now()
        return WorkforceAnswer(
            items=found.workers,
            has_worker=found.has_worker,
            pollers=found.pollers,
            builds=found.builds,
            rows=found.rows,
            patches=found.patches,
            schedules=found.schedules,
        )
