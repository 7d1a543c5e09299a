"""The pages of the gallery."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from weakref import WeakSet

from fastapi import FastAPI
from nicegui import Client, ui

from console.components import badges, cards, charts, feedback, fields, tables, timeline
from console.components.banners import Notice
from console.components.counts import Count, Counts
from console.components.dialogs import Question
from console.components.filters import FilterBar, SelectionBar
from console.components.page_headers import PageHeader
from console.components.pager import Pager, Range
from console.components.shell import Frame
from console.components.tables import Action, Column, Empty, EmptyKind, Kind
from console.components.text import tag
from console.lines import Edition, Lines
from operations.errors import InvalidInput, TemporalUnavailable
from workbench import fake_rows
from workbench.gallery_timelines import TIMELINES

COLUMNS = [
    Column(
        name="status",
        label="Status",
        kind=Kind.STATUS,
        secondary="sign",
        tone="tone",
        since="sign_since",
        sortable=True,
        hideable=False,
    ),
    Column(
        name="workflow", label="Workflow", kind=Kind.LINK, href="/executions/{id}", secondary="step", hideable=False
    ),
    Column(name="tenant", label="Tenant", secondary="slug", sortable=True),
    Column(name="done", label="Steps", kind=Kind.PROGRESS, total="steps"),
    Column(name="error", label="Cause or last error", kind=Kind.ERROR),
    Column(name="started", label="Started", kind=Kind.TIME, sortable=True),
    Column(name="duration", label="Duration", kind=Kind.DURATION, since="started", sortable=True, align="right"),
    Column(name="attempt", label="Attempt", kind=Kind.NUMBER, align="right", hidden=True),
    Column(name="id", label="Id", kind=Kind.ID, hidden=True),
]
ACTIONS = [
    Action(name="ask", label="Ask Temporal", icon="search"),
    Action(name="retry", label="Retry", icon="replay"),
    Action(name="cancel", label="Cancel", icon="cancel", danger=True),
]


LINES = Lines()


class Changes:
    """Changes a row ten times a second in every open table, like a busy night."""

    def __init__(self) -> None:
        self.edition = Edition(1, 0)
        self.rows = fake_rows.rows(300)
        self.tables: WeakSet[tables.LiveTable] = WeakSet()
        self.is_running = True

    def start(self, application: FastAPI) -> None:
        inner = application.router.lifespan_context

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with inner(app):
                task = asyncio.create_task(self.run())
                yield
                task.cancel()

        application.router.lifespan_context = lifespan

    async def run(self) -> None:
        choice = random.Random(3)
        while True:
            await asyncio.sleep(0.1)
            if not self.is_running:
                continue
            row = choice.choice((self.rows[0], choice.choice(self.rows[:20])))
            status = choice.choice(("running", "completed", "failed", "retrying"))
            change = {"id": row["id"], "status": status, "actions": fake_rows.actions(status)}
            row.update(change)
            self.send(tables.Patch(changed=[change]))

    def greet(self, client: Client) -> None:
        LINES.begin(client, lambda: [self.edition.frame()])

    def send(self, patch: tables.Patch) -> None:
        self.edition = Edition(self.edition.view, self.edition.number + 1)
        frame = self.edition.frame(patch.to_json())
        for tab in {table.client.id for table in self.tables if not table.is_deleted}:
            LINES.push(tab, frame)

    def insert(self, number: int) -> None:
        new = {**fake_rows.row(number, datetime.now(UTC)), "workflow": f"provision-tenant-new-{number}"}
        self.send(tables.Patch(inserted=[new]))

    def rename(self, tenant: str) -> None:
        self.rows[0]["tenant"] = tenant
        self.send(tables.Patch(changed=[{"id": self.rows[0]["id"], "tenant": tenant}]))

    def remove(self, index: int) -> None:
        self.send(tables.Patch(removed=[str(self.rows[index]["id"])]))


CHANGES = Changes()


def executions(rows: int = 300, *, whole: bool = False) -> None:
    """`whole`: there is no page but this one."""
    header = PageHeader("Executions", subtitle="Runs of all tenants, those without progress first")
    with header:
        ui.button("Register tenant", icon="add")
    header.set_total(len(CHANGES.rows))
    log = tag("p", classes="visually-hidden").props("id=log")
    heard: list[str] = []

    def note(kind: str) -> Callable[..., None]:
        def write(*arguments: object) -> None:
            heard.append(f"{kind} {arguments}")
            log.set_text("\n".join(heard[-40:]))

        return write

    bar = _bars(note)

    def select(ids: list[str]) -> None:
        bar.show(len(ids))
        note("select")(ids)

    place = ui.element("div").classes("list")
    with place:
        table = tables.LiveTable(
            columns=COLUMNS,
            caption="Executions",
            actions=ACTIONS,
            selectable=True,
            naming="workflow",
            limit=400,
            trail="/executions",
            handlers=tables.Handlers(
                select=select,
                sort=note("sort"),
                open=note("open"),
                action=note("action"),
                columns=note("columns"),
                show_new=note("show_new"),
                remounted=note("remounted"),
                behind=lambda: table.sync(tables.to_json(CHANGES.rows[:rows]), CHANGES.edition),
            ),
        )
    table.reset(tables.to_json(CHANGES.rows[:rows]), CHANGES.edition)
    CHANGES.tables.add(table)
    bar.serve(table)
    with place:
        _foot(note, rows if whole else None)


def _bars(note: Callable[[str], Callable[..., None]]) -> SelectionBar:
    status = [("running", "Running"), ("retrying", "Retrying"), ("pending", "Pending"), ("failed", "Failed")]
    all_counts = [
        Count(value="stuck", label="Stuck", tone="stuck"),
        Count(value="drift", label="Drift", tone="drift"),
    ]
    all_counts += [Count(value=value, label=label, status=value) for value, label in status]
    counts = Counts(all_counts, label="Filter by status", cap=1000, chosen=["stuck"], on_choose=note("choose"))
    counts.show({"stuck": 3, "drift": 1, "running": 128, "retrying": 7, "failed": 24})
    place = ui.element("div").classes("filter-place")
    with place:
        filters = FilterBar(on_clear=note("clear"))
    filters.search(label="Search tenant, workflow or error", on_change=note("search"))
    filters.choice(label="Workflow", options={"provision": "Provision", "remove": "Remove"}, on_change=note("workflow"))
    filters.choice(
        label="Period", options={"day": "Last day", "week": "Last week"}, value="day", on_change=note("period")
    )
    filters.days(
        label="Created",
        first="2026-03-28T23:00:00.000Z",
        end="2026-03-29T22:00:00.000Z",
        on_change=lambda first, end: note("days")(f"{first} {end}"),
    )
    filters.show_clear(is_filtered=True)
    with place:
        bar = SelectionBar(instead=filters)
    with bar:
        ui.button("Retry", icon="replay").props("outline")
        ui.button("Cancel", icon="cancel", color="negative")
    return bar


def _foot(note: Callable[[str], Callable[..., None]], whole: int | None) -> None:
    pager = Pager(on_page=note("page"))
    if whole is None:
        pager.show(Range(preceding=50, shown=50, total=312, capped=False), before="a", after="b")
    else:
        pager.show(Range(preceding=0, shown=whole, total=whole, capped=False), before=None, after=None)
    with pager.extras:
        ui.button("Export CSV", icon="download").props("outline")


def hostile() -> None:
    text = fake_rows.HOSTILE[0]
    PageHeader(text, subtitle=fake_rows.HOSTILE[5])
    tables.LiveTable(
        columns=COLUMNS,
        caption="Hostile",
        rows_json=tables.to_json(fake_rows.hostile_rows()),
        actions=ACTIONS,
        selectable=True,
        naming="workflow",
    )
    with cards.Section(text, subtitle=text):
        cards.facts([cards.Fact(label=text, value=each) for each in fake_rows.HOSTILE])
        steps = [timeline.Step(name=each, status=each, error=each) for each in fake_rows.HOSTILE]
        timeline.StepTimeline(timeline.Timeline(began=datetime.now(UTC), steps=steps))
        timeline.event_list(
            [timeline.Event(at=datetime.now(UTC), title=each, text=each, who=each) for each in fake_rows.HOSTILE]
        )


def overview(frame: Frame) -> None:
    with PageHeader("Overview", subtitle="Last 24 hours, all tenants"):
        ui.button("Show banner", on_click=lambda: _banner(frame)).props("outline")
    with cards.kpis():
        for label, value, delta, trend in KPIS:
            cards.Kpi(label, href="/executions").show(value, delta=delta, trend=trend)
    with ui.element("div").classes("columns"):
        with cards.Section("Throughput", subtitle="Runs per hour by outcome"):
            charts.stacked_bars(
                [datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in range(24)],
                [
                    charts.Series(label=word, tone=word.lower(), values=[(hour * k) % 37 + k for hour in range(24)])
                    for word, k in (("Completed", 23), ("Retrying", 3), ("Failed", 2))
                ],
            )
        with cards.Section("Last reconciliation") as section:
            cards.facts(FACTS)
        with section.actions:
            ui.button("Run now", icon="sync").props("outline")
    with cards.Section("Recent events"):
        now = datetime.now(UTC)
        timeline.event_list(
            [
                timeline.Event(at=now - timedelta(seconds=20), title="Acme Logistics is active", status="active"),
                timeline.Event(
                    at=now - timedelta(minutes=9),
                    title="Run of Globex cancelled",
                    text="Wrong domain; the customer will register again.",
                    who="anna.keller",
                    status="cancelled",
                    href="/executions",
                ),
            ]
        )


def _banner(frame: Frame) -> None:
    temporal = Notice(
        name="temporal",
        title="Temporal does not answer",
        since=datetime.now(UTC) - timedelta(minutes=4),
        parts=(("Still works", "Registrations are kept and go on by themselves."),),
    )
    frame.banners.show([temporal])


KPIS: list[tuple[str, str, str, cards.Trend]] = [
    ("Running", "128", "+3 % vs. yesterday", "neutral"),
    ("Completed", "18,204", "+1.8 % vs. yesterday", "good"),
    ("Failed", "37", "+12 vs. yesterday", "bad"),
    ("Time to active, p95", "41.2 s", "−2.4 s vs. yesterday", "good"),
    ("Stuck", "3", "", "neutral"),
]
FACTS = [
    cards.Fact(label="Finished", value=datetime.now(UTC) - timedelta(minutes=3)),
    cards.Fact(label="Took", value="1.9 s"),
    cards.Fact(label="Compared", value="1,209 runs"),
    cards.Fact(label="Findings", value="2 of drift, 1 orphan", href="/reconciliation"),
    cards.Fact(label="Run id", value="0198f2c4-7b1e-7d3a-9c55-000000000001", mono=True),
]


def execution(frame: Frame, id: str) -> None:  # noqa: A002 - the name in the route
    header = PageHeader(
        "provision-tenant-10498",
        subtitle="Umbrella Health, plan business",
        back=("Executions", "/executions"),
        here=f"/executions/{id}",
    )
    with header.badges:
        badges.StatusBadges(
            "running",
            sign=badges.Sign(tone=badges.Tone.STUCK, word="Stuck", since=datetime.now(UTC) - timedelta(minutes=42)),
        )
        badges.chip("business", icon="label")
    with header:
        ui.button("Cancel run", icon="cancel", color="negative", on_click=lambda: _ask(frame))
        ui.button("Fail", on_click=lambda: feedback.attempt(_fail())).props("outline")
    for title, shown in TIMELINES.items():
        with cards.Section(title):
            timeline.StepTimeline(shown(datetime.now(UTC)), caption=title)
    with cards.Section("Facts"):
        cards.facts([*FACTS, cards.Fact(label="Execution", value=id, mono=True)])


QUESTION = Question(
    title="Cancel provision-tenant-10498 of Umbrella Health?",
    what_will_happen=("Retrying → Canceled", "The step configure_domain stops at its next heartbeat"),
    not_undone=("The schema tenant_umbrella_health stays",),
    danger=True,
    action="Cancel the run",
)


def _ask(frame: Frame) -> None:
    async def carry_out(reason: str) -> None:
        if len(reason) < 3:
            raise InvalidInput({"reason": "The reason must have 3 to 500 characters."})
        feedback.toast(f"Cancel requested: {reason}")

    frame.dialogs.ask(lambda: QUESTION, carry_out, draft="Cancel run")


async def _fail() -> None:
    raise TemporalUnavailable


def tenants() -> None:
    PageHeader("Register tenant", subtitle="The run starts at once and can be followed live")
    with cards.Section("Customer"), ui.element("div").classes("form"):
        fields.TextField("Name", required=True, hint="As it stands in the contract")
        fields.TextField("Slug", required=True, mono=True, hint="Lower case letters, digits, hyphens", check=_check)
        fields.SelectField("Plan", options={"starter": "Starter", "business": "Business"}, value="starter")
        fields.TextField("Contact", kind="email")
        ui.button("Register", icon="add")


async def _check(slug: str) -> fields.Verdict:
    if slug == "acme":
        return fields.Verdict(problem="acme is taken by Acme Logistics.")
    return fields.Verdict(note=f"{slug} is free" if slug else "")


def empties() -> None:
    PageHeader("Audit", subtitle="The four empty states and the skeleton")
    texts = {
        EmptyKind.NOTHING_YET: (
            "No tenant yet",
            "Register the first one; its run can be followed here.",
            "Register tenant",
        ),
        EmptyKind.NOTHING_MATCHES: ("Nothing matches", "No run has this status and this text.", "Clear filters"),
        EmptyKind.ALL_HEALTHY: ("All healthy", "No run is stuck, drifted or failed.", None),
        EmptyKind.UNAVAILABLE: ("Temporal does not answer", "Since 14:02. The list above is still right.", None),
        EmptyKind.NOT_FOUND: ("Not found", "There is no tenant with this slug.", "Go to the overview"),
        EmptyKind.NOT_PERMITTED: ("Not permitted", "This needs the role operator.", None),
    }
    with ui.element("div").classes("columns"):
        for kind, (title, text, action) in texts.items():
            empty = Empty(kind=kind, title=title, text=text, action=action, href="/tenants" if action else None)
            cards.empty_state(empty)
    tables.LiveTable(columns=COLUMNS[:4], caption="Empty", rows_json="[]", empty=empty, keyboard=False)
    tables.LiveTable(columns=COLUMNS[:6], caption="Loading", keyboard=False)


PAGES: dict[str, Callable[..., object]] = {
    "/": overview,
    "/executions": executions,
    "/executions/{id}": execution,
    "/tenants": tenants,
    "/audit": empties,
    "/hostile": hostile,
}
