"""What is recommended about findings: one thing for each kind, and nothing that could not be done."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from console.pages.finding_advice import ADVICE, NOTHING, WITHOUT_RUN, advice
from operations.actions.findings import Remedy, remedies
from operations.queries.reconciliation_views import FindingView
from operations.statuses import FindingKind

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def finding(
    kind: FindingKind, *, run_id: str | None = "run", settled: bool = False, ignored: bool = False
) -> FindingView:
    return FindingView(
        id=uuid4(),
        pass_id=None,
        kind=kind,
        execution_id=None,
        tenant_slug="acme",
        tenant_name="Acme Inc.",
        workflow_id="tenant-provision-acme",
        run_id=run_id,
        database_said={},
        temporal_said={},
        done=None,
        first_seen_at=NOW,
        last_seen_at=NOW,
        resolved_at=NOW if settled else None,
        resolved_by=None,
        ignored_at=NOW if ignored else None,
        ignored_by=None,
        reason=None,
    )


@pytest.mark.parametrize("kind", FindingKind)
def test_every_kind_has_one_recommendation_that_its_remedies_allow(kind: FindingKind) -> None:
    found = advice(finding(kind))

    assert found.text.endswith(".")
    assert found.remedy is None or found.remedy in remedies(kind, "run")
    assert set(ADVICE) == set(FindingKind)


def test_letting_it_be_is_never_the_first_thing_to_do() -> None:
    assert Remedy.IGNORE not in {each.remedy for each in ADVICE.values()}


def test_where_there_is_no_run_nobody_is_told_to_terminate_it() -> None:
    assert advice(finding(FindingKind.INTRUDER, run_id=None)) == WITHOUT_RUN


@pytest.mark.parametrize("over", [lambda kind: finding(kind, settled=True), lambda kind: finding(kind, ignored=True)])
def test_of_what_is_over_nothing_is_recommended(over: Callable[[FindingKind], FindingView]) -> None:
    assert advice(over(FindingKind.NO_ROW)) == NOTHING
