"""The page Help leaves out no word that pages show, and sends nobody to a document that is not there."""

from pathlib import Path

from console.components.badges import Tone
from console.pages import help_words
from operations.phrases import ENDINGS, shown_status
from operations.queries.reconciliation_views import Standing
from operations.statuses import CloseReason, Role, Status, StepStatus, TenantStatus

DOCS = Path(__file__).parents[4] / "docs"


def test_every_word_of_a_badge_is_explained() -> None:
    shown = {shown_status(status, reason) for status in Status for reason in (None, *CloseReason)}

    assert set(help_words.EXECUTIONS) == shown
    assert {ENDINGS[reason] for reason in CloseReason} <= set(help_words.EXECUTIONS)
    assert {sign.tone for sign in help_words.SIGNS} == set(Tone)
    assert set(help_words.STEPS) == set(StepStatus)
    assert set(help_words.TENANTS) == set(TenantStatus)
    assert set(help_words.FINDINGS) == set(Standing)
    assert set(help_words.ROLES) == set(Role)


def test_documents_are_there() -> None:
    assert [name for name in help_words.DOCUMENTS if not (DOCS / name).is_file()] == []
    assert len(help_words.DOCUMENTS) >= 5
