"""Monthly partitions of the history, made ready before they are needed; without one, rows stay in the default."""

import asyncio

import psycopg

from operations.connections import connect_directly
from operations.logs import logger

log = logger(__name__)

AHEAD = 3  #: months beside the current one
PAUSE, PAUSE_AFTER_ERROR = 6 * 3600.0, 600.0  #: seconds

# Making a partition waits for whoever reads the history, and all who come later wait behind it: not for long.
PREPARE = """
    SELECT count(*) FILTER (WHERE prepare_event_partition((this_month + ahead * interval '1 month')::date))
    FROM date_trunc('month', now() AT TIME ZONE 'UTC') AS this_month, generate_series(0, %(ahead)s) AS ahead,
         set_config('lock_timeout', '1s', true)
"""


async def prepare(dsn: str) -> None:
    """Prepare the coming months, again and again. Runs until cancelled."""
    while True:
        try:
            made = await prepare_now(dsn)
        except (psycopg.Error, OSError) as error:
            log.warning(
                "months of the history could not be prepared", why=str(error), next_try_seconds=PAUSE_AFTER_ERROR
            )
            await asyncio.sleep(PAUSE_AFTER_ERROR)
            continue
        if made:
            log.info("months of the history were prepared", number=made)
        await asyncio.sleep(PAUSE)


async def prepare_now(dsn: str) -> int:
    """How many months had not been there. Raises psycopg's errors."""
    async with await connect_directly(dsn, name="history") as connection:
        row = await (await connection.execute(PREPARE, {"ahead": AHEAD})).fetchone()
    return 0 if row is None else int(row[0])
