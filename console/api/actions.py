"""REST: what staff can do to executions: retry, cancel, terminate, decide."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from console import sessions
from console.accepted import as_it_is
from console.api.parameters import form
from operations.access import Actor, permit
from operations.actions.executions import Executions
from operations.actions.reasons import LONGEST, SHORTEST
from operations.actions.typed_text import INVISIBLE, TURNING
from operations.errors import NotLoggedIn
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO, possibility
from operations.queries.execution_views import ExecutionView
from operations.queries.executions import ExecutionQueries
from operations.queries.intents import CommandView, Intents, RetryOffer
from operations.statuses import Decision, RetryKind

_LETTER, _BORDER = (rf"[^{white}\x00-\x08\x0b-\x1f\x7f-\x9f{TURNING}]" for white in ("", r"\s\t\n"))
#: Of the text between blanks; the action checks it and says so in words.
_REASON = form(
    minLength=SHORTEST,
    pattern=rf"^(?![\s{INVISIBLE}]*$)\s*{_BORDER}{_LETTER}{{{SHORTEST - 2},{LONGEST - 2}}}{_BORDER}\s*$",
)


class ReasonRequest(BaseModel):
    """Why; kept in the audit log and in Temporal's history."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(description=f"{SHORTEST}-{LONGEST} characters", json_schema_extra=_REASON)


class ActionRequest(ReasonRequest):
    """Why, and which run was seen; when another one runs by now, nothing is done."""

    seen_run_id: str | None = None


class RetryRequest(ActionRequest):
    """Why, and what was shown: when Retry would do something else by now, nothing is done."""

    kind: RetryKind | None = Field(None, strict=False)


@dataclass(frozen=True, kw_only=True)
class CommandAnswer:
    """The intent as it was queued; `GET /executions/{id}` tells what becomes of it."""

    command: CommandView


@dataclass(frozen=True, kw_only=True)
class RetryAnswer:
    """What Retry did."""

    kind: RetryKind
    execution: ExecutionView | None = None  #: the new attempt
    command: CommandView | None = None  #: what is on its way to Temporal


@dataclass(frozen=True, kw_only=True)
class CleanupAnswer:
    """The run that cleans up."""

    execution: ExecutionView


@dataclass(frozen=True, kw_only=True)
class DecisionAnswer:
    """The decision that now stands."""

    decision: Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionRoutes:
    """The actions check roles themselves."""

    executions: Executions
    reads: ExecutionQueries
    intents: Intents

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/executions/{id}", tags=["executions"])
        router.add_api_route("/retry", self.offer, methods=["GET"], response_model=RetryOffer)
        router.add_api_route("/retry", self.retry, methods=["POST"], status_code=202, response_model=RetryAnswer)
        router.add_api_route(
            "/terminate", self.terminate, methods=["POST"], status_code=202, response_model=CommandAnswer
        )
        router.add_api_route("/cancel", self.cancel, methods=["POST"], status_code=202, response_model=CommandAnswer)
        router.add_api_route("/cleanup", self.clean_up, methods=["POST"], status_code=202, response_model=CleanupAnswer)
        for path, act in (("/pause-step", self.pause_step), ("/resume-step", self.resume_step)):
            router.add_api_route(path, act, methods=["POST"], status_code=202, response_model=CommandAnswer)
        router.add_api_route("/approve", self.approve, methods=["POST"], response_model=DecisionAnswer)
        router.add_api_route("/reject", self.reject, methods=["POST"], response_model=DecisionAnswer)
        return router

    async def offer(self, request: Request, id: UUID) -> RetryOffer:  # noqa: A002 - the name in the route
        """What Retry would do now, for those who may."""
        actor = actor_of(request)
        permit(actor, OFFERED_TO[Deed.RETRY])
        detail = await self.reads.detail(id)
        facts = detail.facts()
        return RetryOffer.of(possibility(Deed.RETRY, facts, actor), facts.retry)

    async def retry(self, request: Request, id: UUID, body: RetryRequest) -> RetryAnswer:  # noqa: A002
        """Try the step now, start a new attempt, or replace a wedged run: `GET` says which it would be."""
        done = await self.executions.retry(
            actor_of(request), id, body.reason, seen_run_id=body.seen_run_id, kind=body.kind
        )
        new, command = done.execution_id, done.command_id
        return RetryAnswer(
            kind=done.kind,
            execution=None if new is None else (await as_it_is(self.reads.detail(new))).execution,
            command=None if command is None else await as_it_is(self.intents.command(command)),
        )

    async def terminate(self, request: Request, id: UUID, body: ActionRequest) -> CommandAnswer:  # noqa: A002
        """End the run by force, without clean-up."""
        command = await self.executions.terminate(actor_of(request), id, body.reason, seen_run_id=body.seen_run_id)
        return CommandAnswer(command=await as_it_is(self.intents.command(command)))

    async def cancel(self, request: Request, id: UUID, body: ActionRequest) -> CommandAnswer:  # noqa: A002
        """Ask the run to end in order, with clean-up."""
        command = await self.executions.cancel(actor_of(request), id, body.reason, seen_run_id=body.seen_run_id)
        return CommandAnswer(command=await as_it_is(self.intents.command(command)))

    async def clean_up(self, request: Request, id: UUID, body: ActionRequest) -> CleanupAnswer:  # noqa: A002
        """Begin a run that takes away what a failed provisioning has left of its tenant."""
        new = await self.executions.clean_up(actor_of(request), id, body.reason, seen_run_id=body.seen_run_id)
        return CleanupAnswer(execution=(await as_it_is(self.reads.detail(new))).execution)

    async def pause_step(self, request: Request, id: UUID, body: ActionRequest) -> CommandAnswer:  # noqa: A002
        """Have no further try of the present step begin."""
        return await self._hold(request, id, Deed.PAUSE_STEP, body)

    async def resume_step(self, request: Request, id: UUID, body: ActionRequest) -> CommandAnswer:  # noqa: A002
        """Have the next try of a paused step begin."""
        return await self._hold(request, id, Deed.RESUME_STEP, body)

    async def _hold(self, request: Request, id_: UUID, deed: Deed, body: ActionRequest) -> CommandAnswer:
        actor = actor_of(request)
        command = await self.executions.hold(actor, id_, deed, body.reason, seen_run_id=body.seen_run_id)
        return CommandAnswer(command=await as_it_is(self.intents.command(command)))

    async def approve(self, request: Request, id: UUID, body: ActionRequest) -> DecisionAnswer:  # noqa: A002
        """Let a waiting provisioning go on."""
        return DecisionAnswer(decision=await self._decide(request, id, Decision.APPROVED, body))

    async def reject(self, request: Request, id: UUID, body: ActionRequest) -> DecisionAnswer:  # noqa: A002
        """End a waiting provisioning."""
        return DecisionAnswer(decision=await self._decide(request, id, Decision.REJECTED, body))

    async def _decide(self, request: Request, id_: UUID, decision: Decision, body: ActionRequest) -> Decision:
        return await self.executions.decide(actor_of(request), id_, decision, body.reason, seen_run_id=body.seen_run_id)


def actor_of(request: Request) -> Actor:
    """Whoever is logged in, never anybody named in the request; raises `NotLoggedIn`."""
    session = sessions.of_connection(request)
    if session is None:
        raise NotLoggedIn
    return session.actor
