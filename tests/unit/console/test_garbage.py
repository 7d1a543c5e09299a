"""What pages leave behind is freed without a look at everything that lives."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from nicegui import Client, ui
from nicegui.props import Props

from console import garbage
from console.garbage import Remains
from tests.servers import eventually


@pytest.fixture
async def clearing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Remains are taken apart at once, and nobody looks for cycles."""
    monkeypatch.setattr(Client, "remove_elements", Client.remove_elements)  # put back afterwards
    monkeypatch.setattr(garbage, "LOOK", 0.01)
    monkeypatch.setattr(garbage, "MANY", 10**9)
    remains = Remains()
    remains.follow()
    gc.disable()
    task = asyncio.create_task(remains.clear_away())
    yield
    task.cancel()
    gc.enable()


@pytest.mark.usefixtures("clearing")
async def test_parts_that_have_gone_are_freed_while_the_tab_lives() -> None:
    tab = Client(ui.page("/"), request=None)
    with tab:
        place = ui.element("div")
    with place:
        gone = _props_of_a_button()

    place.clear()

    await eventually(_answer(lambda: gone() is None), bool, within=5)
    assert not place.is_deleted
    tab.delete()


@pytest.mark.usefixtures("clearing")
async def test_a_part_taken_apart_still_knows_that_it_has_gone() -> None:
    tab = Client(ui.page("/"), request=None)
    with tab:
        label = ui.label("Running")

    tab.delete()

    await eventually(_answer(lambda: len(vars(label))), lambda parts: parts == 1, within=5)
    assert label.is_deleted


def _props_of_a_button() -> "weakref.ref[Props[ui.button]]":
    return weakref.ref(ui.button("Retry").props)


def _answer(look: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def answer() -> object:
        return look()

    return answer
