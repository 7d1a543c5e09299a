"""One run for a tenant at a time, whatever its kind: of two who begin at once one is heard, the other told why."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.database import Database
from operations.errors import CannotDeprovision, CannotRetry
from operations.statuses import Role
from operations.temporal import Temporal
from tests.conftest import SECRET_KEY

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)


@pytest.fixture
async def other_console(database_url: str, temporal: Temporal) -> AsyncIterator[Services]:
    database = Database.at(database_url, name="other")
    yield Services.assemble(database, temporal, name="other", task_queue="test", secret_key=SECRET_KEY)
    await database.close()


@pytest.mark.parametrize("round_", range(5))
async def test_a_retry_and_a_removal_begun_at_once(
    services: Services, other_console: Services, connection: AsyncConnection, round_: int
) -> None:
    slug = f"torn-{round_}-{uuid.uuid4().hex[:8]}"
    registered = await services.tenants.register(
        OTTO, Registration(slug=slug, name="Torn", owner_email=f"{slug}@example.com")
    )
    await connection.execute(
        "UPDATE workflow_executions SET status = 'failed', close_reason = 'error', completed_at = now() WHERE id = %s",
        (registered.execution_id,),
    )
    await connection.execute("UPDATE tenants SET status = 'failed' WHERE slug = %s", (slug,))

    answers = await asyncio.gather(
        services.executions.retry(OTTO, registered.execution_id, "again"),
        other_console.tenants.deprovision(OTTO, slug, "they left"),
        return_exceptions=True,
    )

    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], CannotRetry | CannotDeprovision)
    assert "The tenant is" in refused[0].message
    assert "othing was changed" in refused[0].message
    found = await connection.execute(
        "SELECT workflow_type, lane FROM workflow_executions WHERE status = 'pending' AND entity_id = %s",
        (registered.tenant_id,),
    )
    assert len(await found.fetchall()) == 1


async def test_what_still_runs_has_to_end_before_a_tenant_is_removed(
    services: Services, connection: AsyncConnection
) -> None:
    """A run that switched the tenant on, and whose end nobody has reported yet."""
    slug = f"busy-{uuid.uuid4().hex[:8]}"
    await services.tenants.register(OTTO, Registration(slug=slug, name="Busy", owner_email=f"{slug}@example.com"))
    await connection.execute("UPDATE tenants SET status = 'active' WHERE slug = %s", (slug,))

    with pytest.raises(CannotDeprovision) as refused:
        await services.tenants.deprovision(OTTO, slug, "they left")

    assert refused.value.message == "Another run for this tenant is open, which has to end first; nothing was changed."
