"""What a choice of one among a few needs so that screen readers can tell what it offers."""

from nicegui import ui

#: The list is made when it opens. Between it and its options lies what scrolls, which can take the focus without having
#: a role: a list may hold nothing of that kind.
HOLD_OPTIONS_ALONE = """(() => requestAnimationFrame(() => {
    for (const each of document.querySelectorAll(".q-menu[role=listbox] > .q-virtual-scroll__content"))
        each.removeAttribute("tabindex");
}))"""


def tell_options(choice: ui.select) -> None:
    """As a list of options and of nothing else."""
    choice.on("popupShow", js_handler=HOLD_OPTIONS_ALONE)
