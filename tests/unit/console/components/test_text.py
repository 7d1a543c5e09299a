"""Texts of pages are no markup, and read in the order in which they were written."""

from nicegui import Client
from nicegui.page import page

from console.components.text import tag

TURNED = "evil\u202e=cmd"


def test_no_text_turns_its_direction_also_one_that_comes_later() -> None:
    with Client(page("/"), request=None):
        first, later = tag("p", TURNED), tag("p")
        later.set_text(TURNED)

    assert first.text == later.text == "evil⟨U+202E⟩=cmd"
