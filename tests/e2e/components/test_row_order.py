"""Rows take the places that patches name, at once or as soon as nobody works in the table."""

from playwright.async_api import Page

from tests.e2e.components.conftest import Look

ORDER = "[...document.querySelectorAll('tbody tr:not(.gone)')].slice(0, 6).map(row => row.dataset.id.slice(-2))"
IS_IN_ORDER = f"order => JSON.stringify({ORDER}) === JSON.stringify(order)"


def id_of(number: int) -> str:
    return f"0198f2c4-7b1e-7d3a-9c55-{number:012x}"


def row(number: int) -> dict[str, object]:
    return {"id": id_of(number), "status": "pending", "workflow": f"provision-tenant-{number}"}


async def patch(page: Page, **parts: object) -> None:
    """By the tab's line, as all patches come: the page may still be hearing which rows they are patches of."""
    answer = await page.request.post("/patches", data=parts)
    assert answer.ok, await answer.text()


async def until_in_order(page: Page, *order: str) -> None:
    await page.wait_for_function(IS_IN_ORDER, arg=order)


async def test_a_row_takes_its_new_place(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)

    await patch(page, moves=[[id_of(1), 4]])

    await until_in_order(page, "00", "02", "03", "04", "01", "05")


async def test_rows_come_go_and_move_in_one_patch(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)

    await patch(page, removed=[id_of(2)], inserted=[row(0xAA)], moves=[[id_of(5), 0], [id_of(0xAA), 3]])

    await until_in_order(page, "05", "00", "01", "aa", "03", "04")


async def test_places_add_up_while_somebody_works_in_the_table(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)
    await page.locator("tbody tr").nth(3).hover()
    await patch(page, inserted=[row(0xAA)], moves=[[id_of(0xAA), 0]])
    await patch(page, moves=[[id_of(3), 0]])
    await patch(page, removed=[id_of(0xAA)], inserted=[row(0xBB)], moves=[[id_of(0xBB), 2]])
    await patch(page, changed=[{"id": id_of(9), "tenant": "Told last"}])
    await page.locator("tbody tr").get_by_text("Told last", exact=True).wait_for()  # the others came before it
    assert await page.evaluate(ORDER) == ["00", "01", "02", "03", "04", "05"]

    await page.mouse.move(5, 300)

    await until_in_order(page, "03", "00", "bb", "01", "02", "04")


async def test_a_new_row_without_a_place_comes_first(look: Look) -> None:
    page = await look("/executions?rows=40", running=False)

    await patch(page, inserted=[row(0xAA), row(0xBB)])

    await until_in_order(page, "bb", "aa", "00", "01", "02", "03")
