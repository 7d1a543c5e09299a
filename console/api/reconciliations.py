"""REST: comparisons of the database with Temporal."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from console.accepted import as_it_is
from console.api.actions import ReasonRequest, actor_of
from console.api.parameters import Limit, Place
from operations.actions.reconciliation import Reconciliation
from operations.queries.reconciliation import ReconciliationQueries
from operations.queries.reconciliation_views import FindingView, PassView, ReconcilerState


class RunRequest(BaseModel):
    """What this pass may do beyond a usual one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    apply: bool = Field(default=False, description="also correct what the last pass held back")
    accept_namespace: bool = Field(default=False, description="accept the namespace that answers now")


class PauseRequest(ReasonRequest):
    """How long, and why."""

    hours: float = Field(gt=0, le=24, strict=False)


@dataclass(frozen=True, kw_only=True)
class PassList:
    """A page of passes, newest first, and how the reconciler is doing."""

    items: tuple[PassView, ...]
    next: str | None
    total: int
    total_capped: bool
    state: ReconcilerState


@dataclass(frozen=True, kw_only=True)
class PassAnswer:
    """A pass with what it found."""

    reconciliation: PassView
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconciliationRoutes:
    """Reading is for everyone who is logged in; running one needs the role operator."""

    actions: Reconciliation
    reads: ReconciliationQueries

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/reconciliations", tags=["reconciliations"])
        router.add_api_route("", self.list, methods=["GET"], response_model=PassList)
        router.add_api_route("", self.run, methods=["POST"], response_model=PassAnswer)
        router.add_api_route("/pause", self.pause, methods=["POST"], response_model=ReconcilerState)
        router.add_api_route("/resume", self.resume, methods=["POST"], response_model=ReconcilerState)
        router.add_api_route("/{id}", self.detail, methods=["GET"], response_model=PassAnswer)
        return router

    async def list(self, *, cursor: Place = None, limit: Limit = 50) -> PassList:
        """List passes, newest first."""
        page = await self.reads.passes(cursor=cursor, limit=limit)
        return PassList(
            items=page.items,
            next=page.next,
            total=page.total,
            total_capped=page.total_capped,
            state=await self.reads.state(),
        )

    async def run(self, request: Request, body: RunRequest | None = None) -> PassAnswer:
        """Compare now, and answer when it is done; 409 while another pass runs or reconciliation is paused."""
        wanted = body or RunRequest()
        result = await self.actions.run(actor_of(request), apply=wanted.apply, accept_namespace=wanted.accept_namespace)
        return await as_it_is(self.detail(result.id))

    async def pause(self, request: Request, body: PauseRequest) -> ReconcilerState:
        """Stop every pass for a while, by whomever."""
        await self.actions.pause(actor_of(request), body.hours, body.reason)
        return await as_it_is(self.reads.state())

    async def resume(self, request: Request) -> ReconcilerState:
        """End a pause."""
        await self.actions.resume(actor_of(request))
        return await as_it_is(self.reads.state())

    async def detail(self, id: UUID) -> PassAnswer:  # noqa: A002 - the name in the route
        """One pass with its findings: those it was the first to see, and those it saw again."""
        detail = await self.reads.pass_detail(id)
        return PassAnswer(reconciliation=detail.reconciliation, findings=detail.findings)
