"""Each retry is watched until it is known whether it helped."""

from operations.access import Actor
from operations.database import Database
from operations.diagnosis.verifying import Verifier
from operations.statuses import Outcome, Role
from tests.integration.diagnosis.still_runs import Stage, working
from workbench.servers import eventually

SUSAN = Actor(name="susan@example.com", role=Role.SUPPORT)


async def test_a_try_that_fails_again_says_so_once_in_the_command_and_in_the_history(
    stage: Stage, database: Database
) -> None:
    id_, _ = await stage.start("failing")
    verifier = Verifier(database=database)
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")
        await stage.services.executions.retry(SUSAN, id_, "quota raised")
        await stage.services.deliverer.deliver_due()
    before = await verifier.look()
    await stage.sql(
        "INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts, error)"
        " VALUES (%s, 1, 'create_schema', 'retrying', 1, 'permission denied for schema public')",
        id_,
    )

    looks = [await verifier.look(), await verifier.look()]

    [command] = await stage.services.reads.intents.commands(id_)
    detail = await stage.services.reads.executions.detail(id_)
    assert (before, looks) == (0, [1, 0])
    assert command.outcome is Outcome.FAILED_AGAIN
    assert [event.outcome for event in detail.events if event.kind == "outcome"] == ["failed_again"]
