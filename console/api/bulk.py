"""REST: one action on many executions: what it would do, beginning it, how far it is, and what became of each row."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from console.accepted import as_it_is
from console.api.actions import ReasonRequest, actor_of
from console.api.executions import aware, of_failures, statuses, values, words
from console.api.parameters import Limit, Moment, Place, form, words_of
from operations.access import Actor, permit
from operations.bulk.bulks import Bulks
from operations.bulk.plans import DEEDS, Plan, Said, deed_of
from operations.bulk.selections import MOST, ByFilter, ByGroup, ByIds, Selection
from operations.errors import InvalidInput
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO
from operations.queries.bulk_views import BulkRowView, BulkView
from operations.queries.bulks import BulkQueries
from operations.queries.execution_views import ExecutionFilter, TriageWord
from operations.statuses import BulkResult, Cause, Health, RetryKind

#: PostgreSQL has no NUL characters; no address has any either.
Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class FilterRequest(BaseModel):
    """Which executions, in the words of `GET /executions`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Line = ""
    health: Line = ""
    cause: Line = ""
    signature: Line = Field("", max_length=200)
    failures: Line = ""
    superseded: bool | None = None
    triage: Line = ""
    type: Line = ""
    entity_id: UUID | None = Field(None, strict=False)
    q: Line = Field("", max_length=200)
    created_from: Moment = Field(None, strict=False)
    created_to: Moment = Field(None, strict=False)
    bulk: UUID | None = Field(None, strict=False, description="those that another bulk operation was about")

    def filter(self, viewer: UUID | None) -> ExecutionFilter:
        """Raises `InvalidInput` for words that mean nothing: they must not look like all executions."""
        narrowed = ExecutionFilter(
            statuses=statuses(self.status),
            failures=of_failures(self.failures),
            healths=words(Health, self.health, "health"),
            causes=frozenset(words(Cause, self.cause, "cause")),
            signature=self.signature or None,
            workflow_types=frozenset(values(self.type)),
            entity_id=self.entity_id,
            search=self.q.strip(),
            created_from=aware(self.created_from, "created_from"),
            created_to=aware(self.created_to, "created_to"),
            bulk_id=self.bulk,
        ).narrowed(superseded=self.superseded)
        return narrowed.triaged(words(TriageWord, self.triage, "triage"), viewer)


