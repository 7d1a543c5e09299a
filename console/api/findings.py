"""REST: differences between the database and Temporal, and what staff can do about them."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from console.accepted import as_it_is
from console.api.actions import ReasonRequest, actor_of
from console.api.executions import words
from console.api.exports import MOST, Sheet, file
from console.api.lists import Listed
from console.api.parameters import Limit, Place, Term, form, words_of
from operations.actions.findings import Findings
from operations.database import Database
from operations.errors import InvalidInput
from operations.queries.reconciliation import ReconciliationQueries
from operations.queries.reconciliation_views import FindingFilter, FindingView, Standing
from operations.statuses import FindingKind

Kinds = Annotated[str, words_of(FindingKind)]
OneStanding = Annotated[str, Query(max_length=500, json_schema_extra=form(enum=["", *Standing]))]
COLUMNS = (
    "kind",
    "standing",
    "tenant_slug",
    "workflow_id",
    "database_status",
    "temporal_status",
    "done",
    "first_seen_at",
    "last_seen_at",
    "resolved_at",
    "resolved_by",
    "reason",
    "run_id",
    "execution_id",
    "id",
)


@dataclass(frozen=True, kw_only=True)
class FindingAnswer:
    """A finding as it stands now, and the execution that was made, if one was."""

    finding: FindingView
    execution_id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingRoutes:
    """Reading is for everyone who is logged in; the actions check roles themselves."""

    actions: Findings
    reads: ReconciliationQueries
    database: Database

    def router(self) -> APIRouter:
        router = APIRouter(tags=["reconciliations"])
        router.add_api_route("/findings", self.list, methods=["GET"], response_model=Listed[FindingView])
        for name in ("adopt", "terminate", "provision", "ignore"):
            router.add_api_route(
                f"/findings/{{id}}/{name}", getattr(self, name), methods=["POST"], response_model=FindingAnswer
            )
        router.add_api_route("/exports/findings.csv", self.export, methods=["GET"], response_class=Response)
        return router

    async def list(
        self,
        *,
        kind: Kinds = "",
        standing: OneStanding = "",
        q: Term = "",
        tenant: Term = "",
        cursor: Place = None,
        limit: Limit = 50,
    ) -> Listed[FindingView]:
        """List findings.

        `kind` takes several values, separated by commas; `standing` is open, ignored or settled; `tenant` is a slug.
        """
        page = await self.reads.findings(wanted(kind, standing, q, tenant), cursor=cursor, limit=limit)
        return Listed.of(page)

    async def adopt(self, request: Request, id: UUID, body: ReasonRequest) -> FindingAnswer:  # noqa: A002
        """Make the row that a run of ours lacks."""
        made = await self.actions.adopt(actor_of(request), id, body.reason)
        return FindingAnswer(finding=await as_it_is(self.reads.finding(id)), execution_id=made)

    async def terminate(self, request: Request, id: UUID, body: ReasonRequest) -> FindingAnswer:  # noqa: A002
        """End exactly the run that was found, by force."""
        await self.actions.terminate(actor_of(request), id, body.reason)
        return FindingAnswer(finding=await as_it_is(self.reads.finding(id)))

    async def provision(self, request: Request, id: UUID, body: ReasonRequest) -> FindingAnswer:  # noqa: A002
        """Start a new attempt for a tenant that nothing provisions."""
        made = await self.actions.provision(actor_of(request), id, body.reason)
        return FindingAnswer(finding=await as_it_is(self.reads.finding(id)), execution_id=made)

    async def ignore(self, request: Request, id: UUID, body: ReasonRequest) -> FindingAnswer:  # noqa: A002
        """Let it be; it counts no more until another run is concerned."""
        await self.actions.ignore(actor_of(request), id, body.reason)
        return FindingAnswer(finding=await as_it_is(self.reads.finding(id)))

    async def export(
        self, *, kind: Kinds = "", standing: OneStanding = "", q: Term = "", tenant: Term = ""
    ) -> Response:
        """The filtered list as a file, up to 10,000 rows."""
        rows = await self.reads.export(wanted(kind, standing, q, tenant), limit=MOST)
        return file("findings", await asyncio.to_thread(SHEET.text, rows), made_at=await self.database.now())


def wanted(kind: str, standing: str, search: str, tenant: str) -> FindingFilter:
    """Raises `InvalidInput` for words that mean nothing."""
    if standing and standing not in set(Standing):
        raise InvalidInput({"standing": f"“{standing}” is not a standing; known are: {', '.join(Standing)}."})
    return FindingFilter(
        kinds=words(FindingKind, kind, "kind"),
        standing=Standing(standing) if standing else None,
        search=search,
        tenant_slug=tenant,
    )


def _field(row: FindingView, name: str) -> object:
    match name:
        case "database_status":
            return row.database_said.get("status") or row.database_said.get("tenant")
        case "temporal_status":
            return row.temporal_said.get("status")
    field: object = getattr(row, name)
    return field


SHEET: Sheet[FindingView] = Sheet(columns=COLUMNS, field=_field)
