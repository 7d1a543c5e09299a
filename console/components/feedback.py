"""Answers to what people do: toasts, and errors they can act on."""

from collections.abc import Awaitable
from enum import StrEnum
from typing import TypeVar

from nicegui import ui

from operations.errors import OperationsError

T = TypeVar("T")


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
