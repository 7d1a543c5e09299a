"""The WHERE of what people have said: of what nobody has, and of what somebody sees to."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, cast, exists, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from operations.models import Execution, Triage
from operations.statuses import Cause, Health, Status

OPEN = (Status.PENDING, Status.RUNNING)
Rows = type[Execution]


def is_unacknowledged(rows: Rows = Execution) -> ColumnElement[bool]:
    """Whether nobody has said, of it or of its group, that they know, or that it can wait."""
    is_ill = and_(rows.status.in_(OPEN), rows.health != Health.OK)
    return and_(or_(rows.status == Status.FAILED, is_ill), _nobody_said(_is_handled(), rows))


def is_awake(rows: Rows = Execution) -> ColumnElement[bool]:
    """Whether nobody has said, of it or of its group, that it can wait until a moment to come."""
    return _nobody_said(Triage.snoozed_until > func.clock_timestamp(), rows)


def is_assigned(staff_id: UUID, rows: Rows = Execution) -> ColumnElement[bool]:
    """Whether they see to it, or to its group and nobody to it alone."""
    return rows.id == func.any(_ids(staff_id))


def _ids(staff_id: UUID) -> ColumnElement[list[UUID]]:
    """As an array: the planner knows then that they are few, and looks them up."""
    member, alone = aliased(Execution), aliased(Triage)
    is_seen_to = exists().where(alone.execution_id == member.id, alone.assignee_id.is_not(None))
    own = select(Triage.execution_id.label("id")).where(
        Triage.assignee_id == staff_id, Triage.execution_id.is_not(None)
    )
    of_group = select(member.id).join(Triage, _groups(member)).where(Triage.assignee_id == staff_id).where(~is_seen_to)
    theirs = union_all(own, of_group).subquery()
    # Without a function around it, PostgreSQL would compare with the rows of the question and not with the array.
    none = cast(array([]), ARRAY(Uuid))
    return func.coalesce(select(func.array_agg(theirs.c.id)).scalar_subquery(), none)


def _nobody_said(what: ColumnElement[bool], rows: Rows) -> ColumnElement[bool]:
    """Neither of it, while its cause was the one that it has now, nor of its group."""
    same_cause = and_(
        Triage.cause == func.coalesce(rows.cause, ""), Triage.signature == func.coalesce(rows.signature, "")
    )
    own = exists().where(what, Triage.execution_id == rows.id, or_(same_cause, _passes(rows)))
    of_group = exists().where(what, _groups(rows))
    return and_(~own, ~of_group)  # each by itself: PostgreSQL joins them, and would not join one of both


def _passes(rows: Rows) -> ColumnElement[bool]:
    """As `IS_SAID_OF_IT` has it: a cause that says nothing new of what stood still before."""
    recent = rows.cause_since > func.clock_timestamp() - timedelta(minutes=2)
    is_blind = rows.cause.in_((Cause.UNKNOWN.value, Cause.TEMPORAL_UNREACHABLE.value))
    passes = or_(is_blind, and_(rows.cause == Cause.NO_WORKER.value, recent))
    is_said = or_(Triage.acknowledged_at.is_not(None), Triage.snoozed_until.is_not(None))
    return and_(is_said, rows.health_since < rows.cause_since, passes)


def _groups(rows: Rows) -> ColumnElement[bool]:
    """Whether it is what was said of the group to which a row belongs."""
    return and_(
        Triage.execution_id.is_(None),
        Triage.ended_at.is_(None),
        Triage.cause == func.coalesce(rows.cause, "unknown"),
        Triage.signature == func.coalesce(rows.signature, ""),
        rows.status.in_(OPEN),
        rows.health != Health.OK,
    )


def _is_handled() -> ColumnElement[bool]:
    is_known = and_(Triage.snoozed_until.is_(None), Triage.acknowledged_at.is_not(None))
    return or_(is_known, Triage.snoozed_until > func.clock_timestamp())
