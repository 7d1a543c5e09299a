"""The usual way, as a peer: NiceGUI's own table whose rows are replaced. `python -m bench.naive PORT DATABASE_URL`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakSet

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from prometheus_client import generate_latest
from starlette.responses import PlainTextResponse

from console.pages import execution_table
from operations.database import Database
from operations.feed import Feed
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.executions import ExecutionQueries

COLUMNS = [
    {"name": column.name, "label": column.label, "field": column.name, "align": "left"}
    for column in execution_table.COLUMNS
] + [{"name": "step", "label": "Step", "field": "step", "align": "left"}]
BUTTON = """
    <q-td :props="props"><q-btn flat icon="travel_explore" :aria-label="'Ask ' + props.row.id"
        @click="$parent.$emit('ask', props.row.id)" /></q-td>
"""
TICK = 0.1  #: seconds between two changes of the page with buttons


class Tables:
    """The open tables, and the rows that all of them show."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self.executions = ExecutionQueries(database=database)
        self.feed = feed
        self.open: WeakSet[ui.table] = WeakSet()
        self.busy: WeakSet[ui.table] = WeakSet()
        self.asked: list[str] = []

    async def rows(self) -> list[dict[str, object]]:
        page = await self.executions.list(ExecutionFilter(), sort=Sort.ATTENTION)
        return [dict(row) for row in execution_table.rows(page).rows]

    async def follow(self) -> None:
        """One query per look, as ours; then every table gets all its rows anew."""
        async for _ in self.feed.watch():
            rows = await self.rows()
            for table in [table for table in self.open if not table.is_deleted]:
                table.rows = [dict(row) for row in rows]

    async def tick(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(TICK)
            number += 1
            for table in [table for table in self.busy if not table.is_deleted]:
                table.rows[number % 3]["step"] = f"Change {number}"
                table.update()


def build(database_url: str) -> FastAPI:
    database = Database.at(database_url, name="naive")
    tables = Tables(database, Feed(dsn=database.dsn))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(tables.follow()), asyncio.ensure_future(tables.tick())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await database.close()

    application = FastAPI(lifespan=lifespan)

    @application.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> bytes:
        return generate_latest()

    @application.get("/asked")
    def asked() -> list[str]:
        return tables.asked

    @ui.page("/executions")
    async def executions() -> None:
        tables.open.add(ui.table(columns=COLUMNS, rows=await tables.rows(), row_key="id"))

    @ui.page("/buttons")
    async def buttons() -> None:
        columns = [*COLUMNS[:4], {"name": "ask", "label": "", "field": "id"}]
        table = ui.table(columns=columns, rows=await tables.rows(), row_key="id")
        table.add_slot("body-cell-ask", BUTTON)
        table.on("ask", lambda event: tables.asked.append(str(event.args)))
        tables.busy.add(table)

    @ui.page("/empty")
    def empty() -> None:
        ui.label("Nothing")

    ui.run_with(application, language="en-US", show_welcome_message=False)
    return application


if __name__ == "__main__":
    uvicorn.run(
        build(sys.argv[2]),
        port=int(sys.argv[1]),
        log_level="error",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
