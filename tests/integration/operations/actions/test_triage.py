"""What people say of trouble: once, by whoever may, about the cause that they saw, and never longer than it is true."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations.access import Actor, Permission
from operations.actions.triage import Group, Subject, Triage
from operations.database import Database
from operations.diagnosis.lapses import Lapses
from operations.errors import CannotTriage, ExecutionNotFound, GroupNotFound, InvalidInput, NotPermitted
from operations.queries.attention import AttentionCounts
from operations.queries.customer_histories import CustomerHistories, Happening
from operations.queries.groups import Groups
from operations.queries.triage import TriageQueries
from operations.statuses import Role, Status
from tests.factories import add_execution, add_tenant

GROUP = Group(cause="step_retrying", signature="permission denied for …")


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where triage is done and read."""

    database: Database
    connection: AsyncConnection
    ada: Actor = field(default_factory=lambda: Actor(name="ada@example.com", role=Role.SUPPORT))
    ben: Actor = field(default_factory=lambda: Actor(name="ben@example.com", role=Role.OPERATOR))

    @property
    def triage(self) -> Triage:
        return Triage(database=self.database)

    @property
    def reads(self) -> TriageQueries:
        return TriageQueries(database=self.database)

    async def stuck(self, *, cause: str | None = GROUP.cause, signature: str | None = GROUP.signature) -> UUID:
        """A run in trouble."""
        id_ = await add_execution(self.connection, status=Status.RUNNING, entity_id=await add_tenant(self.connection))
        await self.ails(id_, cause, signature)
        return id_

    async def ails(self, id_: UUID, cause: str | None, signature: str | None, *, health: str = "stuck") -> None:
        await self.connection.execute(
            "UPDATE workflow_executions SET health = %s, cause = %s, signature = %s, health_since = now()"
            " WHERE id = %s",
            (health, cause, signature, id_),
        )

    async def now(self) -> datetime:
        row = await (await self.connection.execute("SELECT clock_timestamp()")).fetchone()
        assert row is not None
        assert isinstance(row[0], datetime)
        return row[0]

    async def audited(self) -> list[tuple[str, str]]:
        rows = await (await self.connection.execute("SELECT actor, action FROM audit_log ORDER BY seq")).fetchall()
        return [(row[0], row[1]) for row in rows]


@pytest.fixture
def desk(database: Database, connection: AsyncConnection) -> Desk:
    return Desk(database=database, connection=connection)


@pytest.mark.parametrize(
    ("cause", "lasts", "holds"), [("no_worker", 60, True), ("no_worker", 600, False), ("unknown", 600, True)]
)
async def test_a_cause_that_comes_and_goes_ends_no_snooze(desk: Desk, cause: str, lasts: int, holds: bool) -> None:
    """A worker that restarts; what nobody knows any more. Without workers for long, it is another trouble."""
    id_ = await desk.stuck()
    until = await desk.now() + timedelta(hours=1)
    await desk.triage.snooze(desk.ada, id_, until)
    await desk.connection.execute(
        "UPDATE workflow_executions SET cause = %s, signature = NULL, health_since = now() - interval '1 day',"
        " cause_since = now() - make_interval(secs => %s)",
        (cause, lasts),
    )

    said = (await desk.reads.of_execution(id_)).triage
    attention = await AttentionCounts(database=desk.database).now()
    [group] = (await Groups(database=desk.database).list()).items
    await desk.triage.acknowledge(desk.ben, id_)
    await desk.connection.execute(
        "UPDATE workflow_executions SET cause = %s, signature = %s", (GROUP.cause, GROUP.signature)
    )
    after = (await desk.reads.of_execution(id_)).triage

    assert (None if said is None else said.snoozed_until) == (until if holds else None)
    assert (attention.stuck, group.asleep) == ((0, 1) if holds else (1, 0))
    assert (None if after is None else (after.snoozed_until, after.acknowledged_by)) == (
        (until, desk.ben.name) if holds else None
    )


@pytest.mark.parametrize("cause", ["no_worker", "unknown"])
async def test_what_was_said_of_an_earlier_standstill_is_not_said_of_the_next(desk: Desk, cause: str) -> None:
    id_ = await desk.stuck()
    await desk.triage.snooze(desk.ada, id_, await desk.now() + timedelta(hours=1))
    await desk.connection.execute(
        "UPDATE workflow_executions SET cause = %s, signature = NULL, health_since = now(), cause_since = now()",
        (cause,),
    )

    assert (await desk.reads.of_execution(id_)).triage is None


async def acknowledged_by(desk: Desk, id_: UUID) -> str | None:
    said = (await desk.reads.of_execution(id_)).triage
    return None if said is None else said.acknowledged_by


