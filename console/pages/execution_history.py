"""What happened to an execution, newest first; what is further back, on demand."""

from collections.abc import Iterator
from uuid import UUID

from nicegui import ui

from console.components import feedback
from console.components.timeline import Event, event_list
from console.pages import bulk_words, words
from console.pages.known_execution import Known
from console.pages.scope import Scope
from operations.phrases import shown_status, told, who
from operations.queries.execution_parts import MOST
from operations.queries.execution_views import EventView, ExecutionDetail
from operations.statuses import CommandKind, Status

AT_ONCE = 30  #: entries that are drawn, and that each press adds


class History:
    """The list, and the button that goes further back. What was asked for stays drawn when something new comes."""

    def __init__(self, scope: Scope, id_: UUID) -> None:
        self._histories = scope.services.reads.histories
        self._id = id_
        self._earlier: tuple[EventView, ...] = ()
        self._is_whole = False
        self._drawn = AT_ONCE
        self._list = ui.element("div")
        self._older = ui.button("Show older", on_click=lambda: feedback.attempt(self._go_back())).props("outline")

    def show(self, known: Known) -> None:
        self._known = known
        self._is_whole = self._is_whole or len(known.detail.events) < MOST
        self._draw()

    async def _go_back(self) -> None:
        self._drawn += AT_ONCE
        if not self._is_whole and self._drawn > len(self._entries()):
            first = (*self._earlier, *self._known.detail.events)[0]
            earlier = await self._histories.of_execution(self._id, first.seq)
            self._earlier = (*earlier, *self._earlier)
            self._is_whole = len(earlier) < MOST
        self._draw()

    def _draw(self) -> None:
        entries = self._entries()
        self._list.clear()
        with self._list:
            event_list(entries[: self._drawn])
        self._older.set_visibility(len(entries) > self._drawn or not self._is_whole)

    def _entries(self) -> list[Event]:
        return entries(self._known, self._earlier, is_whole=self._is_whole)


def entries(known: Known, earlier: tuple[EventView, ...] = (), *, is_whole: bool = True) -> list[Event]:
    """Statuses, decisions, commands and attempts in one line of time, newest first.

    `earlier` are events before those of the detail. While it is not whole, nothing is told from before its beginning.
    """
    changes = (*earlier, *known.detail.events)
    told_of = [
        *_changes(known.detail, changes),
        *_decisions(known),
        *_commands(known),
        *_bulks(known),
        *_attempts(known.detail),
    ]
    begins = None if is_whole or not changes else changes[0].at
    listed = (event for event in told_of if begins is None or event.at >= begins)
    return sorted(listed, key=lambda event: event.at, reverse=True)


def _changes(detail: ExecutionDetail, changes: tuple[EventView, ...]) -> Iterator[Event]:
    for event in changes:
        how = _ended_as(detail, event)
        yield Event(
            at=event.at,
            title=words.event_title(event, how=how),
            text=event.reason or told(event.error).sentence,
            who=who(event.actor),
            status=how or (event.to_status or Status.PENDING).value,
        )


def _ended_as(detail: ExecutionDetail, event: EventView) -> str | None:
    """How it ended, for the event that says so: an event itself knows `failed` alone."""
    ends = [each.seq for each in detail.events if each.to_status is not None and each.to_status.is_final]
    execution = detail.execution
    is_end = execution.status.is_final and ends != [] and event.seq == max(ends)
    return shown_status(execution.status, execution.close_reason) if is_end else None


def _decisions(known: Known) -> Iterator[Event]:
    for each in known.decisions:
        yield Event(at=each.decided_at, title=each.decision.capitalize(), text=each.reason, who=who(each.decided_by))


def _commands(known: Known) -> Iterator[Event]:
    for each in known.commands:
        if each.kind is not CommandKind.DECIDE and each.kind is not CommandKind.START:
            title = words.command_title(each)
            yield Event(at=each.created_at, title=title, text=each.reason or "", who=who(each.requested_by))


def _bulks(known: Known) -> Iterator[Event]:
    """What was done to it together with others."""
    for each in known.bulks:
        yield Event(
            at=each.at,
            title=f"Part of a bulk operation: {bulk_words.title(each.action, each.total)}",
            text=each.why or each.reason,
            who=who(each.requested_by),
            href=f"/bulk/{each.bulk_id}",
        )


def _attempts(detail: ExecutionDetail) -> Iterator[Event]:
    for each in detail.attempts:
        if each.id != detail.execution.id:
            status = shown_status(each.status, each.close_reason)
            title = f"Attempt {each.attempt}: {status}"
            yield Event(at=each.created_at, title=title, href=f"/executions/{each.id}", status=status)
