"""One pass at a time: a lease that runs out, and a token that fences whoever held it before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.database import Database
from operations.errors import DatabaseUnavailable, LeaseLost, PassRunning, ReconciliationPaused


@dataclass(kw_only=True, slots=True)
class Lease:
    """Held by the pass that runs; every write of it stands behind `fence`."""

    database: Database
    token: int
    seconds: float
    renewed: float
    namespace_id: str | None
    resume_after: UUID | None
    round_began_at: datetime | None
    taken_at: datetime  #: by the database's clock

    async def keep(self) -> None:
        """Renew when a third has passed; raises `LeaseLost`."""
        if monotonic() - self.renewed < self.seconds / 3:
            return
        async with self.database.transaction() as connection:
            if (await connection.execute(RENEW, {"token": self.token, "seconds": self.seconds})).rowcount != 1:
                raise LeaseLost
        self.renewed = monotonic()

    async def fence(self, connection: AsyncConnection) -> None:
        """Hold the lease until the transaction ends; raises `LeaseLost`, as for a frozen holder that wakes up."""
        if await connection.scalar(FENCE, {"token": self.token}) is None:
            raise LeaseLost


@asynccontextmanager
async def held(database: Database, *, holder: str, seconds: float) -> AsyncIterator[Lease]:
    """Raises `PassRunning` or `ReconciliationPaused`. The holder itself may take its own lease over."""
    async with database.transaction() as connection:
        paused = (await connection.execute(PAUSED)).one_or_none()
        if paused is not None:
            raise ReconciliationPaused(
                f"Reconciliation is paused until {paused.paused_until:%Y-%m-%d %H:%M} UTC by {paused.paused_by}: "
                f"“{paused.pause_reason}”. Nothing was changed."
            )
        taken = (await connection.execute(TAKE, {"holder": holder, "seconds": seconds})).one_or_none()
        if taken is None:
            raise PassRunning
        await connection.execute(ABANDON)
    try:
        yield Lease(
            database=database,
            token=taken.token,
            seconds=seconds,
            renewed=monotonic(),
            namespace_id=taken.namespace_id,
            resume_after=taken.resume_after,
            round_began_at=taken.round_began_at,
            taken_at=taken.at,
        )
    finally:
        with suppress(DatabaseUnavailable):  # then it runs out by itself
            async with database.transaction() as connection:
                await connection.execute(RELEASE, {"token": taken.token})


PAUSED = text(
    """
    SELECT paused_until, paused_by, pause_reason FROM reconciliation_state
    WHERE paused_until > clock_timestamp()
    """
)
TAKE = text(
    """
    UPDATE reconciliation_state
    SET holder = :holder, token = token + 1, lease_expires_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE holder IS NULL OR holder = :holder OR lease_expires_at < clock_timestamp()
    RETURNING token, namespace_id, resume_after, round_began_at, clock_timestamp() AS at
    """
)
RENEW = text(
    """
    UPDATE reconciliation_state SET lease_expires_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE token = :token AND holder IS NOT NULL
    """
)
FENCE = text("SELECT 1 FROM reconciliation_state WHERE token = :token AND holder IS NOT NULL FOR SHARE")
RELEASE = text("UPDATE reconciliation_state SET holder = NULL, lease_expires_at = NULL WHERE token = :token")
# Whoever holds the lease now is alone, so every pass without an end was lost with its process.
ABANDON = text(
    """
    UPDATE reconciliation_passes SET outcome = 'abandoned', finished_at = clock_timestamp()
    WHERE finished_at IS NULL
    """
)
