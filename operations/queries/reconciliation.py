"""Passes, findings, and how the reconciler itself is doing."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, text

from operations.database import Database
from operations.errors import FindingNotFound, PassNotFound
from operations.models import Execution, ReconciliationFinding, ReconciliationPass, Tenant
from operations.queries.paging import Conditions, Page, Segment, check_limit, matching
from operations.queries.plain_lists import page_of
from operations.queries.reconciliation_views import (
    FindingFilter,
    FindingView,
    PassDetail,
    PassView,
    ReconcilerState,
    Standing,
)
from operations.reconciliation.limits import Limits
from operations.statuses import PassOutcome, PassTrigger

MOST_SHOWN = 1000  #: findings of one pass


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconciliationQueries:
    """Reads about reconciliation."""

    database: Database
    limits: Limits

    async def passes(self, *, cursor: str | None = None, limit: int = 50) -> Page[PassView]:
        """A page, newest first. Raises `InvalidInput`."""
        check_limit(limit)
        newest = Segment(moment=ReconciliationPass.started_at, id=ReconciliationPass.id, sources=(matching(),))
        async with self.database.reading() as connection:
            return await page_of(connection, newest, select(*_PASS), _pass, cursor=cursor, limit=limit)

    async def recent(self, number: int = 60) -> tuple[PassView, ...]:
        """The latest finished passes, oldest first."""
        statement = select(*_PASS).where(ReconciliationPass.finished_at.is_not(None))
        statement = statement.order_by(ReconciliationPass.started_at.desc()).limit(number)
        async with self.database.reading() as connection:
            rows = [_pass(row) for row in await connection.execute(statement)]
        return tuple(reversed(rows))

    async def pass_detail(self, id_: UUID) -> PassDetail:
        """A pass with what it found first, and what it saw again. Raises `PassNotFound`."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(*_PASS).where(ReconciliationPass.id == id_))).one_or_none()
            if row is None:
                raise PassNotFound
            seen_again = and_(
                ReconciliationFinding.first_seen_at < row.started_at,
                ReconciliationFinding.last_seen_at >= row.started_at,
            )
            found = _findings().where(or_(ReconciliationFinding.pass_id == id_, seen_again))
            found = found.order_by(ReconciliationFinding.first_seen_at.desc()).limit(MOST_SHOWN)
            findings = tuple(_finding(each) for each in await connection.execute(found))
        return PassDetail(reconciliation=_pass(row), findings=findings)

    async def findings(self, wanted: FindingFilter, *, cursor: str | None = None, limit: int = 50) -> Page[FindingView]:
        """A page, newest first. Raises `InvalidInput`."""
        check_limit(limit)
        found = Segment(
            moment=ReconciliationFinding.first_seen_at,
            id=ReconciliationFinding.id,
            sources=(matching(*_conditions(wanted)),),
        )
        async with self.database.reading() as connection:
            return await page_of(connection, found, _findings(), _finding, cursor=cursor, limit=limit)

    async def finding(self, id_: UUID) -> FindingView:
        """Raises `FindingNotFound`."""
        async with self.database.reading() as connection:
            row = (await connection.execute(_findings().where(ReconciliationFinding.id == id_))).one_or_none()
        if row is None:
            raise FindingNotFound
        return _finding(row)

    async def export(self, wanted: FindingFilter, *, limit: int) -> tuple[FindingView, ...]:
        """The first rows of the list, without pages."""
        statement = _findings().where(*_conditions(wanted))
        statement = statement.order_by(ReconciliationFinding.first_seen_at.desc(), ReconciliationFinding.id.desc())
        async with self.database.reading() as connection:
            return tuple(_finding(row) for row in await connection.execute(statement.limit(limit)))

    async def state(self) -> ReconcilerState:
        """How the reconciler is doing, by the database's clock."""
        async with self.database.reading() as connection:
            row = (await connection.execute(STATE)).one()
        fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
        outcome, trigger = fields.pop("last_outcome"), fields.pop("last_trigger")
        return ReconcilerState(
            **fields,
            last_outcome=None if outcome is None else PassOutcome(outcome),
            last_trigger=None if trigger is None else PassTrigger(trigger),
            is_silent=row.paused_until is None and row.silent_for > self.limits.silence,
            schedule_is_silent=row.schedule_silent_for > self.limits.silence,
        )


