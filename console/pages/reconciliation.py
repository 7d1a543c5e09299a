"""Reconciliation: how it is doing, what its passes found, and what is left for people to do."""

from collections.abc import Mapping, Sequence

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console import sessions
from console.channels import Listener, View
from console.components.cards import Kpi, Section, kpis
from console.components.incidents import VerdictLine
from console.components.moments import Moment, Sentence
from console.components.page_headers import PageHeader
from console.components.strips import Mark, Strip
from console.components.tables import Empty, EmptyKind, Group, Layout
from console.components.text import attribute, tag
from console.pages import address, finding_dialog, finding_rows, finding_words, live_rows, open_findings, pass_marks
from console.pages.list_filters import ListFilters
from console.pages.live_list import ListShape, LiveList
from console.pages.live_rows import News, Rows
from console.pages.looks import look_again
from console.pages.place import Nav, Place
from console.pages.reconciliation_actions import ReconciliationActions
from console.pages.scope import Scope
from operations.actions.findings import NEEDS, Remedy
from operations.phrases import said, told, who
from operations.queries.paging import Page, page_or_one_before
from operations.queries.reconciliation_views import FindingFilter, FindingView, ReconcilerState, Standing
from operations.statuses import FindingKind, PassOutcome, PassTrigger

PATH = "/reconciliation"
EXPORT = "/api/v1/exports/findings.csv"
LOOK = 20.0  #: seconds
TITLE = "Differences between database and Temporal"
SUBTITLE = "Reconciliation compares the two again and again. It corrects what it can; the rest is for people."
STRIP = "The latest passes, oldest first"
SHAPE = ListShape(
    path=PATH,
    caption="Findings",
    columns=finding_rows.CARDS,
    layout=Layout.LEDGER,
    sorts={},
    group=Group(key="tenant", label="subject", href=PATH + "?tenant={tenant}", noun="findings"),
    row_path=PATH,
    export=EXPORT,
    nothing_yet=Empty(
        kind=EmptyKind.ALL_HEALTHY,
        title="No findings yet",
        text="No pass has found a difference between the database and Temporal.",
    ),
    nothing_matches=Empty(
        kind=EmptyKind.NOTHING_MATCHES,
        title="No finding matches",
        text="No finding has what the filters ask for.",
        action="Show all findings",
        href=PATH,
    ),
)
KINDS = {kind.value: finding_words.title(kind) for kind in FindingKind}
STANDINGS = {standing.value: label for standing, label in finding_words.STANDINGS.items()}


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page for the address as it was opened."""
    query = address.values(arguments)
    with PageHeader(TITLE, subtitle=SUBTITLE) as header:
        actions = ReconciliationActions(scope)
    overview = Overview(actions)
    with Section("Passes", subtitle="The latest sixty, oldest first; point at one, or use the arrow keys"):
        strip = Strip(label=STRIP, words=pass_marks.WORDS, nothing="No pass has ended yet.")
    await _draw_findings(scope, query, header)
    if query.get("finding"):
        await finding_dialog.show(scope, query["finding"])

    async def look() -> None:
        overview.show(await scope.services.reads.reconciliation.state())

    state_listener = Listener[ReconcilerState](overview.show)
    overview.show((await scope.hub.watch(state_view(scope), state_listener)).value)
    found_listener = Listener[open_findings.Found](overview.show_open)
    overview.show_open((await scope.hub.watch(open_findings.view(scope), found_listener)).value)
    passes_listener = Listener[Sequence[Mark]](strip.show)
    strip.show((await scope.hub.watch(pass_marks.view(scope), passes_listener)).value)
    actions.on_change = look
    look_again(LOOK, look)  # silence and a pause are nothing that the feed could tell


PLACE = Place(path=PATH, title="Reconciliation", build=build, nav=Nav(icon="balance", key="r"))


class Overview:
    """What is for people, the banner and the tiles."""

    def __init__(self, actions: ReconciliationActions) -> None:
        self._actions = actions
        self._verdict = VerdictLine()
        self._found: open_findings.Found | None = None
        self._is_worrying = False
        with ui.element("div").classes("notice") as self._notice:
            attribute(self._notice, "data-status", "timed_out")
            attribute(self._notice, "role", "status")
            with tag("p", classes="notice-title"):
                self._title = Sentence()
            self._text = tag("p", classes="notice-text")
        with kpis():
            with ui.element("div").classes("kpi"):
                tag("span", "Last pass", classes="kpi-label")
                with tag("span", classes="kpi-value figures"):
                    self._last = Moment(None)
                self._by = tag("span", classes="kpi-delta")
            self._open = Kpi("Open findings", href=f"{PATH}?standing=open")
            self._healed = Kpi("Corrected today")

    def show(self, state: ReconcilerState) -> None:
        self._last.show(state.last_finished_at)
        self._by.set_text(_by(state))
        self._open.show(f"{state.open_findings:,}")
        self._healed.show(f"{state.healed_today:,}")
        title, text = notice(state)
        self._title.show(title)
        self._text.set_text(text)
        self._notice.set_visibility(bool(title))
        self._is_worrying = bool(title)
        self._show_verdict()
        self._actions.show(state)

    def show_open(self, found: open_findings.Found) -> None:
        self._found = found
        self._verdict.show(open_findings.verdict(found))
        self._show_verdict()

    def _show_verdict(self) -> None:
        """While nobody compares, or not to the end, that all agrees is not known."""
        self._verdict.set_visibility(self._found is not None and not (self._is_worrying and not self._found.items))


def notice(state: ReconcilerState) -> tuple[str, str]:
    """What should worry people, and what still works; empty when all is well."""
    if state.paused_until is not None:
        until = f"until {said(state.paused_until)}"
        return (
            f"Paused {until} by {state.paused_by}",
            f"“{state.pause_reason}” Nothing is compared meanwhile; runs go on.",
        )
    if state.is_silent:
        return (
            "Reconciliation is silent",
            "No pass has ended for three intervals. Runs go on, but one that ended outside of Tenantry is not noticed. "
            "Check that a worker runs; “Run now” compares at once.",
        )
    match state.last_outcome:
        case PassOutcome.TRIPPED:
            return (
                "The last pass held back",
                f"{told(state.last_error).followed} Look at the findings; an operator can apply them.",
            )
        case PassOutcome.NAMESPACE_CHANGED | PassOutcome.UNREACHABLE | PassOutcome.FAILED as outcome:
            wrong = told(state.last_error)  # the class and words of a mistake are for the log
            all_of_it = wrong.detail if outcome is not PassOutcome.FAILED else None
            return "The last pass could not compare", all_of_it or wrong.sentence
    if state.schedule_is_silent:
        return (
            "Temporal's schedule is silent",
            "No worker runs, or somebody paused the schedule in Temporal. Nothing is missed: the console runs the "
            "passes in its place.",
        )
    return "", ""


def _by(state: ReconcilerState) -> str:
    if state.last_trigger is None or state.last_outcome is None:
        return ""
    is_person = state.last_trigger is PassTrigger.OPERATOR
    outcome = finding_words.OUTCOMES[state.last_outcome]
    by = who(state.last_requested_by or "") if is_person else finding_words.TRIGGERS[state.last_trigger]
    return f"{outcome}, by {by}"


async def _draw_findings(scope: Scope, query: Mapping[str, str], header: PageHeader) -> None:
    filters = ListFilters(query)
    filters.search("Search workflow id")
    filters.choice("kind", label="Finding", options=KINDS)
    filters.choice("standing", label="Standing", options=STANDINGS)
    if slug := query.get("tenant"):  # only links choose one
        filters.choice("tenant", label="Tenant", options={slug: slug})
    shown = LiveList(
        scope.hub,
        SHAPE,
        query=query,
        view=lambda now: findings_view(scope, now),
        header=header,
        filters=filters,
        on_open=lambda id_: finding_dialog.show(scope, id_),
        actions=finding_rows.actions(frozenset(remedy for remedy, needed in NEEDS.items() if sessions.may(needed))),
        on_action=lambda id_, remedy: finding_dialog.ask(scope, id_, Remedy(remedy)),
    )
    await shown.draw()


def state_view(scope: Scope) -> View[ReconcilerState, ReconcilerState]:
    return View(
        key="reconciler",
        concerns=lambda changed: changed.concerns("pass") or changed.concerns("finding"),
        load=scope.services.reads.reconciliation.state,
        news=lambda _, after: after,
    )


def findings_view(scope: Scope, query: Mapping[str, str]) -> View[Rows, News]:
    wanted = FindingFilter(
        kinds=frozenset({FindingKind(query["kind"])} if query.get("kind") in KINDS else ()),
        standing=Standing(query["standing"]) if query.get("standing") in STANDINGS else None,
        search=query.get("q", ""),
        tenant_slug=query.get("tenant", ""),
    )

    async def load() -> Rows:
        page = await page_or_one_before(read, query.get("cursor"))
        return Rows.of(page, live_rows.joined([finding_rows.row(finding) for finding in page.items], by="tenant"))

    async def read(cursor: str | None) -> Page[FindingView]:
        return await scope.services.reads.reconciliation.findings(wanted, cursor=cursor)

    return live_rows.view(
        ("findings", *sorted(query.items())),
        concerns=lambda changed: changed.concerns("finding"),
        load=load,
    )
