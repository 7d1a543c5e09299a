"""Every view of a list is served by its index; none reads the executions from end to end."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text

from operations.database import Database
from operations.queries.attention import AttentionCounts
from operations.queries.execution_views import ExecutionFilter
from operations.queries.executions import ExecutionQueries
from operations.queries.groups import Groups
from operations.statuses import Cause, Health
from workbench.plans import explain, recorded
from workbench.views import Landmarks, View, all_views

WordT = TypeVar("WordT", Health, Cause)
NOWHERE = Landmarks(middle=datetime(2026, 1, 1, tzinfo=UTC), tenant_id=UUID(int=1), slug="acme")
NAMES = [view.name for view in all_views(Database.at("", name="nobody"), NOWHERE)]
MOST_BUFFERS = 3_500  #: of 8 kB, for a page with its total; the whole table has half as many again


ILL = text(
    "SELECT health, cause, count(*) FROM workflow_executions "
    "WHERE status IN ('pending', 'running') AND (health <> 'ok' OR cause IS NOT NULL) GROUP BY health, cause"
)


def _summed(numbers: Iterable[tuple[WordT, int]]) -> dict[WordT, int]:
    found: dict[WordT, int] = {}
    for word, number in numbers:
        found[word] = found.get(word, 0) + number
    return found


def the_view(name: str, database: Database, place: Landmarks) -> View:
    return next(view for view in all_views(database, place) if view.name == name)


@pytest.mark.parametrize("name", NAMES)
async def test_a_view_is_served_by_its_index(name: str, filled: Database, place: Landmarks) -> None:
    view = the_view(name, filled, place)

    with recorded(filled) as sent:
        await view.ask()
    plans = await explain(filled, sent)

    assert all("workflow_executions" not in plan.sequential for plan in plans)
    assert any(index.startswith(view.index) for plan in plans for index in plan.indexes)
    assert sum(plan.buffers for plan in plans) <= MOST_BUFFERS


def test_every_view_has_a_name_of_its_own() -> None:
    assert len(NAMES) == len(set(NAMES)) > 80


async def test_trouble_is_counted_and_grouped_by_its_indexes(filled: Database) -> None:
    groups = Groups(database=filled)
    with recorded(filled) as sent:
        trouble = await groups.trouble()
        page = await groups.list()
        errors = await groups.of_errors({group.signature for group in page.items if group.signature is not None})
    plans = await explain(filled, sent)

    assert all("workflow_executions" not in plan.sequential for plan in plans)
    assert {"ix_workflow_executions_open_health", "ix_workflow_executions_open_cause"} <= set(plans[0].indexes)
    assert sum(plan.buffers for plan in plans) <= MOST_BUFFERS
    async with filled.reading() as connection:
        truth = {(health, cause): n for health, cause, n in await connection.execute(ILL)}
    assert trouble.healths == _summed((Health(health), n) for (health, _), n in truth.items() if health != "ok")
    assert trouble.causes == _summed((Cause(cause), n) for (_, cause), n in truth.items() if cause is not None)
    assert sum(group.count for group in page.items) == sum(trouble.healths.values()) > 0
    assert "ix_workflow_executions_signature" in plans[-1].indexes
    listed = ExecutionQueries(database=filled)
    for signature, number in errors.items():
        assert number == (await listed.list(ExecutionFilter(signature=signature))).total > 0


async def test_what_waits_is_counted_by_indexes(filled: Database) -> None:
    with recorded(filled) as sent:
        await AttentionCounts(database=filled).now()
    plans = await explain(filled, sent)

    assert all("workflow_executions" not in plan.sequential for plan in plans)
