"""Every finding, outcome, trigger and remedy has words."""

from console.pages import finding_words
from operations.actions.findings import NEEDS, Remedy
from operations.queries.reconciliation_views import Standing
from operations.statuses import FindingKind, PassOutcome, PassTrigger


def test_every_word_of_the_database_has_words_for_people() -> None:
    assert set(finding_words.KINDS) == set(FindingKind)
    assert set(finding_words.STANDINGS) == set(Standing)
    assert set(finding_words.OUTCOMES) == set(PassOutcome)
    assert set(finding_words.TRIGGERS) == set(PassTrigger)
    assert set(finding_words.REMEDIES) == set(Remedy) == set(NEEDS)
