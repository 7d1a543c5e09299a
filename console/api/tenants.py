"""REST: tenants; the list of them is that of their page."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from console.accepted import as_it_is
from console.api.actions import ReasonRequest, actor_of
from console.api.parameters import form
from operations.actions.registration import LONGEST_EMAIL, LONGEST_NAME, SLUG, Registration
from operations.actions.tenants import LONGEST_KEY, Tenants
from operations.actions.typed_text import VISIBLE
from operations.queries.execution_views import ExecutionView
from operations.queries.executions import ExecutionQueries
from operations.queries.tenants import TenantQueries, TenantView
from operations.statuses import Plan

#: What the header's values have left once HTTP has taken the blanks around them.
_KEY = form(minLength=1, maxLength=LONGEST_KEY, pattern=r"^[!-~](?:[ -~]*[!-~])?$")
_NAME = form(minLength=1, maxLength=LONGEST_NAME, pattern=VISIBLE)


class StartRequest(ReasonRequest):
    """A run to be started for a tenant."""

    type: str = Field(
        description="stored name of a kind of workflow that neither makes nor removes tenants",
        pattern="^[a-z][a-z0-9_]{1,99}$",
        max_length=100,
    )


class RegistrationRequest(BaseModel):
    """A customer to register."""

    model_config = ConfigDict(extra="forbid", strict=True)

    slug: str = Field(
        description="2-55 characters: a-z, 0-9, single hyphens; begins with a letter; never used twice",
        json_schema_extra=form(minLength=2, maxLength=55, pattern=f"^{SLUG.pattern}$"),
    )
    name: str = Field(description="1-200 characters", json_schema_extra=_NAME)
    owner_email: str = Field(
        description="name@example.com", json_schema_extra=form(format="email", maxLength=LONGEST_EMAIL)
    )
    owner_name: str | None = None
    plan: str = Field(
        Plan.STARTER.value, description="starter, business or enterprise", json_schema_extra=form(enum=[*Plan])
    )


@dataclass(frozen=True, kw_only=True)
class RegistrationAnswer:
    """What was accepted; the run starts by itself, at once or when Temporal is back."""

    tenant: TenantView
    execution: ExecutionView


@dataclass(frozen=True, kw_only=True)
class TenantAnswer:
    """A tenant with its latest execution."""

    tenant: TenantView
    execution: ExecutionView | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantRoutes:
    """Reading is for everyone who is logged in; registering needs the role support."""

    tenants: Tenants
    reads: TenantQueries
    executions: ExecutionQueries

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/tenants", tags=["tenants"])
        router.add_api_route("", self.register, methods=["POST"], status_code=202, response_model=RegistrationAnswer)
        router.add_api_route("/{slug}", self.detail, methods=["GET"], response_model=TenantAnswer)
        router.add_api_route(
            "/{slug}/deprovision",
            self.deprovision,
            methods=["POST"],
            status_code=202,
            response_model=RegistrationAnswer,
        )
        router.add_api_route(
            "/{slug}/executions", self.start, methods=["POST"], status_code=202, response_model=RegistrationAnswer
        )
        return router

    async def register(
        self,
        request: Request,
        body: RegistrationRequest,
        idempotency_key: Annotated[str | None, Header(json_schema_extra=_KEY)] = None,
    ) -> RegistrationAnswer:
        """Register a tenant; repeat the request with the same Idempotency-Key as often as you like."""
        registered = await self.tenants.register(
            actor_of(request), Registration(**body.model_dump()), key=idempotency_key
        )
        return await as_it_is(self._answer(registered.slug, registered.execution_id))

    async def detail(self, slug: str) -> TenantAnswer:
        """One tenant with its latest execution."""
        tenant = await self.reads.by_slug(slug)
        latest = None if tenant.execution_id is None else await self.executions.detail(tenant.execution_id)
        return TenantAnswer(tenant=tenant, execution=None if latest is None else latest.execution)

    async def deprovision(self, request: Request, slug: str, body: ReasonRequest) -> RegistrationAnswer:
        """Begin to remove a tenant; it can be cancelled until the waiting time is over.

        Where removals take two, the answer's execution waits for another person's approval (`awaiting_approval`).
        """
        execution_id = await self.tenants.deprovision(actor_of(request), slug, body.reason)
        return await as_it_is(self._answer(slug, execution_id))

    async def start(self, request: Request, slug: str, body: StartRequest) -> RegistrationAnswer:
        """Start a run of another kind for an active tenant."""
        execution_id = await self.tenants.start(actor_of(request), slug, body.type, body.reason)
        return await as_it_is(self._answer(slug, execution_id))

    async def _answer(self, slug: str, execution_id: UUID) -> RegistrationAnswer:
        detail = await self.executions.detail(execution_id)
        return RegistrationAnswer(tenant=await self.reads.by_slug(slug), execution=detail.execution)
