"""What people have noted of a tenant's runs, on its page."""

from uuid import UUID

from nicegui import ui

from console.channels import Listener, View
from console.components.cards import Section
from console.components.timeline import Event, event_list
from console.pages.scope import Scope
from operations.phrases import who
from operations.queries.triage_views import NoteView

Notes = tuple[NoteView, ...]


class TenantNotes:
    """The newest first; without any it takes no room."""

    def __init__(self, scope: Scope, tenant_id: UUID) -> None:
        self._scope = scope
        self._tenant_id = tenant_id
        with Section("Notes", subtitle="What colleagues left about its runs") as self._section:
            self._place = ui.element("div").classes("triage-notes")

    async def follow(self) -> None:
        """Show them from now on."""
        listener = Listener[Notes](self._show)
        self._show((await self._scope.hub.watch(view(self._scope, self._tenant_id), listener)).value)

    def _show(self, notes: Notes) -> None:
        self._section.set_visibility(bool(notes))
        self._place.clear()
        with self._place:
            event_list(
                [
                    Event(
                        at=note.created_at,
                        title="Note" if note.attempt is None else f"Note on attempt {note.attempt}",
                        text=note.body,
                        who=who(note.author),
                        href=None if note.execution_id is None else f"/executions/{note.execution_id}",
                    )
                    for note in notes
                ]
            )


def view(scope: Scope, tenant_id: UUID) -> View[Notes, Notes]:
    return View(
        key=("notes of", tenant_id),
        concerns=lambda changed: changed.concerns("tenant", str(tenant_id)),
        load=lambda: scope.services.reads.triage.notes_of_tenant(tenant_id),
        news=lambda before, after: None if before == after else after,
    )
