"""What pages leave behind is freed without a look at everything that lives."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from nicegui import Client, ui
from nicegui.props import Props

from console.garbage import Remains
from workbench.servers import eventually

NEVER = 10**9  # parts


@asynccontextmanager
async def clearing() -> AsyncIterator[None]:
    """Remains are taken apart at once, and nobody looks for cycles."""
    remains = Remains(look=0.01, many=NEVER)
    gc.disable()
    try:
        with remains.following():
            task = asyncio.create_task(remains.clear_away())
            yield
            task.cancel()
    finally:
        gc.enable()


@pytest.fixture
def tab() -> Client:
    return Client(ui.page("/"), request=None)


async def test_parts_that_have_gone_are_freed_while_the_tab_lives(tab: Client) -> None:
    with tab:
        place, kept = ui.element("div"), _props_of_a_button()
    with place:
        gone = _props_of_a_button()

    async with clearing():
        place.clear()

        await eventually(_answer(lambda: gone() is None), bool, within=5)
    assert not place.is_deleted
    assert kept() is not None
    tab.delete()


async def test_a_part_whose_tab_has_gone_is_freed_and_still_knows_that_it_has_gone(tab: Client) -> None:
    with tab:
        label = ui.label("Running")
    held = weakref.ref(label.props)

    async with clearing():
        tab.delete()

        await eventually(_answer(lambda: held() is None), bool, within=5)
    assert label.is_deleted


async def test_without_it_they_wait_for_a_collection(tab: Client) -> None:
    with tab:
        place = ui.element("div")
    with place:
        gone = _props_of_a_button()
    gc.disable()
    try:
        place.clear()

        assert gone() is not None
    finally:
        gc.enable()
        tab.delete()


def _props_of_a_button() -> "weakref.ref[Props[ui.button]]":
    return weakref.ref(ui.button("Retry").props)


def _answer(look: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def answer() -> object:
        return look()

    return answer
