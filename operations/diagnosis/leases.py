"""Who watches: a lease that runs out, kept from round to round, and what the last round was like."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.database import Database

SILENCE = 60.0  #: seconds without a round, after which nobody knows how executions are doing


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """Whoever writes names its token: one that froze and wakes up writes nothing any more."""

    holder: str
    token: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one look was like."""

    still: int  #: executions without progress
    described: int
    asked: int  #: questions about single runs, and for lists of them
    seconds: float


async def take(database: Database, holder: str, *, seconds: float) -> Lease | None:
    """Take or renew it; None while another holds it."""
    async with database.transaction() as connection:
        token = await connection.scalar(TAKE, {"holder": holder, "seconds": seconds})
    return None if token is None else Lease(holder=holder, token=token)


async def finish(database: Database, lease: Lease, done: Round) -> None:
    values = {"token": lease.token, "still": done.still, "asked": done.asked, "seconds": done.seconds}
    async with database.transaction() as connection:
        await connection.execute(FINISH, values)


async def release(database: Database, holder: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(RELEASE, {"holder": holder})


async def silent_for(database: Database) -> float:
    """Seconds since a round finished; 0 when there never was one."""
    async with database.reading() as connection:
        return float(await connection.scalar(AGE) or 0)


async def has_looked(connection: AsyncConnection) -> bool:
    """Whether any round has finished since the database was made."""
    return bool(await connection.scalar(HAS_LOOKED))


TAKE = text(
    """
    UPDATE diagnosis_state SET
        token = CASE WHEN holder = :holder THEN token ELSE token + 1 END, holder = :holder,
        lease_expires_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE holder IS NULL OR holder = :holder OR lease_expires_at < clock_timestamp()
    RETURNING token
    """
)
# The first round of all is news, whatever it finds: from then on no trouble means that there is none.
FINISH = text(
    """
    WITH finished AS (
        UPDATE diagnosis_state SET finished_at = clock_timestamp(), still = :still, asked = :asked, seconds = :seconds
        FROM (SELECT finished_at AS at FROM diagnosis_state) AS latest
        WHERE token = :token RETURNING latest.at IS NULL AS is_first
    )
    INSERT INTO changes (kind, id) SELECT 'diagnosis', 'first' FROM finished WHERE is_first
    """
)
RELEASE = text("UPDATE diagnosis_state SET holder = NULL, lease_expires_at = NULL WHERE holder = :holder")
AGE = text("SELECT extract(epoch FROM clock_timestamp() - finished_at) FROM diagnosis_state")
HAS_LOOKED = text("SELECT finished_at IS NOT NULL FROM diagnosis_state")
