"""REST: what staff say of trouble, of one execution or of a group: acknowledge, assign, snooze, notes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from console.accepted import as_it_is
from console.api.actions import actor_of
from console.api.parameters import Term, form, in_writing
from operations.access import Actor
from operations.actions.note_texts import LONGEST
from operations.actions.triage import Group, Subject, Triage
from operations.actions.typed_text import INVISIBLE, TURNING
from operations.queries.triage import Triaged, TriageQueries

_TEXT = form(pattern=rf"^(?![\s{INVISIBLE}]*$)[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{TURNING}]*$")


def _plain(text: str) -> str:
    """PostgreSQL takes neither NUL nor half a character."""
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("must be plain text")
    return text


_PLAIN = form(pattern=r"^[^\x00]*$")
Cause = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra=_PLAIN), AfterValidator(_plain)]
Signature = Annotated[str, Field(max_length=200, json_schema_extra=_PLAIN), AfterValidator(_plain)]
Email = Annotated[str, Field(max_length=320, json_schema_extra=_PLAIN), AfterValidator(_plain)]


class Body(BaseModel):
    """Nothing else is taken."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AcknowledgeRequest(Body):
    """Whether somebody knows; `false` takes it back."""

    acknowledged: bool = True


class AssignRequest(Body):
    """Who sees to it, by e-mail; null: nobody."""

    assignee: Email | None


class SnoozeRequest(Body):
    """Until when it can wait, unless its cause changes before; null: it cannot wait."""

    until: Annotated[AwareDatetime, BeforeValidator(in_writing), Field(strict=False)] | None


class NoteRequest(Body):
    """A note in plain text."""

    text: str = Field(max_length=LONGEST, json_schema_extra=_TEXT)


class GroupRequest(Body):
    """Which group: as `GET /groups` names it."""

    cause: Cause
    signature: Signature | None = None

    @property
    def group(self) -> Group:
        return Group(cause=self.cause, signature=self.signature)


class AcknowledgeGroupRequest(GroupRequest, AcknowledgeRequest):
    """Which group, and whether somebody knows of it."""


class AssignGroupRequest(GroupRequest, AssignRequest):
    """Which group, and who sees to it."""


class SnoozeGroupRequest(GroupRequest, SnoozeRequest):
    """Which group, and until when it can wait."""


class NoteGroupRequest(GroupRequest, NoteRequest):
    """Which group, and the note."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriageRoutes:
    """The actions check roles themselves. Each answers how things stand then."""

    triage: Triage
    reads: TriageQueries

    def router(self) -> APIRouter:
        router = APIRouter()
        for path, of_execution, of_group in (
            ("acknowledge", self.acknowledge, self.acknowledge_group),
            ("assign", self.assign, self.assign_group),
            ("snooze", self.snooze, self.snooze_group),
            ("notes", self.note, self.note_group),
        ):
            router.add_api_route(
                f"/executions/{{id}}/{path}", of_execution, methods=["POST"], response_model=Triaged, tags=["triage"]
            )
            router.add_api_route(f"/groups/{path}", of_group, methods=["POST"], response_model=Triaged, tags=["triage"])
        router.add_api_route(
            "/executions/{id}/triage", self.show, methods=["GET"], response_model=Triaged, tags=["triage"]
        )
        router.add_api_route(
            "/groups/{cause}/triage", self.show_group, methods=["GET"], response_model=Triaged, tags=["triage"]
        )
        return router

    async def show(self, id: UUID) -> Triaged:  # noqa: A002 - the name in the route
        """What was said of an execution or of its group, and the notes about both, the newest first."""
        return await self.reads.of_execution(id)

    async def show_group(
        self,
        *,
        cause: Annotated[str, Path(min_length=1, max_length=100, json_schema_extra=_PLAIN)],
        signature: Term = "",
    ) -> Triaged:
        """What was said of a group, and the notes about it, the newest first."""
        return await self.reads.of_group(cause, signature)

    async def acknowledge(self, request: Request, id: UUID, body: AcknowledgeRequest) -> Triaged:  # noqa: A002
        """Say that somebody knows of it, as long as its cause is the same."""
        return await self._acknowledge(actor_of(request), id, body)

    async def acknowledge_group(self, request: Request, body: AcknowledgeGroupRequest) -> Triaged:
        """Say that somebody knows of a group, for as long as it lives."""
        return await self._acknowledge(actor_of(request), body.group, body)

    async def assign(self, request: Request, id: UUID, body: AssignRequest) -> Triaged:  # noqa: A002
        """Say who sees to it."""
        await self.triage.assign(actor_of(request), id, body.assignee)
        return await as_it_is(self._now(id))

    async def assign_group(self, request: Request, body: AssignGroupRequest) -> Triaged:
        """Say who sees to a group."""
        await self.triage.assign(actor_of(request), body.group, body.assignee)
        return await as_it_is(self._now(body.group))

    async def snooze(self, request: Request, id: UUID, body: SnoozeRequest) -> Triaged:  # noqa: A002
        """Say until when it can wait; it comes back earlier when its cause changes."""
        return await self._snooze(actor_of(request), id, body.until)

    async def snooze_group(self, request: Request, body: SnoozeGroupRequest) -> Triaged:
        """Say until when a group can wait; an execution whose cause changes leaves it, and comes back."""
        return await self._snooze(actor_of(request), body.group, body.until)

    async def note(self, request: Request, id: UUID, body: NoteRequest) -> Triaged:  # noqa: A002
        """Leave a note about an execution."""
        await self.triage.note(actor_of(request), id, body.text)
        return await as_it_is(self._now(id))

    async def note_group(self, request: Request, body: NoteGroupRequest) -> Triaged:
        """Leave a note about a group."""
        await self.triage.note(actor_of(request), body.group, body.text)
        return await as_it_is(self._now(body.group))

    async def _acknowledge(self, actor: Actor, subject: Subject, body: AcknowledgeRequest) -> Triaged:
        say = self.triage.acknowledge if body.acknowledged else self.triage.withdraw
        await say(actor, subject)
        return await as_it_is(self._now(subject))

    async def _snooze(self, actor: Actor, subject: Subject, until: datetime | None) -> Triaged:
        await self.triage.snooze(actor, subject, until)
        return await as_it_is(self._now(subject))

    async def _now(self, subject: Subject) -> Triaged:
        if isinstance(subject, Group):
            return await self.reads.of_group(subject.cause, subject.signature)
        return await self.reads.of_execution(subject)
