"""REST: lists and details of executions."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request

from console.api.actions import actor_of
from console.api.parameters import MOMENT_RULE, Limit, Moment, Place, Superseded, Term, Words, words_of
from operations.errors import InvalidInput
from operations.queries.approval_views import ApprovalRequestView
from operations.queries.diagnosis_views import DiagnosisView
from operations.queries.execution_views import (
    STATUS_WORDS,
    AttemptView,
    EventView,
    ExecutionFilter,
    ExecutionView,
    Sort,
    StartView,
    StepView,
    TriageWord,
)
from operations.queries.executions import ExecutionQueries
from operations.queries.intents import CommandView, DecisionView, Intents
from operations.statuses import Cause, Failure, Health, Status

WordT = TypeVar("WordT", bound=StrEnum)
Order = Annotated[
    Sort,
    Query(
        description="`created_at`, `started_at` or `completed_at`, earliest first, or with `-` latest first; what has "
        "not started comes last, what has not ended is left out. `duration`, of what has ended: shortest first, or "
        "with `-` longest first. `tenant`: by its slug, or with `-` backward; those of no tenant come last. "
        "`attention`: open ones first, without a search term the stuck and drifted, then "
        "those that wait for people, then the others, each longest without progress first; then the newest"
    ),
]
Failures = Annotated[
    str,
    words_of(
        Failure,
        meaning=(
            "of failed executions, only those of which this became (without `status`, these alone): `called_off`, "
            "somebody cancelled or rejected it; `superseded`, a newer attempt that is open or completed took its "
            "place; `standing`, neither: "
        ),
    ),
]
TriageWords = Annotated[
    str,
    words_of(
        TriageWord,
        meaning=(
            "of what has not ended well and stands: `unacknowledged`, it is in trouble and nobody has said of it or of "
            "its group that they know or that it can wait; `mine`, it is assigned to whoever asks: "
        ),
    ),
]


@dataclass(frozen=True, kw_only=True)
class ExecutionList:
    """A page of executions; `total` is exact up to 1,000."""

    items: tuple[ExecutionView, ...]
    next: str | None
    total: int
    total_capped: bool


@dataclass(frozen=True, kw_only=True)
class ExecutionAnswer:
    """An execution with everything that is known of it."""

    execution: ExecutionView
    diagnosis: DiagnosisView | None  #: why it does not go on, who must act, and one next action
    steps: tuple[StepView, ...]
    events: tuple[EventView, ...]
    attempts: tuple[AttemptView, ...]
    start: StartView | None
    approval_request: ApprovalRequestView | None
    decisions: tuple[DecisionView, ...]
    commands: tuple[CommandView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionRoutes:
    """Everyone who is logged in may read."""

    executions: ExecutionQueries
    intents: Intents

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/executions", tags=["executions"])
        router.add_api_route("", self.list, methods=["GET"], response_model=ExecutionList)
        router.add_api_route("/{id}", self.detail, methods=["GET"], response_model=ExecutionAnswer)
        return router

    async def list(
        self,
        request: Request,
        *,
        status: Annotated[str, words_of(STATUS_WORDS)] = "",
        health: Annotated[str, words_of(Health)] = "",
        cause: Annotated[str, words_of(Cause)] = "",
        signature: Term = "",
        failures: Failures = "",
        superseded: Superseded = None,
        triage: TriageWords = "",
        type: Words = "",  # noqa: A002 - the names of the contract
        entity_id: UUID | None = None,
        q: Term = "",
        created_from: Moment = None,
        created_to: Moment = None,
        bulk: UUID | None = None,
        sort: Order = Sort.NEWEST,
        cursor: Place = None,
        limit: Limit = 50,
    ) -> ExecutionList:
        """List executions. `status`, `health`, `cause` and `type` take several values, separated by commas.

        The status `open` is every one that is not final; `failed` is every failed one, whatever became of it;
        `signature` is what the errors of one cause have in common; `bulk` is the id of a bulk operation that was about
        them, or began them. `q` is looked for in errors, causes and the names and slugs of tenants, these whatever the
        accents, and at the beginning of workflow ids and of the e-mails of tenants' owners.
        """
        asked = words(TriageWord, triage, "triage")
        page = await self.executions.list(
            ExecutionFilter(
                statuses=statuses(status),
                failures=of_failures(failures),
                healths=words(Health, health, "health"),
                causes=frozenset(words(Cause, cause, "cause")),
                signature=signature or None,
                workflow_types=frozenset(values(type)),
                entity_id=entity_id,
                search=q,
                created_from=aware(created_from, "created_from"),
                created_to=aware(created_to, "created_to"),
                bulk_id=bulk,
            )
            .narrowed(superseded=superseded)
            .triaged(asked, actor_of(request).staff_id),
            sort=sort,
            cursor=cursor,
            limit=limit,
        )
        return ExecutionList(items=page.items, next=page.next, total=page.total, total_capped=page.total_capped)

    async def detail(self, id: UUID) -> ExecutionAnswer:  # noqa: A002
        """One execution with its steps, history, attempts, decisions and commands."""
        detail = await self.executions.detail(id)
        return ExecutionAnswer(
            execution=detail.execution,
            diagnosis=None if detail.execution.status.is_final else detail.execution.diagnosis,
            steps=detail.steps,
            events=detail.events,
            attempts=detail.attempts,
            start=detail.start,
            approval_request=detail.approval_request,
            decisions=await self.intents.decisions(id),
            commands=await self.intents.commands(id),
        )


def values(text: str) -> Iterable[str]:
    return (value.strip() for value in text.split(",") if value.strip())


def words(kind: type[WordT], text: str, field: str) -> frozenset[WordT]:
    """Values of a list, each one of `kind`'s words; raises `InvalidInput`."""
    check_words(tuple(kind), text, field)
    return frozenset(kind(value) for value in values(text))


def statuses(text: str) -> frozenset[Status]:
    """Statuses of a list, and `open`; raises `InvalidInput`."""
    check_words(STATUS_WORDS, text, "status")
    return frozenset(status for value in values(text) for status in STATUS_WORDS[value])


def of_failures(text: str) -> frozenset[Failure] | None:
    """Failures of a list, None for all; raises `InvalidInput`."""
    return words(Failure, text, "failures") or None


def check_words(known: Collection[str], text: str, field: str) -> None:
    unknown = [value for value in values(text) if value not in known]
    if unknown:
        raise InvalidInput({field: f"“{unknown[0]}” is not a {field}; known are: {', '.join(known)}."})


def aware(moment: datetime | None, field: str) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise InvalidInput({field: f"{field} {MOMENT_RULE}."})
    return moment
