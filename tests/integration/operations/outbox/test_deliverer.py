"""Delivering commands to a real Temporal: exactly once, never a stranger's run, each command for itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection, sql
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    CancelWorkflowInput,
    Client,
    Interceptor,
    OutboundInterceptor,
    TerminateWorkflowInput,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.converter import DataConverter, PayloadCodec

from operations import tenant_kinds, tracking
from operations.access import Actor
from operations.bootstrap import Services
from operations.database import Database
from operations.outbox import claims, settlements
from operations.outbox.claims import Claim
from operations.outbox.deliverer import MISTAKE, Deliverer
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import CloseReason, CommandKind, CommandState, Role, Status
from operations.temporal import OPERATION_UUID, Run, RunStatus, Start, Temporal
from operations.transitions import Transition
from tests.chaos.proxy import Way, proxy_to
from tests.factories import add_execution, add_start_command, add_tenant, set_status
from tests.proxies import address_in
from workbench.servers import eventually


@pytest.fixture
def operator() -> Actor:
    return Actor(name="operator@example.com", role=Role.OPERATOR)


@pytest.fixture
async def other_deliverer(database: Database, temporal: Temporal) -> AsyncIterator[Deliverer]:
    """As in another process: with connections of its own."""
    own = Database.at(database.dsn, name="other")
    yield Deliverer(database=own, temporal=temporal, name="other", succeed=nobody)
    await own.close()


async def queue_start(
    connection: AsyncConnection,
    task_queue: str,
    *,
    workflow_type: str = tenant_kinds.PROVISIONING.stored_name,
    arguments: tuple[object, ...] = (),
) -> UUID:
    tenant = await add_tenant(connection)
    execution = await add_execution(
        connection, entity_id=tenant, workflow_type=workflow_type, task_queue=task_queue, arguments=arguments
    )
    await add_start_command(connection, execution)
    return execution


async def make_due(connection: AsyncConnection) -> None:
    """Let every lease and every waiting time pass."""
    await connection.execute("UPDATE commands SET due_at = now() - interval '1 second' WHERE state = 'queued'")


async def deliver_all(deliverer: Deliverer) -> int:
    delivered = 0
    while claimed := await deliverer.deliver_due():
        delivered += claimed
    return delivered


async def detail_of(services: Services, execution: UUID) -> ExecutionDetail:
    return await services.reads.executions.detail(execution)


async def run_of(services: Services, execution: UUID) -> Run | None:
    return await services.temporal.describe((await detail_of(services, execution)).execution.workflow_id)


async def start_of(services: Services, execution: UUID) -> tuple[CommandState, int, str | None]:
    start = (await detail_of(services, execution)).start
    assert start is not None
    return start.state, start.tries, start.error


async def test_two_deliverers_start_each_run_once(
    services: Services, other_deliverer: Deliverer, connection: AsyncConnection, task_queue: str
) -> None:
    executions = [await queue_start(connection, task_queue) for _ in range(60)]

    claimed = await asyncio.gather(*(deliver_all(each) for each in (services.deliverer, other_deliverer)))

    assert sum(claimed) == 60
    for execution in executions:
        detail, run = await detail_of(services, execution), await run_of(services, execution)
        assert run is not None
        assert run.execution_id == str(execution)
        assert (detail.execution.status, detail.execution.run_id) == (Status.RUNNING, run.run_id)
        assert await start_of(services, execution) == (CommandState.DELIVERED, 1, None)
        assert [event.to_status for event in detail.events] == [Status.PENDING, Status.RUNNING]


async def test_an_orderly_stop_hands_back_what_is_being_delivered(
    database: Database, connection: AsyncConnection, temporal_address: str, task_queue: str
) -> None:
    for _ in range(3):
        await queue_start(connection, task_queue)
    async with proxy_to(temporal_address) as proxy:
        await proxy.take(Way.BLACK_HOLE)
        stopping = Deliverer(
            database=database, temporal=await Temporal.at(proxy.address), name="stopping", succeed=nobody
        )
        running = asyncio.create_task(stopping.run())
        await eventually(lambda: _held(connection), lambda held: held == 3)

        running.cancel()
        await asyncio.wait({running}, timeout=3)

        assert running.cancelled()
        assert await _held(connection) == 0
        await proxy.take(Way.PASS)


async def _held(connection: AsyncConnection) -> int:
    """How many commands somebody holds, or has made wait."""
    rows = await connection.execute(
        "SELECT count(*) FROM commands WHERE claim_token IS NOT NULL OR due_at > clock_timestamp()"
    )
    (number,) = await rows.fetchone() or (0,)
    return int(number)


async def test_an_unknown_type_is_rejected_and_the_others_start(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    good = [await queue_start(connection, task_queue) for _ in range(2)]
    bad = await queue_start(connection, task_queue, workflow_type="make_coffee")

    await deliver_all(services.deliverer)

    rejected = (await detail_of(services, bad)).execution
    assert (rejected.status, rejected.close_reason) == (Status.FAILED, CloseReason.START_REJECTED)
    assert "“make_coffee”" in (rejected.error_message or "")
    assert await run_of(services, bad) is None
    assert [(await detail_of(services, each)).execution.status for each in good] == [Status.RUNNING] * 2


async def test_what_temporal_refuses_for_good_ends_with_its_words(
    services: Services, connection: AsyncConnection
) -> None:
    execution = await queue_start(connection, "q" * 2000)

    await deliver_all(services.deliverer)

    rejected = (await detail_of(services, execution)).execution
    assert (rejected.status, rejected.close_reason) == (Status.FAILED, CloseReason.START_REJECTED)
    assert "length exceeds limit" in (rejected.error_message or "")
    assert (await start_of(services, execution))[0] is CommandState.FAILED


@pytest.mark.parametrize("carries", [None, str(uuid4()), "no uuid at all"], ids=["nothing", "another", "nonsense"])
async def test_a_strangers_run_under_our_id_is_left_alone(
    services: Services, connection: AsyncConnection, task_queue: str, carries: str | None
) -> None:
    execution = await queue_start(connection, task_queue)
    workflow_id = (await detail_of(services, execution)).execution.workflow_id
    marks = [] if carries is None else [SearchAttributePair(OPERATION_UUID, carries)]
    foreign = await services.temporal.client.start_workflow(
        "SomebodyElses", id=workflow_id, task_queue=task_queue, search_attributes=TypedSearchAttributes(marks)
    )

    await deliver_all(services.deliverer)

    rejected = (await detail_of(services, execution)).execution
    assert (rejected.status, rejected.close_reason) == (Status.FAILED, CloseReason.START_REJECTED)
    for word in (workflow_id, foreign.result_run_id or "?", carries or "none"):
        assert word in (rejected.error_message or "")
    left = await run_of(services, execution)
    assert left is not None
    assert (left.run_id, left.status) == (foreign.result_run_id, RunStatus.RUNNING)


async def test_our_own_run_whose_answer_was_lost_is_adopted(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    execution = await queue_start(connection, task_queue)
    run_id = await services.temporal.start(
        Start(
            workflow_id=(await detail_of(services, execution)).execution.workflow_id,
            temporal_name=tenant_kinds.PROVISIONING.temporal_name,
            task_queue=task_queue,
            execution_id=execution,
            arguments=(),
        )
    )

    await deliver_all(services.deliverer)

    adopted = (await detail_of(services, execution)).execution
    assert (adopted.status, adopted.run_id) == (Status.RUNNING, run_id)
    assert (await start_of(services, execution))[0] is CommandState.DELIVERED


async def test_a_start_that_the_worker_has_reported_meanwhile_was_delivered(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    execution = await queue_start(connection, task_queue)
    async with services.database.transaction() as transaction:
        reported = Transition(execution_id=execution, to=Status.RUNNING, actor="system:worker", run_id="run-1")
        await tracking.move(transaction, reported)

    await deliver_all(services.deliverer)

    assert await start_of(services, execution) == (CommandState.DELIVERED, 1, None)
    assert await run_of(services, execution) is None


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
async def test_a_row_that_is_no_longer_pending_is_never_started(
    services: Services, connection: AsyncConnection, task_queue: str, status: Status
) -> None:
    execution = await queue_start(connection, task_queue)
    await set_status(connection, execution, status)

    await deliver_all(services.deliverer)

    assert await run_of(services, execution) is None
    assert (await detail_of(services, execution)).execution.status is status
    assert (await start_of(services, execution))[0] is CommandState.FAILED


@pytest.mark.parametrize("kind", ["terminate", "cancel"])
async def test_a_start_that_is_withdrawn_in_time_never_happens(
    services: Services, connection: AsyncConnection, operator: Actor, task_queue: str, kind: str
) -> None:
    execution = await queue_start(connection, task_queue)
    withdraw = services.executions.terminate if kind == "terminate" else services.executions.cancel
    await withdraw(operator, execution, "registered by mistake")

    async def deliver_and_look() -> ExecutionDetail:
        await make_due(connection)
        await deliver_all(services.deliverer)
        return await detail_of(services, execution)

    ended = await eventually(deliver_and_look, lambda seen: seen.execution.status.is_final)

    reason = CloseReason.TERMINATED if kind == "terminate" else CloseReason.CANCELED
    assert (ended.execution.status, ended.execution.close_reason) == (Status.FAILED, reason)
    assert "registered by mistake" in (ended.execution.error_message or "")
    assert await run_of(services, execution) is None


async def test_a_start_that_is_taken_back_while_it_waits_has_its_second_audit_entry(
    services: Services, connection: AsyncConnection, operator: Actor, task_queue: str
) -> None:
    execution = await queue_start(connection, task_queue)
    await connection.execute("UPDATE commands SET due_at = now() + interval '1 hour' WHERE kind = 'start'")
    await services.executions.terminate(operator, execution, "registered by mistake")

    async def deliver_and_look() -> ExecutionDetail:
        await deliver_all(services.deliverer)
        return await detail_of(services, execution)

    await eventually(deliver_and_look, lambda seen: seen.execution.status.is_final)

    noted = await connection.execute(
        "SELECT action, outcome FROM audit_log WHERE target_id = %s AND action LIKE 'command.%%' ORDER BY at",
        (str(execution),),
    )
    assert await noted.fetchall() == [("command.start", "failed"), ("command.terminate", "delivered")]


class EndsJustBefore(Interceptor):
    """A run that somebody else ends after it was seen open, and before the cancel reaches it."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        class Ending(OutboundInterceptor):
            async def cancel_workflow(self, input: CancelWorkflowInput) -> None:  # noqa: A002
                await self.next.terminate_workflow(
                    TerminateWorkflowInput(
                        id=input.id, run_id=input.run_id, first_execution_run_id=None, args=[], reason="faster",
                        rpc_metadata={}, rpc_timeout=None,
                    )
                )  # fmt: skip
                await self.next.cancel_workflow(input)

        return Ending(next)


