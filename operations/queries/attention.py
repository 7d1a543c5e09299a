"""How much waits for people to look into it, whichever page they are on."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select

from operations.database import Database
from operations.diagnosis import leases
from operations.models import ApprovalRequest, Execution, ReconciliationFinding
from operations.queries.approvals import is_waiting
from operations.queries.narrowing import OPEN_STATUSES, is_failure
from operations.queries.paging import COUNT_CAP
from operations.queries.triaged import is_awake
from operations.statuses import Failure, Health


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """What waits; each part is counted up to one more than the cap of lists."""

    stuck: int  #: open runs that nobody has snoozed; what drifted is among the findings
    failed: int  #: runs that failed against anybody's wish, with no newer one in their place
    findings: int
    approvals: int

    @property
    def total(self) -> int:
        return self.stuck + self.failed + self.findings + self.approvals


@dataclass(frozen=True, kw_only=True, slots=True)
class AttentionCounts:
    """Reads how much waits."""

    database: Database

    async def now(self) -> Attention:
        async with self.database.reading() as connection:
            row = (await connection.execute(_COUNTS)).one()
        return Attention(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping

    async def is_known(self) -> bool:
        """Whether anybody has looked yet how executions are doing; before that, that none is stuck means nothing."""
        async with self.database.reading() as connection:
            return await leases.has_looked(connection)


def _counts() -> Select[*tuple[int, ...]]:
    parts = {"stuck": _stuck(), "failed": _failed(), "findings": _findings(), "approvals": _approvals()}
    return select(
        *(
            select(func.count()).select_from(each.limit(COUNT_CAP + 1).subquery()).scalar_subquery().label(name)
            for name, each in parts.items()
        )
    )


def _stuck() -> Select[*tuple[object, ...]]:
    is_open = Execution.status.in_(sorted(OPEN_STATUSES))
    return select(Execution.last_progress_at).where(is_open, Execution.health == Health.STUCK, is_awake())


def _failed() -> Select[*tuple[object, ...]]:
    return select(Execution.created_at).where(is_failure(Failure.STANDING))


def _findings() -> Select[*tuple[object, ...]]:
    finding = ReconciliationFinding
    return select(finding.id).where(finding.resolved_at.is_(None), finding.ignored_at.is_(None))


def _approvals() -> Select[*tuple[object, ...]]:
    return select(ApprovalRequest.execution_id).where(is_waiting())


_COUNTS = _counts()
