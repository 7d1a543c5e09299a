"""The page of one group: executions that stand still for one cause and by one error, and what people say of them."""

from nicegui.page_arguments import PageArguments

from console.channels import Listener, View
from console.components.cards import Section
from console.components.incidents import IncidentBoard
from console.components.page_headers import PageHeader
from console.components.tables import Empty, EmptyKind, Layout
from console.pages import address, bulk_words, execution_table, group_bulk, incidents, live_rows
from console.pages.group_bulk import GroupBulk, Known
from console.pages.live_rows import News, Rows
from console.pages.overview import COLUMNS, OPEN
from console.pages.place import Place
from console.pages.rows_table import RowsTable
from console.pages.scope import Scope
from console.pages.triage_panel import TriagePanel
from operations.actions.triage import Group
from operations.diagnosis.advice import advice
from operations.errors import GroupNotFound
from operations.phrases import root
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.statuses import Cause

MOST_ROWS = 10  #: of which the rest is a click away
LOOKED_AT = 50
NONE = Empty(kind=EmptyKind.ALL_HEALTHY, title="None is left", text="Nothing stands still for this any more.")


async def build(scope: Scope, arguments: PageArguments) -> None:
    """Draw the page and keep it true."""
    cause = arguments.path_parameters["cause"]
    if cause not in list(Cause):
        raise GroupNotFound
    signature = address.values(arguments).get("signature", "").replace("\0", "") or None
    group = Group(cause=cause, signature=signature)
    followed = group_bulk.view(scope, group)
    title, known = named(group, await followed.load()), advice(Cause(cause))
    PageHeader(title, subtitle="" if title == known.title else known.title, back=("Overview", "/"))
    board = IncidentBoard()
    bulk = GroupBulk(scope, group)
    with Section("Its runs", subtitle="Longest without progress first", flush=True):
        runs = RowsTable(
            scope.hub,
            rows_view(scope, group),
            columns=COLUMNS,
            caption="Runs of this group",
            empty=NONE,
            row_path="/executions/{id}",
            layout=Layout.BRIEF,
        )
    triage = TriagePanel(scope, group, name="the group")

    def show(now: Known) -> None:
        board.show([] if now.group is None else [incidents.of_group(now.group)])

    listener = Listener[Known](show)
    show((await scope.hub.watch(followed, listener)).value)
    await bulk.follow()
    await runs.draw()
    await triage.follow()
    if address.values(arguments).get("do") == bulk_words.FIRST:  # once: going back does not ask again
        address.keep(f"/groups/{cause}", {"signature": signature}, new_entry=False)
        await bulk.ask_for_first()


PLACE = Place(path="/groups/{cause}", title="Group", build=build)


def named(group: Group, known: Known) -> str:
    """As the overview calls it; of what is over, by what it was."""
    if known.group is not None:
        return incidents.title(known.group)
    return root(group.signature) if group.signature else advice(Cause(group.cause)).title


def rows_view(scope: Scope, group: Group) -> View[Rows, News]:
    wanted = ExecutionFilter(statuses=OPEN, causes=frozenset({group.cause}), signature=group.signature)

    async def load() -> Rows:
        page = await scope.services.reads.executions.list(wanted, sort=Sort.ATTENTION, limit=LOOKED_AT)
        # A filter without an error asks for those with one as well, which are of other groups.
        own = [each for each in page.items if each.signature == group.signature]
        return Rows.of(page, [execution_table.row(each) for each in own[:MOST_ROWS]])

    return live_rows.view(("runs of group", group), concerns=execution_table.concerns, load=load)
