"""Lists as CSV, through pandas; what a spreadsheet would take for a formula is made text."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.api.actions import actor_of
from console.api.executions import Failures, Order, TriageWords, aware, of_failures, statuses, words
from console.api.parameters import Moment, Superseded, Term, Words, words_of
from operations.database import Database
from operations.queries.execution_views import STATUS_WORDS, ExecutionFilter, ExecutionView, Sort, TriageWord
from operations.queries.executions import ExecutionQueries
from operations.statuses import Cause, Health

ItemT = TypeVar("ItemT")
MOST = 10_000  #: rows of a file
#: What spreadsheets evaluate (OWASP, CSV injection), also in full width, behind blanks and behind separators.
FORMULA = re.compile(r"(?:^|[;,|])[\s\"']*[=+\-@＝＋－＠]|^[\t\r\n]")
COLUMNS = (
    "entity_slug",
    "entity_name",
    "workflow_type",
    "status",
    "close_reason",
    "attempt",
    "current_step",
    "steps_done",
    "steps_total",
    "error_message",
    "created_at",
    "started_at",
    "completed_at",
    "last_progress_at",
    "requested_by",
    "workflow_id",
    "id",
    "superseded_by_attempt",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportRoutes:
    """Everyone who is logged in may export what they may read."""

    executions: ExecutionQueries
    database: Database

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/exports", tags=["exports"])
        router.add_api_route("/executions.csv", self.export_executions, methods=["GET"], response_class=Response)
        return router

    async def export_executions(
        self,
        request: Request,
        *,
        status: Annotated[str, words_of(STATUS_WORDS)] = "",
        health: Annotated[str, words_of(Health)] = "",
        cause: Annotated[str, words_of(Cause)] = "",
        signature: Term = "",
        failures: Failures = "",
        superseded: Superseded = None,
        triage: TriageWords = "",
        type: Words = "",  # noqa: A002 - the names of the contract
        entity_id: UUID | None = None,
        q: Term = "",
        created_from: Moment = None,
        created_to: Moment = None,
        bulk: UUID | None = None,
        sort: Order = Sort.NEWEST,
    ) -> Response:
        """The filtered list as a file, up to 10,000 rows."""
        asked = words(TriageWord, triage, "triage")
        wanted = ExecutionFilter(
            statuses=statuses(status),
            failures=of_failures(failures),
            healths=words(Health, health, "health"),
            causes=frozenset(words(Cause, cause, "cause")),
            signature=signature or None,
            workflow_types=frozenset(value for value in type.split(",") if value),
            entity_id=entity_id,
            search=q,
            created_from=aware(created_from, "created_from"),
            created_to=aware(created_to, "created_to"),
            bulk_id=bulk,
        ).narrowed(superseded=superseded)
        wanted = wanted.triaged(asked, actor_of(request).staff_id)
        rows = await self.executions.export(wanted, sort=sort, limit=MOST)
        return file("executions", await asyncio.to_thread(SHEET.text, rows), made_at=await self.database.now())


def file(subject: str, text: str, *, made_at: datetime) -> Response:
    """A download. Excel takes UTF-8 for what it is only behind a byte order mark."""
    name = f"{subject}-{made_at:%Y%m%d-%H%M%S}.csv"
    return Response(
        text.encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet(Generic[ItemT]):
    """What a file of a list has: a line per item, the header first; times in RFC 3339 UTC."""

    columns: tuple[str, ...]
    field: Callable[[ItemT, str], object] = getattr

    def text(self, rows: Sequence[ItemT]) -> str:
        import pandas as pd  # noqa: PLC0415 - 40 MB that only an export needs

        cells = [[cell(self.field(row, name)) for name in self.columns] for row in rows]
        frame = pd.DataFrame(cells, columns=list(self.columns))
        text: str = frame.to_csv(index=False, lineterminator="\r\n")
        return text


def cell(value: object) -> str | int | None:
    """A value as the file shows it."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if FORMULA.search(text) else text


SHEET: Sheet[ExecutionView] = Sheet(columns=COLUMNS)
