"""Fills a database that was made for a demo."""

import asyncio
from datetime import UTC, datetime

import psycopg
from psycopg import AsyncConnection

from demo import history, scene, troubles, writing
from demo.history import Story
from operations.bootstrap import Services
from operations.settings import Settings
from operations.statuses import TenantStatus
from workers.activities import schemas

SEED = 7
SCHEMAS_AT_ONCE = 2  #: as many as there are cores, at least
SET_VERSIONS = "UPDATE tenants SET schema_version = %s WHERE status = 'active'"


def fill(settings: Settings, *, seed: int = SEED) -> Story:
    """Write the story into an empty database. Raises `ConfigurationError` for one that was not made for a demo."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    story = history.tell(seed, now)
    with psycopg.connect(settings.database_dsn, autocommit=True) as connection:
        scene.require_mark(connection)
        scene.set_up(connection)
        writing.write(connection, story)
        connection.execute("VACUUM (ANALYZE) tenants, workflow_executions, execution_steps")
    asyncio.run(_make_real(settings, story))
    with psycopg.connect(settings.database_dsn, autocommit=True) as connection:
        scene.note_filled(connection, seed)
    return story


async def _make_real(settings: Settings, story: Story) -> None:
    """The schemas of those that are active, and the trouble."""
    active = iter([fate for fate in story.fates if fate.status is TenantStatus.ACTIVE])

    async def make_schemas() -> None:
        async with await _connect(settings) as connection:
            for fate in active:
                name, id_ = f"tenant_{fate.customer.id.hex}", str(fate.customer.id)
                async with connection.transaction():
                    await schemas.create(connection, name, id_)
                    await schemas.migrate(connection, name, id_)

    async with asyncio.TaskGroup() as group:
        for _ in range(SCHEMAS_AT_ONCE):
            group.create_task(make_schemas())
    services = await Services.connect(settings, part="demo")
    try:
        async with await _connect(settings) as connection:
            await connection.execute(SET_VERSIONS, (schemas.latest_version(),))
            await troubles.make(services, connection, story)
    finally:
        await services.close()


async def _connect(settings: Settings) -> AsyncConnection:
    connection = await AsyncConnection.connect(settings.database_dsn, autocommit=True)
    await connection.execute("SET synchronous_commit = off")
    return connection