async def test_whoever_acknowledges_first_stands_there_until_it_is_withdrawn(desk: Desk) -> None:
    id_ = await desk.stuck()

    await desk.triage.acknowledge(desk.ada, id_)
    await desk.triage.acknowledge(desk.ben, id_)
    first = await acknowledged_by(desk, id_)
    await desk.triage.withdraw(desk.ben, id_)

    assert first == desk.ada.name
    assert await acknowledged_by(desk, id_) is None
    assert await desk.audited() == [
        (desk.ada.name, "execution.acknowledge"),
        (desk.ben.name, "execution.withdraw"),
    ]


async def test_another_cause_is_acknowledged_by_nobody_and_the_same_again_is(desk: Desk) -> None:
    id_ = await desk.stuck()
    await desk.triage.acknowledge(desk.ada, id_)

    await desk.ails(id_, "no_worker", None)
    of_another = await acknowledged_by(desk, id_)
    await desk.ails(id_, GROUP.cause, GROUP.signature)
    of_the_same = await acknowledged_by(desk, id_)
    await desk.ails(id_, "no_worker", None)
    await desk.triage.acknowledge(desk.ben, id_)

    assert (of_another, of_the_same) == (None, desk.ada.name)
    assert await acknowledged_by(desk, id_) == desk.ben.name


async def test_a_snooze_comes_back_earlier_when_the_cause_changes(desk: Desk) -> None:
    id_ = await desk.stuck()
    until = await desk.now() + timedelta(hours=1)

    await desk.triage.snooze(desk.ada, id_, until)
    snoozed = (await desk.reads.of_execution(id_)).triage
    await desk.ails(id_, "workflow_failing", "nothing of the kind")

    assert snoozed is not None
    assert (snoozed.snoozed_until, snoozed.snoozed_by) == (until, desk.ada.name)
    assert (await desk.reads.of_execution(id_)).triage is None


@pytest.mark.parametrize("of_group", [False, True])
async def test_what_was_snoozed_comes_back_unacknowledged_when_its_time_has_come(desk: Desk, of_group: bool) -> None:
    id_ = await desk.stuck()
    subject: Subject = GROUP if of_group else id_
    await desk.triage.acknowledge(desk.ada, subject)
    await desk.triage.snooze(desk.ada, subject, await desk.now() + timedelta(hours=1))
    both = (await desk.reads.of_execution(id_)).triage

    await desk.connection.execute("UPDATE triage SET snoozed_until = clock_timestamp()")
    at_once = (await desk.reads.of_execution(id_)).triage
    await desk.connection.execute("DELETE FROM changes")
    await Lapses(database=desk.database).look()

    assert both is not None
    assert (both.acknowledged_by, both.snoozed_by) == (desk.ada.name, desk.ada.name)
    assert at_once is None
    row = await (await desk.connection.execute("SELECT acknowledged_by, snoozed_until FROM triage")).fetchone()
    assert row == (None, None)
    news = await (await desk.connection.execute("SELECT kind FROM changes")).fetchall()
    assert news == [("triage" if of_group else "execution",)]


async def test_what_is_said_of_a_group_is_said_of_each_that_belongs_to_it(desk: Desk) -> None:
    first, second = await desk.stuck(), await desk.stuck()
    other = await desk.stuck(signature="disk full")

    await desk.triage.acknowledge(desk.ada, GROUP)
    await desk.triage.note(desk.ada, GROUP, "The grant is missing on eu-3.")
    late = await desk.stuck()

    said = [await acknowledged_by(desk, id_) for id_ in (first, second, late, other)]
    assert said == [desk.ada.name, desk.ada.name, desk.ada.name, None]
    notes = [(await desk.reads.of_execution(id_)).notes for id_ in (first, other)]
    assert [[note.body for note in each] for each in notes] == [["The grant is missing on eu-3."], []]
    await desk.ails(first, "no_worker", None)
    assert await acknowledged_by(desk, first) is None


async def test_a_group_is_remembered_for_some_minutes_and_the_next_of_its_name_begins_anew(desk: Desk) -> None:
    id_ = await desk.stuck()
    await desk.triage.acknowledge(desk.ada, GROUP)
    await desk.triage.note(desk.ada, GROUP, "known")
    patient = Lapses(database=desk.database)

    await desk.ails(id_, None, None, health="ok")
    await patient.look()
    await desk.ails(id_, GROUP.cause, GROUP.signature)
    await patient.look()
    failed_again = await desk.reads.of_group(GROUP.cause, GROUP.signature)
    await desk.ails(id_, None, None, health="ok")
    await patient.look()
    await Lapses(database=desk.database, remembered=timedelta()).look()
    await desk.ails(id_, GROUP.cause, GROUP.signature)
    anew = await desk.reads.of_group(GROUP.cause, GROUP.signature)

    assert failed_again.triage is not None
    assert [note.body for note in failed_again.notes] == ["known"]
    assert (anew.triage, anew.notes) == (None, ())
    await desk.triage.acknowledge(desk.ben, GROUP)
    assert await acknowledged_by(desk, id_) == desk.ben.name