def _conditions(wanted: FindingFilter) -> Conditions:
    finding = ReconciliationFinding
    conditions: list[ColumnElement[bool]] = []
    if wanted.kinds:
        conditions.append(finding.kind.in_(sorted(wanted.kinds)))
    match wanted.standing:
        case Standing.OPEN:
            conditions += [finding.resolved_at.is_(None), finding.ignored_at.is_(None)]
        case Standing.IGNORED:
            conditions += [finding.resolved_at.is_(None), finding.ignored_at.is_not(None)]
        case Standing.SETTLED:
            conditions.append(finding.resolved_at.is_not(None))
        case None:
            pass
    if wanted.tenant_id:
        conditions.append(_is_about(literal(wanted.tenant_id)))
    if wanted.tenant_slug:
        conditions.append(_is_about(select(Tenant.id).where(Tenant.slug == wanted.tenant_slug).scalar_subquery()))
    if wanted.search:
        conditions.append(finding.workflow_id.icontains(wanted.search, autoescape=True))
    return tuple(conditions)


def _is_about(tenant_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    finding = ReconciliationFinding
    runs = select(Execution.id).where(Execution.entity_id == tenant_id)
    return or_(finding.tenant_id == tenant_id, finding.execution_id.in_(runs))


# A pass of any outcome is a sign of life; one that was lost with its process is none.
STATE = text(
    """
    WITH last AS (
        SELECT * FROM reconciliation_passes
        WHERE finished_at IS NOT NULL AND outcome <> 'abandoned' ORDER BY finished_at DESC LIMIT 1
    ), scheduled AS (
        SELECT max(finished_at) AS at FROM reconciliation_passes
        WHERE finished_at IS NOT NULL AND outcome <> 'abandoned' AND trigger = 'schedule'
    )
    SELECT last.id AS last_pass, last.finished_at AS last_finished_at, last.outcome AS last_outcome,
           last.trigger AS last_trigger, last.requested_by AS last_requested_by, last.error AS last_error,
           extract(epoch FROM clock_timestamp() - coalesce(last.finished_at, s.installed_at))::float8 AS silent_for,
           extract(epoch FROM clock_timestamp() - coalesce(scheduled.at, s.installed_at))::float8
               AS schedule_silent_for,
           s.lease_expires_at IS NOT NULL AND s.lease_expires_at > clock_timestamp() AS is_running,
           CASE WHEN s.paused_until > clock_timestamp() THEN s.paused_until END AS paused_until,
           s.paused_by, s.pause_reason,
           (SELECT count(*) FROM reconciliation_findings
            WHERE resolved_at IS NULL AND ignored_at IS NULL) AS open_findings,
           (SELECT coalesce(sum(healed), 0) FROM reconciliation_passes
            WHERE started_at >= date_trunc('day', now(), 'UTC')) AS healed_today
    FROM reconciliation_state s CROSS JOIN scheduled LEFT JOIN last ON true
    """
)

_NOTHING = text("'{}'::jsonb")

_PASS = (
    ReconciliationPass.id,
    ReconciliationPass.trigger,
    ReconciliationPass.requested_by,
    ReconciliationPass.started_at,
    ReconciliationPass.finished_at,
    ReconciliationPass.outcome,
    ReconciliationPass.checked,
    ReconciliationPass.described,
    ReconciliationPass.found,
    select(func.count())
    .select_from(ReconciliationFinding)
    .where(ReconciliationFinding.pass_id == ReconciliationPass.id)
    .correlate(ReconciliationPass)
    .scalar_subquery()
    .label("new"),
    ReconciliationPass.healed,
    ReconciliationPass.unknown,
    ReconciliationPass.error,
)


def _findings() -> Select[*tuple[object, ...]]:
    finding = ReconciliationFinding
    tenant_id = func.coalesce(finding.tenant_id, Execution.entity_id)
    return (
        select(
            finding.id,
            finding.pass_id,
            finding.kind,
            finding.execution_id,
            Tenant.slug.label("tenant_slug"),
            Tenant.name.label("tenant_name"),
            finding.workflow_id,
            finding.run_id,
            func.coalesce(finding.database_said, _NOTHING).label("database_said"),
            func.coalesce(finding.temporal_said, _NOTHING).label("temporal_said"),
            finding.done,
            finding.first_seen_at,
            finding.last_seen_at,
            finding.resolved_at,
            finding.resolved_by,
            finding.ignored_at,
            finding.ignored_by,
            finding.reason,
        )
        .outerjoin(Execution, Execution.id == finding.execution_id)
        .outerjoin(Tenant, Tenant.id == tenant_id)
    )


def _pass(row: Row[*tuple[object, ...]]) -> PassView:
    return PassView(**row._mapping)  # noqa: SLF001


def _finding(row: Row[*tuple[object, ...]]) -> FindingView:
    return FindingView(**row._mapping)  # noqa: SLF001
