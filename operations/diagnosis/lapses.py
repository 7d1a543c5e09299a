"""Ends what is over of triage: a snooze whose time has come, and what was said of a group that is no more.

Whichever process looks first writes it: no lease is needed.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from operations.database import Database
from operations.errors import DatabaseUnavailable
from operations.logs import logger

log = logger(__name__)

EVERY = 2.0  #: seconds
#: For which a group is remembered that nobody belongs to: for as long a retry is watched, and may fail again.
REMEMBERED = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lapses:
    """Keep one per process; `run` it beside the rest."""

    database: Database
    remembered: timedelta = REMEMBERED

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                with suppress(DatabaseUnavailable):
                    await self.look()
            except Exception:  # a bug that one look meets must not end the process that looks
                log.exception("triage could not be looked at")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Nothing is written where nothing is over."""
        async with self.database.transaction() as connection:
            await connection.execute(WAKE)
            await connection.execute(MISS_GROUPS)
            await connection.execute(FORGET_GROUPS, {"remembered": self.remembered})


# What comes back needs to be acknowledged anew.
WAKE = text(
    """
    UPDATE triage SET snoozed_by = NULL, snoozed_until = NULL, acknowledged_by = NULL, acknowledged_at = NULL
    WHERE id IN (SELECT id FROM triage WHERE snoozed_until <= clock_timestamp() FOR UPDATE SKIP LOCKED)
    """
)
MISS_GROUPS = text(
    """
    WITH known AS (
        SELECT r.id, r.absent_since, EXISTS (
            SELECT FROM workflow_executions e
            WHERE e.status IN ('pending', 'running') AND e.health <> 'ok'
              AND coalesce(e.cause, 'unknown') = r.cause AND coalesce(e.signature, '') = r.signature
        ) AS lives
        FROM triage r WHERE r.execution_id IS NULL AND r.ended_at IS NULL FOR UPDATE OF r SKIP LOCKED
    )
    UPDATE triage SET absent_since = CASE WHEN known.lives THEN NULL ELSE clock_timestamp() END
    FROM known WHERE known.id = triage.id AND known.lives = (known.absent_since IS NOT NULL)
    """
)
FORGET_GROUPS = text(
    """
    UPDATE triage SET ended_at = clock_timestamp()
    WHERE id IN (
        SELECT id FROM triage
        WHERE execution_id IS NULL AND ended_at IS NULL AND absent_since < clock_timestamp() - :remembered
        FOR UPDATE SKIP LOCKED
    )
    """
)
