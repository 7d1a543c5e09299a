"""Whether all that must be true of the installation is true, for administrators: what `tenantry doctor` says."""

from collections.abc import Sequence

from nicegui import ui
from nicegui.page_arguments import PageArguments

from console.components.cards import Section
from console.components.page_headers import PageHeader
from console.components.text import tag
from console.pages.place import Nav, Place
from console.pages.scope import Scope
from operations.access import Permission
from operations.doctor.examination import Line


async def build(scope: Scope, _: PageArguments) -> None:
    """Look once, and again whenever somebody asks for it: a look costs more than a page."""

    async def look() -> None:
        lines = await scope.services.lookout.doctor.examine()
        _show_ill(ill, [line for line in lines if not line.is_well])
        well.clear()
        with well:
            for line in lines:
                if line.is_well:
                    tag("li", line.title)

    with PageHeader(PLACE.title, subtitle="Whether all that must be true of this installation is true"):
        ui.button("Look again", icon="refresh", on_click=look)
    with Section("Not as it must be"):
        ill = ui.element("div")
    with Section("As it must be"):
        well = ui.element("ul")
    await look()


PLACE = Place(
    path="/doctor",
    title="Doctor",
    build=build,
    nav=Nav(icon="health_and_safety", key="d", section="Administer"),
    permission=Permission.EXAMINE,
)


def _show_ill(box: ui.element, lines: Sequence[Line]) -> None:
    box.clear()
    with box:
        if not lines:
            tag("p", "Nothing: all is as it must be.", classes="notice-text")
        for line in lines:
            tag("h3", line.title)
            with ui.element("ul"):
                for each in line.found:
                    tag("li", each)
            if line.remedy:
                tag("p", line.remedy, classes="notice-text")