async def test_it_is_assigned_to_somebody_who_can_see_to_it(desk: Desk) -> None:
    id_ = await desk.stuck()
    for email, role, disabled in (
        ("sue@example.com", "support", False),
        ("vi@example.com", "viewer", False),
        ("gone@example.com", "admin", True),
    ):
        await desk.connection.execute(
            "INSERT INTO staff (email, role, password_hash, disabled_at) VALUES (%s, %s, 'x', %s)",
            (email, role, datetime.now(UTC) if disabled else None),
        )

    await desk.triage.assign(desk.ada, id_, " Sue@Example.com ")
    assigned = (await desk.reads.of_execution(id_)).triage
    for email in ("vi@example.com", "gone@example.com", "nobody@example.com"):
        with pytest.raises(InvalidInput, match="role support"):
            await desk.triage.assign(desk.ada, id_, email)

    assert assigned is not None
    assert assigned.assignee == "sue@example.com"
    assert await desk.reads.assignees() == ("sue@example.com",)
    await desk.ails(id_, "no_worker", None)
    still = (await desk.reads.of_execution(id_)).triage
    assert still is not None
    assert still.assignee == "sue@example.com"
    await desk.triage.assign(desk.ada, id_, None)
    assert (await desk.reads.of_execution(id_)).triage is None


async def test_notes_are_kept_with_who_and_when_and_shown_on_the_tenants_page(desk: Desk) -> None:
    id_ = await desk.stuck()

    await desk.triage.note(desk.ada, id_, "  Asked the customer.\r\nThey call back. ")
    await desk.triage.note(desk.ben, id_, "They did.")

    notes = (await desk.reads.of_execution(id_)).notes
    assert [(note.author, note.body) for note in notes] == [
        (desk.ben.name, "They did."),
        (desk.ada.name, "Asked the customer.\nThey call back."),
    ]
    row = await (await desk.connection.execute("SELECT entity_id FROM workflow_executions")).fetchone()
    assert row is not None
    told = await CustomerHistories(database=desk.database).of(row[0], kinds=frozenset({Happening.NOTE}))
    assert [(each.id, each.reason, each.attempt) for each in told.items] == [(note.id, note.body, 1) for note in notes]


@pytest.mark.parametrize(
    "text", ["", "   ", "\u200b\u200b", "bell \x07", "nul \x00", "half \ud800", "x" * 2001, " " * 5000]
)
async def test_a_note_that_is_none_is_refused_and_nothing_is_written(desk: Desk, text: str) -> None:
    id_ = await desk.stuck()

    with pytest.raises(InvalidInput):
        await desk.triage.note(desk.ada, id_, text)

    assert (await desk.reads.of_execution(id_)).notes == ()
    assert await desk.audited() == []


async def test_a_snooze_ends_within_a_month_and_not_in_the_past(desk: Desk) -> None:
    id_ = await desk.stuck()
    now = await desk.now()

    for until in (now - timedelta(seconds=1), now + timedelta(days=31)):
        with pytest.raises(InvalidInput, match="moment to come"):
            await desk.triage.snooze(desk.ada, id_, until)

    assert (await desk.reads.of_execution(id_)).triage is None


@pytest.mark.parametrize("role", Role)
async def test_viewers_read_and_everybody_else_acts(desk: Desk, role: Role) -> None:
    id_ = await desk.stuck()
    actor = Actor(name="somebody@example.com", role=role)
    deeds = (
        lambda: desk.triage.acknowledge(actor, id_),
        lambda: desk.triage.withdraw(actor, id_),
        lambda: desk.triage.assign(actor, GROUP, None),
        lambda: desk.triage.snooze(actor, GROUP, None),
        lambda: desk.triage.note(actor, id_, "seen"),
    )

    refused = 0
    for deed in deeds:
        try:
            await deed()
        except NotPermitted:
            refused += 1

    assert refused == (len(deeds) if role is Role.VIEWER else 0)
    assert actor.may(Permission.TRIAGE) is (role is not Role.VIEWER)


async def test_what_is_not_there_or_fine_is_not_triaged(desk: Desk) -> None:
    fine = await add_execution(desk.connection, status=Status.COMPLETED, entity_id=await add_tenant(desk.connection))

    with pytest.raises(ExecutionNotFound):
        await desk.triage.acknowledge(desk.ada, uuid4())
    with pytest.raises(GroupNotFound):
        await desk.triage.acknowledge(desk.ada, GROUP)
    with pytest.raises(CannotTriage):
        await desk.triage.acknowledge(desk.ada, fine)
    with pytest.raises(CannotTriage):
        await desk.triage.snooze(desk.ada, fine, await desk.now() + timedelta(hours=1))
    await desk.triage.note(desk.ada, fine, "went well")

    assert (await desk.reads.of_execution(fine)).triage is None