async def test_a_cancel_that_comes_too_late_is_not_called_delivered(
    services: Services, connection: AsyncConnection, operator: Actor, task_queue: str, temporal_address: str
) -> None:
    execution = await queue_start(connection, task_queue)
    await deliver_all(services.deliverer)
    client = await Client.connect(temporal_address, interceptors=[EndsJustBefore()])
    await services.executions.cancel(operator, execution, "wrong plan")

    await replace(services.deliverer, temporal=Temporal(client=client)).deliver_due()

    [cancel] = [each for each in await services.reads.intents.commands(execution) if each.kind is CommandKind.CANCEL]
    assert cancel.state is CommandState.FAILED
    assert cancel.error == "The run ended by itself before it could be cancelled, as terminated."
    noted = await connection.execute("SELECT outcome FROM audit_log WHERE action = 'command.cancel'")
    assert await noted.fetchall() == [("failed",)]


async def claim_and_die(database: Database) -> list[Claim]:
    async with database.transaction() as connection:
        return await claims.claim(connection, name="dead")


async def test_a_claim_is_respected_until_its_lease_ends(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    execution = await queue_start(connection, task_queue)
    await claim_and_die(services.database)

    assert await services.deliverer.deliver_due() == 0
    await make_due(connection)
    assert await services.deliverer.deliver_due() == 1

    assert (await detail_of(services, execution)).execution.status is Status.RUNNING
    assert await start_of(services, execution) == (CommandState.DELIVERED, 2, None)


async def test_what_postgresql_did_not_hear_the_end_of_is_due_as_soon_as_it_is_back(
    services: Services, connection: AsyncConnection, temporal_address: str, task_queue: str
) -> None:
    """And not when the lease ends, which nobody but the one who holds it could tell to be over."""
    execution = await queue_start(connection, task_queue)
    async with proxy_to(temporal_address) as to_temporal, proxy_to(address_in(services.database.dsn)) as to_database:
        database = Database.at(to_database.url(services.database.dsn), name="cut off")
        temporal = await Temporal.at(to_temporal.address)
        deliverer = Deliverer(database=database, temporal=temporal, name="test", succeed=nobody)
        await to_temporal.take(Way.BLACK_HOLE)
        delivering = asyncio.ensure_future(deliverer.deliver_due())
        await eventually(lambda: start_of(services, execution), lambda start: start[1] == 1)
        await to_database.take(Way.REFUSE)
        await to_temporal.take(Way.PASS)
        await delivering
        held, tries, _ = await start_of(services, execution)
        await to_database.take(Way.PASS)

        claimed = await deliverer.deliver_due()
        await database.close()

    assert (held, tries, claimed) == (CommandState.QUEUED, 1, 1)
    assert await start_of(services, execution) == (CommandState.DELIVERED, 2, None)


async def test_what_temporal_did_not_answer_is_recalled_and_nothing_else(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    unanswered, otherwise, held = [await queue_start(connection, task_queue) for _ in range(3)]
    for execution, flag, token in ((unanswered, True, None), (otherwise, False, None), (held, True, uuid4())):
        await connection.execute(WAITS, (flag, token, execution))

    async with services.database.transaction() as transaction:
        recalled = await claims.recall(transaction, limit=10)

    found = await connection.execute(
        "SELECT execution_id FROM commands WHERE due_at < clock_timestamp() + interval '1 second'"
    )
    assert (recalled, await found.fetchall()) == (1, [(unanswered,)])


WAITS = """
    UPDATE commands SET is_unanswered = %s, claim_token = %s, due_at = clock_timestamp() + interval '40 seconds'
    WHERE execution_id = %s
"""


async def test_who_lost_a_claim_cannot_settle_it(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    execution = await queue_start(connection, task_queue)
    [lost] = await claim_and_die(services.database)
    await make_due(connection)
    [held] = await claim_and_die(services.database)

    async with services.database.transaction() as transaction:
        late = await settlements.settle(transaction, [lost], CommandState.FAILED, "too late")
        await claims.postpone(transaction, lost, timedelta(0), "too late")
    unchanged = await start_of(services, execution)
    async with services.database.transaction() as transaction:
        settled = await settlements.settle(transaction, [held], CommandState.DELIVERED)
        again = await settlements.settle(transaction, [held], CommandState.FAILED, "twice")

    assert (late, settled, again) == (set(), {held.id}, set())
    assert unchanged == (CommandState.QUEUED, 2, None)
    assert await start_of(services, execution) == (CommandState.DELIVERED, 2, None)


async def test_each_end_of_a_command_is_in_the_audit_log(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    await queue_start(connection, task_queue)
    await queue_start(connection, task_queue, workflow_type="make_coffee")

    await deliver_all(services.deliverer)

    found = await connection.execute("SELECT actor, action, outcome FROM audit_log ORDER BY outcome")
    assert await found.fetchall() == [
        ("system:deliverer", "command.start", "delivered"),
        ("system:deliverer", "command.start", "failed"),
    ]


async def test_a_kind_that_a_newer_version_added_is_left_to_that_version(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    newer = await add_execution(connection, status=Status.RUNNING)
    await connection.execute(
        "INSERT INTO commands (kind, execution_id, requested_by) VALUES ('hypnotise', %s, 'test')", (newer,)
    )
    execution = await queue_start(connection, task_queue)

    assert await deliver_all(services.deliverer) == 1

    assert (await detail_of(services, execution)).execution.status is Status.RUNNING
    found = await connection.execute("SELECT state, tries FROM commands WHERE kind = 'hypnotise'")
    assert await found.fetchall() == [("queued", 0)]


async def test_a_namespace_that_is_missing_is_waited_for(
    services: Services, temporal_address: str, connection: AsyncConnection, task_queue: str
) -> None:
    execution = await queue_start(connection, task_queue)
    elsewhere = replace(services.deliverer, temporal=await Temporal.at(temporal_address, namespace="not-yet-there"))

    assert await elsewhere.deliver_due() == 1

    state, _, error = await start_of(services, execution)
    assert state is CommandState.QUEUED
    assert "namespace" in (error or "").lower()
    assert (await detail_of(services, execution)).execution.status is Status.PENDING


async def test_one_look_delivers_all_that_is_due(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    executions = [await queue_start(connection, task_queue) for _ in range(2 * claims.BATCH + 1)]

    assert await services.deliverer.deliver_due() == len(executions)

    assert {(await detail_of(services, each)).execution.status for each in executions} == {Status.RUNNING}


async def test_a_row_that_somebody_holds_does_not_keep_the_others_waiting(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    held, *free = [await queue_start(connection, task_queue) for _ in range(4)]

    async def statuses() -> list[Status]:
        return [(await detail_of(services, each)).execution.status for each in (held, *free)]

    async with await AsyncConnection.connect(services.database.dsn) as holder:
        await holder.execute("SELECT FROM workflow_executions WHERE id = %s FOR NO KEY UPDATE", (held,))
        delivering = asyncio.ensure_future(services.deliverer.deliver_due())
        await eventually(statuses, lambda seen: seen == [Status.PENDING, *[Status.RUNNING] * 3])
        assert not delivering.done()
    await delivering

    assert await statuses() == [Status.RUNNING] * 4
    assert await start_of(services, held) == (CommandState.DELIVERED, 1, None)


async def test_a_row_that_cannot_be_written_costs_no_other_its_end(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    broken, *sound = [await queue_start(connection, task_queue) for _ in range(4)]
    await connection.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation';
        END $$
        """
    )
    refusal = (
        "CREATE TRIGGER refuse BEFORE UPDATE ON workflow_executions"
        " FOR EACH ROW WHEN (NEW.id = {}) EXECUTE FUNCTION refuse()"
    )
    await connection.execute(sql.SQL(refusal).format(sql.Literal(broken)))

    await services.deliverer.deliver_due()

    assert [(await start_of(services, each))[0] for each in sound] == [CommandState.DELIVERED] * 3
    assert (await start_of(services, broken))[0] is CommandState.QUEUED
    await connection.execute("DROP TRIGGER refuse ON workflow_executions")
    await make_due(connection)
    await deliver_all(services.deliverer)
    assert (await detail_of(services, broken)).execution.status is Status.RUNNING


class BrokenForPoison(PayloadCodec):
    """Stands for any bug on the way to Temporal that only some commands meet."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if any(b"poison" in payload.data for payload in payloads):
            raise ValueError("a secret detail")
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


async def test_a_command_that_meets_a_bug_does_not_keep_the_others_waiting(
    services: Services, temporal_address: str, connection: AsyncConnection, task_queue: str
) -> None:
    converter = DataConverter(payload_codec=BrokenForPoison())
    client = await Client.connect(temporal_address, data_converter=converter)
    poisoned = await queue_start(connection, task_queue, arguments=("poison",))
    good = [await queue_start(connection, task_queue, arguments=("food",)) for _ in range(3)]

    await replace(services.deliverer, temporal=Temporal(client=client)).deliver_due()

    assert [(await detail_of(services, each)).execution.status for each in good] == [Status.RUNNING] * 3
    state, _, error = await start_of(services, poisoned)
    assert state is CommandState.QUEUED
    assert error == f"{MISTAKE}\nThe log of test has the ValueError."
    backing_off = await connection.execute(
        "UPDATE commands SET due_at = due_at + interval '1 hour' WHERE execution_id = %s"
        " AND due_at > created_at + interval '0.2 s'",
        (poisoned,),
    )
    assert backing_off.rowcount == 1
    assert await deliver_all(services.deliverer) == 0
    await make_due(connection)
    await deliver_all(services.deliverer)
    assert (await detail_of(services, poisoned)).execution.status is Status.RUNNING


@pytest.mark.usefixtures("delivering")
async def test_delivering_survives_the_loss_of_every_connection(
    services: Services, connection: AsyncConnection, task_queue: str
) -> None:
    first = await queue_start(connection, task_queue)
    await eventually(lambda: detail_of(services, first), lambda seen: seen.execution.status is Status.RUNNING)

    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    second = await queue_start(connection, task_queue)

    await eventually(lambda: detail_of(services, second), lambda seen: seen.execution.status is Status.RUNNING)


async def nobody(_: object, claim: object) -> None:
    raise AssertionError(f"nothing was to be replaced here: {claim}")
