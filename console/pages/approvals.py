"""The list of runs that wait for somebody's approval."""

from typing import assert_never

from console import sessions
from console.api.exports import Sheet
from console.api.lists import Listed, Listing
from console.asked import Asked
from console.components.tables import Action, Column, Empty, EmptyKind, Kind
from console.components.text import tag
from console.pages import decision_dialog, deeds, live_rows, words
from console.pages.list_filters import ListFilters
from console.pages.list_page import ListPage
from console.pages.live_list import OnAction
from console.pages.live_rows import Row
from console.pages.place import Nav
from console.pages.scope import Scope
from console.pages.selecting import Selecting, offered
from operations import kinds
from operations.bootstrap import Reads
from operations.kinds import Deed, Purpose
from operations.phrases import who
from operations.possibilities import OFFERED_TO
from operations.queries.approvals import ApprovalView
from operations.queries.execution_views import ExecutionFilter
from operations.queries.paging import Page
from operations.statuses import Cause

ABOUT = """List the runs that wait for an approval, those that have waited longest first.

`POST /executions/{id}/approve` and `/reject` decide; a run that nobody has decided by `expires_at` is rejected."""
DEEDS = (Deed.APPROVE, Deed.REJECT)
WAITING = ExecutionFilter(causes=frozenset({Cause.AWAITING_APPROVAL}))


async def read(reads: Reads, _: Asked, cursor: str | None, limit: int) -> Page[ApprovalView]:
    return await reads.approvals.waiting(cursor=cursor, limit=limit)


def row(approval: ApprovalView) -> Row:
    again = f", attempt {approval.attempt}" if approval.attempt > 1 else ""
    return {
        "id": str(approval.execution_id),
        "tenant": approval.entity_name,
        "slug": approval.entity_slug,
        "asks": words.workflow_title(approval.workflow_type) + again,
        "what": what(approval),
        "requested_by": who(approval.requested_by),
        "requested_at": live_rows.seconds(approval.requested_at),
        "expires_at": live_rows.seconds(approval.expires_at),
        "actions": dict.fromkeys(deed.value for deed in DEEDS),
    }


def what(approval: ApprovalView) -> str:
    """What comes of it when it is approved, as far as the name of the workflow does not say it."""
    purpose = kinds.known().purpose(approval.workflow_type)
    match purpose:
        case Purpose.PROVISION:
            return f"on the plan {approval.plan.value.capitalize()}"
        case Purpose.REMOVE:
            return "deletes the tenant with all its data"
        case Purpose.CLEAN:
            return "deletes what a failed provisioning has left"
        case Purpose.WORK:
            return ""
        case _:
            assert_never(purpose)


def selecting(scope: Scope, filters: ListFilters) -> Selecting | None:
    can_do = offered(DEEDS)
    if not can_do:
        return None
    with filters.place:
        tag("p", "Select runs to decide them together, with one reason.", classes="selection-hint")
    return Selecting(scope, filters, can_do, wanted=lambda _: WAITING)


def actions() -> tuple[Action, ...]:
    """The buttons of each row, for those who may decide."""
    return tuple(
        Action(
            name=deed.value,
            label=deeds.WORDINGS[deed].label,
            icon=deeds.WORDINGS[deed].icon,
            danger=deeds.WORDINGS[deed].danger,
            worded=True,
        )
        for deed in DEEDS
        if sessions.may(OFFERED_TO[deed])
    )


def on_action(scope: Scope) -> OnAction:
    return lambda id_, deed: decision_dialog.ask(scope, id_, Deed(deed))


LISTING = Listing(
    name="approvals",
    about=ABOUT,
    answer=Listed[ApprovalView],
    read=read,
    sheet=Sheet(
        columns=(
            "entity_slug",
            "entity_name",
            "plan",
            "workflow_type",
            "attempt",
            "requested_by",
            "requested_at",
            "expires_at",
            "workflow_id",
            "execution_id",
        )
    ),
)
PAGE = ListPage(
    listing=LISTING,
    path="/approvals",
    title="Approvals",
    subtitle="Runs that wait for an operator's decision, longest first; each is rejected by itself when its time is up",
    noun="approval",
    columns=(
        Column(
            name="tenant",
            label="Tenant",
            kind=Kind.LINK,
            secondary="slug",
            hideable=False,
            href="/executions/{id}",
        ),
        Column(name="asks", label="Asks for", secondary="what", hideable=False),
        Column(name="requested_by", label="Requested by"),
        Column(name="requested_at", label="Waiting since", kind=Kind.TIME),
        Column(name="expires_at", label="Rejected by itself", kind=Kind.TIME),
    ),
    row=row,
    row_path="/executions/{id}",
    concerns=("execution", "tenant"),
    nothing_yet=Empty(
        kind=EmptyKind.ALL_HEALTHY,
        title="Nothing waits for a decision",
        text="A run that asks for an approval, as for a tenant on the plan Enterprise, shows up here at once.",
    ),
    actions=actions,
    on_action=on_action,
    selecting=selecting,
    naming="tenant",
)
PLACE = PAGE.place(Nav(icon="approval", key="a", counts="approvals"))
