"""Trouble by its cause: open executions that do not do as they should, those of one cause and error together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.database import Database
from operations.diagnosis.advice import HEALTHY, OWNERS, Owner, advice
from operations.diagnosis.sentences import of_several
from operations.models import Execution
from operations.models.triage import IS_SAID_OF_IT
from operations.queries import triage
from operations.queries.narrowing import OPEN_STATUSES
from operations.queries.paging import COUNT_CAP, check_limit, count_up_to_cap
from operations.queries.triage_views import TriageView
from operations.statuses import Cause, Health

ILL = tuple(health for health in Health if health is not Health.OK)
MOST_ROWS = 20_000  #: that are looked at for groups; trouble of more executions than that is one outage


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupView:
    """Executions that stand still for one cause, and by one error where there is one."""

    cause: str
    signature: str | None
    title: str
    health: Health  #: the worst of them; this and what follows is of those that nobody snoozed, unless all are
    count: int  #: of all of them
    since: datetime  #: of the one for which it lasts longest
    oldest_id: UUID
    oldest_name: str | None  #: of its tenant
    detail: str | None  #: the error of the oldest; without one, what there is to say that is true of all of them
    owner: Owner
    owner_title: str
    action: str
    is_mixed: bool = False  #: not all of them are as bad as the worst
    triage: TriageView | None = None  #: what people have said of the group
    notes: int = 0  #: about the group
    asleep: int = 0  #: how many can wait, as somebody said of them or of the group
    asleep_until: datetime | None = None  #: when the first of them comes back, where all can wait

    @property
    def awake(self) -> int:
        """How many nobody said of that they can wait."""
        return self.count - self.asleep


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupPage:
    """Groups, the largest trouble first."""

    items: tuple[GroupView, ...]
    next: str | None
    total: int
    total_capped: bool  #: more executions are in trouble than were looked at


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthCount:
    """How many open executions are doing so, and for this cause."""

    health: Health
    cause: str | None
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """How many open executions have each health but the good one, and each cause; none are left out.

    Each is counted up to one more than the cap of lists.
    """

    healths: Mapping[Health, int]
    causes: Mapping[Cause, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Duration:
    """How long something takes: of the last 200 that ended well."""

    workflow_type: str
    p50_seconds: float
    p95_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Groups:
    """Reads about trouble."""

    database: Database

    async def list(self, *, cursor: str | None = None, limit: int = 50) -> GroupPage:
        """Raises `InvalidInput`."""
        check_limit(limit)
        first = int(cursor) if cursor is not None and cursor.isascii() and cursor.isdecimal() else 0
        async with self.database.reading() as connection:
            found = (await connection.execute(GROUPS, {"most": MOST_ROWS, "first": first, "limit": limit})).all()
        total = found[0].total if found else 0
        end = first + limit
        return GroupPage(
            items=tuple(_said(row) for row in found),
            next=str(end) if end < total else None,
            total=total,
            total_capped=bool(found) and found[0].looked_at >= MOST_ROWS,
        )

    async def one(self, cause: str, signature: str | None) -> GroupView | None:
        """None when nothing stands still for it any more."""
        values = {"cause": cause, "signature": signature, "most": MOST_ROWS, "first": 0, "limit": 1}
        async with self.database.reading() as connection:
            row = (await connection.execute(ONE, values)).one_or_none()
        return None if row is None else _said(row)

    async def trouble(self) -> Trouble:
        """For filters that say how many they leave."""
        async with self.database.reading() as connection:
            numbers = [int(number) for number in (await connection.execute(_trouble())).one()]
        of_health = zip(ILL, numbers[: len(ILL)], strict=True)
        of_cause = zip(Cause, numbers[len(ILL) :], strict=True)
        return Trouble(
            healths={health: number for health, number in of_health if number},
            causes={cause: number for cause, number in of_cause if number},
        )

    async def of_errors(self, signatures: Collection[str]) -> Mapping[str, int]:
        """How many executions, also ended ones, a list with such an error holds; each counted as `trouble` counts."""
        values = {"signatures": sorted(signatures), "most": COUNT_CAP + 1}
        async with self.database.reading() as connection:
            return {row.signature: row.number for row in await connection.execute(OF_ERRORS, values)}

    async def healths(self) -> tuple[HealthCount, ...]:
        """Of open executions that are not simply fine, by health and cause."""
        async with self.database.reading() as connection:
            return await _healths(connection)

    async def durations(self) -> tuple[Duration, ...]:
        """From the request to the end, by type of workflow."""
        async with self.database.reading() as connection:
            rows = await connection.execute(DURATIONS)
            return tuple(
                Duration(workflow_type=row.workflow_type, p50_seconds=row.p50, p95_seconds=row.p95) for row in rows
            )


@cache
def _trouble() -> Select[*tuple[int, ...]]:
    """One range of one index per word and status, which is not read further than it is counted.

    Each word is a part of its own: of several in one part, PostgreSQL would take the average for the number of each.
    """
    is_open = Execution.status.in_(sorted(OPEN_STATUSES))
    conditions = [*(Execution.health == health for health in ILL), *(Execution.cause == cause for cause in Cause)]
    keys = (select(Execution.id, Execution.last_progress_at).where(is_open, each) for each in conditions)
    return select(*(count_up_to_cap(each.limit(COUNT_CAP + 1)).scalar_subquery() for each in keys))


async def _healths(connection: AsyncConnection) -> tuple[HealthCount, ...]:
    rows = await connection.execute(HEALTHS)
    return tuple(HealthCount(health=Health(row.health), cause=row.cause, count=row.number) for row in rows)


def _said(row: Row[tuple[object, ...]]) -> GroupView:
    """The group, with what people have said of it."""
    return replace(
        _group(dict(row._mapping)),  # noqa: SLF001
        triage=triage.view(row),
        notes=row.notes,
        asleep=row.asleep,
        asleep_until=row.asleep_until,
    )


def _group(row: dict[str, object]) -> GroupView:
    cause, health, since = str(row["cause"]), Health(str(row["health"])), row["since"]
    signature, name, detail = row["signature"], row["oldest_name"], row["detail"]
    known = advice(Cause(cause)) if cause in list(Cause) else HEALTHY
    if not isinstance(since, datetime):
        raise LookupError
    if signature is None and int(str(row["details"])) > 1 and cause in list(Cause):
        detail = of_several(Cause(cause), queues=int(str(row["queues"])))
    return GroupView(
        cause=cause,
        signature=None if signature is None else str(signature),
        title=known.title,
        health=health,
        count=int(str(row["number"])),
        since=since,
        oldest_id=UUID(str(row["oldest_id"])),
        oldest_name=None if name is None else str(name),
        detail=None if detail is None else str(detail),
        owner=known.owner,
        owner_title=OWNERS[known.owner],
        action=known.action,
        is_mixed=bool(row["is_mixed"]),
    )


# The ill ones stand in an index of their own. The worst health of a group is its health: drift, stuck, unknown, slow.
# Which ones are asleep, says `triaged.is_awake`.
_GROUPS = """
    WITH ill AS (
        SELECT e.id, e.entity_id, coalesce(e.cause, 'unknown') AS cause, e.signature, e.health, e.cause_detail,
               e.evidence ->> 'queue' AS queue, coalesce(e.health_since, e.last_progress_at) AS since, r.snoozed_until
        FROM workflow_executions e
        LEFT JOIN triage r ON r.execution_id = e.id AND r.snoozed_until > clock_timestamp() AND {is_said}
        WHERE e.status IN ('pending', 'running') AND e.health <> 'ok' {narrowed} LIMIT :most
    ), grouped AS (
        SELECT cause, signature, count(*) AS number, min(since) FILTER (WHERE snoozed_until IS NULL) AS awake_since,
               min(since) AS since, count(snoozed_until) AS asleep_alone, min(snoozed_until) AS first_back,
               (array_agg(id ORDER BY snoozed_until IS NOT NULL, since, id))[1] AS oldest_id,
               (array_agg(health ORDER BY snoozed_until IS NOT NULL,
                          array_position('{{drift,stuck,unknown,slow}}', health::text)))[1] AS health,
               count(DISTINCT health) FILTER (WHERE snoozed_until IS NULL) > 1 AS is_mixed,
               count(DISTINCT cause_detail) AS details, count(DISTINCT queue) AS queues
        FROM ill GROUP BY cause, signature
    )
    SELECT grouped.cause, grouped.signature, grouped.number, coalesce(awake_since, grouped.since) AS since, oldest_id,
           grouped.health, is_mixed, details, queues, t.name AS oldest_name,
           count(*) OVER () AS total, (SELECT count(*) FROM ill) AS looked_at,
           left(ill.cause_detail, 500) AS detail, {said},
           (SELECT count(*) FROM notes n WHERE n.triage_id = r.id) AS notes,
           CASE WHEN r.snoozed_until > clock_timestamp() THEN number ELSE asleep_alone END AS asleep,
           CASE WHEN r.snoozed_until > clock_timestamp() THEN r.snoozed_until
                WHEN asleep_alone = number THEN first_back END AS asleep_until
    FROM grouped JOIN ill ON ill.id = grouped.oldest_id LEFT JOIN tenants t ON t.id = ill.entity_id
    LEFT JOIN triage r ON r.execution_id IS NULL AND r.ended_at IS NULL
        AND r.cause = grouped.cause AND r.signature = coalesce(grouped.signature, '')
    LEFT JOIN staff s ON s.id = r.assignee_id
    ORDER BY number DESC, since, grouped.cause, grouped.signature OFFSET :first LIMIT :limit
