"""What is done at once when Temporal is back: rows are looked at again, and what it did not take is delivered.

Whoever watches executions asks for it, so that one process of an installation does; who else delivers finds in the
database what is due.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from operations.database import Database
from operations.diagnosis.watcher import Watcher
from operations.errors import DatabaseUnavailable
from operations.logs import logger
from operations.outbox import claims

log = logger(__name__)

EVERY = 1.0  #: seconds between two questions
LATE = 10.0  #: seconds in which questions that were asked before the return still fail, as do those of a server half up
AT_ONCE = 500  #: commands that are recalled together


@dataclass(kw_only=True, slots=True)
class Returns:
    """Keep one per process; `run` it beside the rest."""

    database: Database
    watcher: Watcher
    wake: Callable[[], None]  #: the deliverer of this process
    _has_more: bool = False

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                log.warning("commands not recalled; they are tried again by themselves", why=error.message)
            except Exception:  # a bug that one look meets must not end the process that looks
                log.exception("the return of Temporal could not be looked for")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Nothing, while another process watches."""
        contact = self.watcher.contact
        if not self.watcher.has_lease:
            return
        if await contact.look():
            log.info("Temporal answers again")
            self.watcher.wake()
        if not contact.is_lost and (self._has_more or monotonic() - contact.returned_at < LATE):
            await self._recall()

    async def _recall(self) -> None:
        self._has_more = False  # nor is it tried again when this fails
        async with self.database.transaction() as connection:
            recalled = await claims.recall(connection, limit=AT_ONCE)
        self._has_more = recalled == AT_ONCE
        if recalled:
            self.wake()
