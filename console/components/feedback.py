"""Answers to what people do: toasts, confirmations, and errors they can act on."""

from collections.abc import Awaitable, Sequence
from enum import StrEnum
from typing import TypeVar

from nicegui import ui

from console.components.text import attribute, tag
from operations.errors import OperationsError

T = TypeVar("T")
LONGEST_REASON = 500  # characters


class Tone(StrEnum):
    """What kind of answer it is."""

    SUCCESS = "success"
    INFO = "info"
    ERROR = "error"


ICONS = {Tone.SUCCESS: "check_circle", Tone.INFO: "info", Tone.ERROR: "error"}


def toast(message: str, tone: Tone = Tone.SUCCESS) -> None:
    """Say it in a corner; errors stay twice as long."""
    ui.notify(
        message,
        position="bottom-right",
        close_button="Close",
        icon=ICONS[tone],
        classes="toast",
        textColor="toast",  # no such colour: the stylesheet decides, where Quasar would insist on white
        timeout=10_000 if tone is Tone.ERROR else 5_000,
        attrs={"data-tone": tone.value, "role": "alert" if tone is Tone.ERROR else "status"},
    )


async def attempt(awaitable: Awaitable[T]) -> T | None:
    """Its result; or None after a toast, if an operation says that it could not be done."""
    try:
        return await awaitable
    except OperationsError as error:
        toast(error.message, Tone.ERROR)
        return None


async def confirm(
    title: str,
    *,
    what_will_happen: Sequence[str],
    not_undone: Sequence[str] = (),
    skipped: Sequence[str] = (),
    ask_reason: bool = True,
    danger: bool = False,
    action: str = "Confirm",
) -> str | None:
    """The reason given ("" when none was asked for), or None if they thought better of it.

    `title` names the object and asks; `action` is the word on the button. With `ask_reason`, nothing can be
    confirmed without one.
    """
    with ui.dialog() as dialog, ui.element("div").classes("confirm") as card:
        heading = tag("h2", title)
        attribute(heading, "id", f"confirm-{dialog.id}")
        attribute(dialog, "aria-labelledby", f"confirm-{dialog.id}")
        _points("What will happen", what_will_happen, "arrow_forward")
        _points("Skipped", skipped, "remove")
        _points("Not undone by this", not_undone, "warning")
        reason = _reason_field() if ask_reason else None
        with ui.element("div").classes("confirm-buttons"):
            ui.button("Keep as it is", on_click=lambda: dialog.submit(None)).props("outline")
            go = ui.button(action, color="negative" if danger else "primary")
    attribute(card, "data-danger", danger)

    def submit() -> None:
        text = reason.value.strip() if reason is not None and reason.value else ""
        if reason is not None and not text:
            reason.props('error error-message="A reason is needed; it is kept in the audit log."')
            reason.run_method("focus")
            return
        dialog.submit(text)

    go.on_click(submit)
    answer: object = await dialog
    dialog.delete()
    return answer if isinstance(answer, str) else None


def _points(title: str, points: Sequence[str], icon: str) -> None:
    if not points:
        return
    tag("h3", title)
    with ui.element("ul").classes("points"):
        for point in points:
            with ui.element("li"):
                ui.icon(icon)
                tag("span", point)


def _reason_field() -> ui.textarea:
    tag("label", "Reason", classes="field-label").props("for=confirm-reason")
    return ui.textarea(placeholder="Why? Colleagues will read this.").props(
        f"for=confirm-reason rows=2 autofocus maxlength={LONGEST_REASON}"
    )
