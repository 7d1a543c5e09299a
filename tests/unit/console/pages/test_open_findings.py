"""What the page of the reconciliation says first of what is left for people."""

from console.components.badges import Tone
from console.pages.open_findings import verdict
from operations.queries.paging import Page
from operations.queries.reconciliation_views import FindingView
from operations.statuses import FindingKind
from tests.unit.console.pages.test_finding_advice import NOW, finding


def page(*found: FindingView, total: int | None = None) -> Page[FindingView]:
    return Page(items=found, next=None, previous=None, total=len(found) if total is None else total, total_capped=False)


def test_one_difference_is_told_with_whom_it_is_about_since_when_and_who_must_do_what() -> None:
    said = verdict(page(finding(FindingKind.TENANT_WITHOUT_EXECUTION)))

    assert said.text == "Acme Inc.: The tenant is being provisioned, and no execution of it is open."
    assert (said.tone, said.since) == (Tone.DRIFT, NOW)
    assert said.then == "An operator must act. Start a new attempt for the tenant."


def test_several_are_counted_and_the_newest_is_told() -> None:
    said = verdict(page(finding(FindingKind.NO_ROW), total=7))

    assert said.text.startswith("7 differences. The newest is about Acme Inc.: An open run of one of Tenantry's")
    assert said.then == "An operator must act."


def test_what_heals_by_itself_asks_nobody_to_act_and_without_any_all_is_well() -> None:
    assert verdict(page(finding(FindingKind.ENDED))).then.startswith("Wait a minute: the next pass corrects it.")
    assert verdict(page()).tone is None
