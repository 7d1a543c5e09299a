"""Health for machines: alive, ready, metrics. Open to everyone and silent about details."""

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from operations.database import Database
from operations.errors import DatabaseUnavailable, OperationsError, SchemaBehind
from operations.queries.reconciliation import Reconciliation
from operations.temporal import Temporal


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthRoutes:
    """`/healthz`, `/readyz`, `/metrics`."""

    database: Database
    temporal: Temporal
    reconciliation: Reconciliation
    task_queue: str

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/healthz", self.alive, methods=["GET"])
        router.add_api_route("/readyz", self.ready, methods=["GET"])
        router.add_api_route("/metrics", self.metrics, methods=["GET"])
        return router

    async def alive(self) -> Response:
        """The process answers."""
        return PlainTextResponse("ok")

    async def ready(self) -> Response:
        """503 without the database or its migrations; 200 with what is degraded otherwise."""
        try:
            await self.database.check_schema()
        except (DatabaseUnavailable, SchemaBehind) as error:
            return JSONResponse({"ready": False, "why": error.message}, 503)
        return JSONResponse({"ready": True, "degraded": await self._degraded()})

    async def metrics(self) -> Response:
        return Response(await asyncio.to_thread(generate_latest), media_type=CONTENT_TYPE_LATEST)

    async def _degraded(self) -> list[str]:
        state = await self.reconciliation.state()
        silent = ["reconciler"] if state.is_silent else []
        read_only = ["database_read_only"] if await self.database.is_read_only() else []
        return [*read_only, *await self._degraded_in_temporal(), *silent]

    async def _degraded_in_temporal(self) -> list[str]:
        if not await self.temporal.answers():
            return ["temporal"]
        degraded = []
        try:
            if not await self.temporal.has_search_attribute():
                degraded.append("search_attribute")
            if not await self.temporal.has_worker(self.task_queue):
                degraded.append("worker")
        except OperationsError:
            return ["temporal"]
        return degraded
