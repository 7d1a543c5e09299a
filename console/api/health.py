"""Health for machines: alive, ready, metrics. Open to everyone and silent about details.

Whoever asks gets an answer within two seconds, however slow or busy the rest is, and causes at most one look a second.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from fastapi import APIRouter
from nicegui import background_tasks
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from operations.database import Database
from operations.errors import ConfigurationError, DatabaseUnavailable, OperationsError, SchemaBehind
from operations.liveness import Watch
from operations.queries.reconciliation import ReconciliationQueries
from operations.temporal import Temporal

BUDGET = 2.0  #: seconds until an answer is given, whatever is known by then
FRESH = 1.0  #: seconds for which an answer is given again
AnswerT = TypeVar("AnswerT")


@dataclass(kw_only=True, slots=True)
class Question(Generic[AnswerT]):
    """Asked once for all who want to know; an answer that is late serves those who ask later."""

    ask: Callable[[], Awaitable[AnswerT]]
    _asking: asyncio.Task[AnswerT] | None = None
    _answered_at: float = 0.0

    async def answer(self) -> AnswerT | None:
        """None when there is none within the budget."""
        if self._asking is None or (self._asking.done() and monotonic() - self._answered_at >= FRESH):
            self._asking = background_tasks.create(self._answer(), name="health")
        asking = self._asking
        done, _ = await asyncio.wait({asking}, timeout=BUDGET)
        return asking.result() if done else None

    async def _answer(self) -> AnswerT:
        try:
            return await self.ask()
        finally:
            self._answered_at = monotonic()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the database says."""

    refusal: str | None = None  #: why nothing can be served
    degraded: tuple[str, ...] = ()


class HealthRoutes:
    """`/healthz`, `/readyz`, `/metrics`. `database` is its own: pages may have all connections of theirs in use."""

    def __init__(
        self,
        *,
        database: Database,
        temporal: Temporal,
        reconciliation: ReconciliationQueries,
        watch: Watch,
        is_watched: Callable[[], bool],
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._reconciliation = reconciliation
        self._watch = watch
        self._is_watched = is_watched
        self._stored = Question(ask=self._look_into_database)
        self._in_temporal = Question(ask=self._degraded_in_temporal)
        self._numbers = Question(ask=lambda: asyncio.to_thread(generate_latest))

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
        stored, in_temporal = await asyncio.gather(self._stored.answer(), self._in_temporal.answer())
        refusal = DatabaseUnavailable().message if stored is None else stored.refusal
        if stored is None or refusal is not None:
            return JSONResponse({"ready": False, "why": refusal}, 503)
        temporal = ["temporal"] if in_temporal is None else in_temporal
        read_only = [word for word in stored.degraded if word == "database_read_only"]
        others = [word for word in stored.degraded if word not in read_only]
        return JSONResponse({"ready": True, "degraded": [*read_only, *temporal, *others]})

    async def metrics(self) -> Response:
        numbers = await self._numbers.answer()
        return Response(numbers, media_type=CONTENT_TYPE_LATEST) if numbers is not None else Response(status_code=503)

    async def _look_into_database(self) -> Stored:
        try:
            return await self._look()
        except DatabaseUnavailable:  # the only connection may have ended unnoticed, as in a failover: on a new one
            try:
                return await self._look()
            except DatabaseUnavailable as error:
                return Stored(refusal=error.message)

    async def _look(self) -> Stored:
        try:
            await self._database.check_schema()
        except (SchemaBehind, ConfigurationError) as error:
            return Stored(refusal=error.message)
        state = await self._reconciliation.state()
        is_read_only = await self._database.is_read_only()
        read_only = ("database_read_only",) if is_read_only else ()
        silent = {"reconciler": state.is_silent, "diagnosis": not self._is_watched()}
        return Stored(degraded=(*read_only, *(word for word, is_silent in silent.items() if is_silent)))

    async def _degraded_in_temporal(self) -> list[str]:
        if not await self._temporal.answers():
            return ["temporal"]
        degraded = []
        try:
            if not await self._temporal.has_search_attribute():
                degraded.append("search_attribute")
        except OperationsError:
            return ["temporal"]
        if self._watch.workers is None:  # Temporal, or this process, has just begun to tell
            degraded.append("worker_unknown")
        elif not self._watch.workers:
            degraded.append("worker")
        return degraded