"""
GROUPS = text(_GROUPS.format(is_said=IS_SAID_OF_IT, said=triage.said_columns(triage.IN_TIME), narrowed=""))
_OF_ONE = "AND coalesce(e.cause, 'unknown') = :cause AND e.signature IS NOT DISTINCT FROM CAST(:signature AS text)"
ONE = text(_GROUPS.format(is_said=IS_SAID_OF_IT, said=triage.said_columns(triage.IN_TIME), narrowed=_OF_ONE))
OF_ERRORS = text(
    """
    SELECT asked.signature, (
        SELECT count(*) FROM (
            SELECT FROM workflow_executions e WHERE e.signature = asked.signature LIMIT :most
        ) AS listed
    ) AS number
    FROM unnest(CAST(:signatures AS text[])) AS asked(signature)
    """
)
HEALTHS = text(
    """
    SELECT health, cause, count(*) AS number FROM workflow_executions
    WHERE status IN ('pending', 'running') AND (health <> 'ok' OR cause IS NOT NULL)
    GROUP BY health, cause ORDER BY health, cause
    """
)
DURATIONS = text(
    """
    WITH RECURSIVE types(workflow_type) AS (
        (SELECT workflow_type FROM workflow_executions WHERE status = 'completed' ORDER BY workflow_type LIMIT 1)
        UNION ALL
        SELECT (SELECT e.workflow_type FROM workflow_executions e
                WHERE e.status = 'completed' AND e.workflow_type > types.workflow_type
                ORDER BY e.workflow_type LIMIT 1)
        FROM types WHERE types.workflow_type IS NOT NULL
    )
    SELECT types.workflow_type,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM e.completed_at - e.created_at)) AS p50,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM e.completed_at - e.created_at)) AS p95
    FROM types CROSS JOIN LATERAL (
        SELECT created_at, completed_at FROM workflow_executions
        WHERE status = 'completed' AND workflow_type = types.workflow_type ORDER BY created_at DESC, id DESC LIMIT 200
    ) e
    GROUP BY types.workflow_type
    """
)
