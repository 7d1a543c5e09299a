"""What happened, further back than a page shows at once."""

from dataclasses import dataclass
from uuid import UUID

from operations.database import Database
from operations.queries import execution_parts
from operations.queries.execution_views import EventView


@dataclass(frozen=True, kw_only=True, slots=True)
class Histories:
    """Reads about the past."""

    database: Database

    async def of_execution(self, id_: UUID, before: int) -> tuple[EventView, ...]:
        """The latest events that came before the one of this number, in their order; none at the beginning."""
        async with self.database.reading() as connection:
            return await execution_parts.events(connection, id_, before=before)