class GroupRequest(BaseModel):
    """Open executions in trouble for one cause and by one error, as `GET /groups` has them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    cause: Line
    signature: Line | None = None


class BulkRequest(ReasonRequest):
    """What to do to which executions: exactly one of `ids`, `filter` and `group`."""

    action: str = Field(description=f"one of {', '.join(DEEDS)}", json_schema_extra=form(enum=[*DEEDS]))
    ids: list[Annotated[UUID, Field(strict=False)]] | None = Field(
        None, max_length=MOST, json_schema_extra=form(minItems=1)
    )
    filter: FilterRequest | None = None
    group: GroupRequest | None = None
    dry_run: bool = Field(False, description="only say what would be done to each; nothing is changed")
    count: int | None = Field(
        None, ge=0, description="how many it may be done to; when another number can take it by now, nothing is done"
    )
    first_alone: bool = Field(False, description="do one, then pause: `resume` does the others")

    def selection(self, viewer: UUID | None) -> Selection:
        """Raises `InvalidInput`."""
        given = [name for name in ("ids", "filter", "group") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InvalidInput({"filter": "Name executions by exactly one of ids, filter and group."})
        if self.ids is not None:
            return ByIds(ids=tuple(self.ids))
        if self.group is not None:
            return ByGroup(cause=self.group.cause, signature=self.group.signature)
        return ByFilter(filter=ExecutionFilter() if self.filter is None else self.filter.filter(viewer))


@dataclass(frozen=True, kw_only=True)
class PlannedAnswer:
    """What would be done to one execution, or why nothing."""

    execution_id: UUID
    workflow_id: str | None
    name: str | None
    skipped_because: str | None
    retry_kind: RetryKind | None


@dataclass(frozen=True, kw_only=True)
class PreviewAnswer:
    """What would be done; `effects`, `not_undone` and `problems` with how many executions each is true of."""

    action: Deed
    total: int
    acting: int
    skipped: int
    effects: tuple[Said, ...]
    not_undone: tuple[Said, ...]
    problems: tuple[Said, ...]
    takes_two: bool  #: it waits until another person releases it
    rows: tuple[PlannedAnswer, ...]

    @classmethod
    def of(cls, planned: Plan, *, takes_two: bool) -> "PreviewAnswer":
        return cls(
            action=planned.deed,
            total=len(planned.rows),
            acting=planned.acting,
            skipped=planned.skipped,
            effects=planned.effects,
            not_undone=planned.not_undone,
            problems=planned.problems,
            takes_two=takes_two and planned.is_weighty,
            rows=tuple(
                PlannedAnswer(
                    execution_id=row.execution_id,
                    workflow_id=row.workflow_id,
                    name=row.name,
                    skipped_because=row.problem,
                    retry_kind=row.retry_kind,
                )
                for row in planned.rows
            ),
        )


@dataclass(frozen=True, kw_only=True)
class BegunAnswer:
    """The operation; of a dry run, only the preview."""

    bulk: BulkView | None = None
    preview: PreviewAnswer | None = None


@dataclass(frozen=True, kw_only=True)
class BulkAnswer:
    """The operation with a page of its rows; `total` is of the rows, exact up to 1,000."""

    bulk: BulkView
    items: tuple[BulkRowView, ...]
    next: str | None
    total: int
    total_capped: bool


async def _role_first(request: Request) -> None:
    """What it takes hangs on the action: whoever may not is told so before the rest of the body is judged."""
    try:
        body: object = await request.json()
    except ValueError:  # no JSON: whoever reads the body next says so
        return
    action = body.get("action") if isinstance(body, dict) else None
    if isinstance(action, str) and action in list(DEEDS):
        permit(actor_of(request), OFFERED_TO[Deed(action)])


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkRoutes:
    """The actions check roles themselves."""

    bulks: Bulks
    reads: BulkQueries

    def router(self) -> APIRouter:
        router = APIRouter(tags=["bulk"])
        router.add_api_route(
            "/executions/bulk",
            self.begin,
            methods=["POST"],
            status_code=202,
            dependencies=[Depends(_role_first)],
            response_model=BegunAnswer,
            responses={200: {"model": BegunAnswer, "description": "The preview of a dry run"}},
        )
        router.add_api_route("/bulk/{id}", self.detail, methods=["GET"], response_model=BulkAnswer)
        for deed in (self.pause, self.resume, self.stop, self.release):
            router.add_api_route(f"/bulk/{{id}}/{deed.__name__}", deed, methods=["POST"], response_model=BegunAnswer)
        return router

    async def begin(self, request: Request, body: BulkRequest, response: Response) -> BegunAnswer:
        """Do one action to many executions: each as its own route would, at a bounded rate.

        Which executions they are is fixed now. Each is looked at again when its turn comes; what cannot take the
        action then is skipped, with why. Where it takes two (`TENANTRY_FOUR_EYES`), what ends runs, or is more than
        50, waits for `release`.
        """
        actor = actor_of(request)
        planned = await self.bulks.preview(actor, deed_of(body.action), body.selection(actor.staff_id))
        if body.dry_run:
            response.status_code = 200
            return BegunAnswer(preview=PreviewAnswer.of(planned, takes_two=self.bulks.takes_two))
        id_ = await self.bulks.begin(actor, planned, body.reason, count=body.count, first_alone=body.first_alone)
        return BegunAnswer(bulk=await as_it_is(self.reads.get(id_)))

    async def detail(
        self,
        id: UUID,  # noqa: A002 - the name in the route
        *,
        result: Annotated[str, words_of(BulkResult)] = "",
        cursor: Place = None,
        limit: Limit = 50,
    ) -> BulkAnswer:
        """How far it is, and what became of each row, in the order of their turns."""
        wanted = words(BulkResult, result, "result")
        bulk = await self.reads.get(id)
        page = await self.reads.rows(id, results=wanted, cursor=cursor, limit=limit)
        return BulkAnswer(bulk=bulk, items=page.items, next=page.next, total=page.total, total_capped=page.total_capped)

    async def pause(self, request: Request, id: UUID) -> BegunAnswer:  # noqa: A002
        """Have no further row done; what is on its way goes on."""
        return await self._move(request, id, self.bulks.pause)

    async def resume(self, request: Request, id: UUID) -> BegunAnswer:  # noqa: A002
        """Have the rest done, also after a first one that went alone."""
        return await self._move(request, id, self.bulks.resume)

    async def stop(self, request: Request, id: UUID) -> BegunAnswer:  # noqa: A002
        """Skip the rows whose turn has not come."""
        return await self._move(request, id, self.bulks.stop)

    async def release(self, request: Request, id: UUID) -> BegunAnswer:  # noqa: A002
        """Let begin what somebody else asked for."""
        return await self._move(request, id, self.bulks.release)

    async def _move(self, request: Request, id_: UUID, move: Callable[[Actor, UUID], Awaitable[None]]) -> BegunAnswer:
        await move(actor_of(request), id_)
        return BegunAnswer(bulk=await as_it_is(self.reads.get(id_)))
