"""Any sequence of writes, by the product and by others, against a model of the state machine and the real triggers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import tracking
from operations.database import Database
from operations.error_texts import clean
from operations.statuses import FOLLOWERS, CloseReason, Status, TenantStatus
from operations.transitions import Transition

ROUNDS, EXAMPLES, STEPS = 10, 100, 5
LONGEST = 20.0  #: seconds, after which a busy machine begins no further round

INSERT_TENANT = text(
    "INSERT INTO tenants (id, slug, name, plan, registered_by) VALUES (:id, 'acme', 'Acme', 'starter', 'test')"
)
INSERT_EXECUTION = text(
    """
    INSERT INTO workflow_executions
           (id, workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by)
    VALUES (:id, 'acme', 'tenant_provisioning', 'tenant', :tenant, 'test', '{}', 'test')
    """
)
# What somebody with psql may try; the columns that a status asks for come along.
WRITE = text(
    """
    UPDATE workflow_executions SET status = :status, close_reason = :close_reason,
           completed_at = CASE WHEN :final THEN greatest(clock_timestamp(), started_at) END
    WHERE id = :id
    """
)
MAKE_PROGRESS = text("UPDATE workflow_executions SET steps_done = steps_done + 1 WHERE id = :id")
CORRECT = text("SELECT set_config('tenantry.correction', :switch, true)")
LOOK = text(
    """
    SELECT e.status, e.close_reason, e.error_message, e.started_at, e.completed_at, t.status AS tenant_status,
           (SELECT array_agg(kind || ' ' || to_status ORDER BY seq) FROM execution_events WHERE execution_id = e.id)
               AS history
    FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id WHERE e.id = :id
    """
)


class TrackedRow:
    """One execution and its tenant in a transaction that is never committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.id = uuid4()
        self._connection = connection

    async def insert(self) -> None:
        tenant = uuid4()
        await self._connection.begin()
        await self._connection.execute(INSERT_TENANT, {"id": tenant})
        await self._connection.execute(INSERT_EXECUTION, {"id": self.id, "tenant": tenant})

    async def forget(self) -> None:
        await self._connection.rollback()

    async def move(self, transition: Transition) -> bool:
        return await tracking.move(self._connection, transition)

    async def write(self, status: Status, close_reason: CloseReason | None) -> bool:
        """Write a status by plain SQL; False when the database refuses."""
        values = {"id": self.id, "status": status, "close_reason": close_reason, "final": status.is_final}
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(WRITE, values)
        except IntegrityError:
            return False
        return True

    async def correct(self, status: Status, close_reason: CloseReason | None) -> bool:
        await self._connection.execute(CORRECT, {"switch": "on"})
        written = await self.write(status, close_reason)
        await self._connection.execute(CORRECT, {"switch": "off"})
        return written

    async def make_progress(self) -> None:
        await self._connection.execute(MAKE_PROGRESS, {"id": self.id})

    async def look(self) -> dict[str, object]:
        return dict((await self._connection.execute(LOOK, {"id": self.id})).mappings().one())


class Tracking(RuleBasedStateMachine):
    """The model: what a status may follow, and what each accepted write leaves behind."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: AsyncConnection) -> None:
        super().__init__()
        self.loop, self.row = loop, TrackedRow(connection)
        self.status = Status.PENDING
        self.close_reason: CloseReason | None = None
        self.error: str | None = None
        self.tenant_status = TenantStatus.PROVISIONING
        self.history = ["created pending"]
        loop.run_until_complete(self.row.insert())

    def teardown(self) -> None:
        try:
            self._agrees()
        finally:
            self.loop.run_until_complete(self.row.forget())

    @rule(
        to=st.sampled_from([Status.RUNNING, Status.COMPLETED, Status.FAILED]),
        close_reason=st.sampled_from(CloseReason),
        error=st.none() | st.text(st.characters(exclude_categories=()), max_size=20),
        at=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    )
    def somebody_reports(self, to: Status, close_reason: CloseReason, error: str | None, at: datetime | None) -> None:
        reason = close_reason if to is Status.FAILED else None
        transition = Transition(execution_id=self.row.id, to=to, actor="test", close_reason=reason, error=error, at=at)
        may = to in FOLLOWERS[self.status]

        assert self.loop.run_until_complete(self.row.move(transition)) == may

        if may:
            self._now(to, reason)
            self.error = clean(error) if to.is_final else self.error
        if may and to is Status.FAILED:
            self.tenant_status = TenantStatus.FAILED

    @rule(to=st.sampled_from(Status))
    def somebody_writes_plain_sql(self, to: Status) -> None:
        reason = (self.close_reason or CloseReason.ERROR) if to is Status.FAILED else None
        may = to is self.status or to in FOLLOWERS[self.status]

        assert self.loop.run_until_complete(self.row.write(to, reason)) == may

        if may:
            self._now(to, reason)

    @rule(to=st.sampled_from(Status))
    def reconciliation_corrects(self, to: Status) -> None:
        reason = (self.close_reason or CloseReason.NOT_FOUND) if to is Status.FAILED else None

        assert self.loop.run_until_complete(self.row.correct(to, reason))

        self._now(to, reason)

    @rule()
    def a_step_makes_progress(self) -> None:
        self.loop.run_until_complete(self.row.make_progress())

    def _agrees(self) -> None:
        """Row, history and tenant are what the model says; asked once, as the history keeps all that happened."""
        seen = self.loop.run_until_complete(self.row.look())

        started, completed = seen.pop("started_at"), seen.pop("completed_at")
        assert seen == {
            "status": self.status,
            "close_reason": self.close_reason,
            "error_message": self.error,
            "tenant_status": self.tenant_status,
            "history": self.history,
        }
        assert (completed is not None) == self.status.is_final
        assert not isinstance(started, datetime) or not isinstance(completed, datetime) or started <= completed

    def _now(self, status: Status, close_reason: CloseReason | None) -> None:
        if status is not self.status:
            self.history.append(f"{'corrected' if self.status.is_final else 'status'} {status}")
        self.status, self.close_reason = status, close_reason


@contextmanager
def connected(url: str) -> Iterator[type[Tracking]]:
    """Hypothesis calls rules from outside of any loop; each gets its answer from a loop of its own."""
    loop = asyncio.new_event_loop()
    database = Database.at(url, name="model", pool_size=1)
    connection = loop.run_until_complete(database.engine.connect())

    class ConnectedTracking(Tracking):
        def __init__(self) -> None:
            super().__init__(loop, connection)

    try:
        yield ConnectedTracking
    finally:
        loop.run_until_complete(connection.close())
        loop.run_until_complete(database.close())
        loop.close()


@pytest.mark.long
def test_no_sequence_of_writes_leaves_the_state_machine(database_url: str) -> None:
    effort = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    with connected(database_url) as machine:
        begun = monotonic()
        for _ in range(ROUNDS):
            run_state_machine_as_test(machine, settings=effort)
            if monotonic() - begun > LONGEST:
                break
