"""What the page of the reconciliation says first: whether anything is for people, since when, and who must act."""

from console.channels import View
from console.components.badges import Tone
from console.components.incidents import Verdict
from console.pages import finding_words
from console.pages.finding_advice import advice
from console.pages.incidents import numbered
from console.pages.scope import Scope
from operations.diagnosis.advice import OWNERS, Owner
from operations.phrases import capitalised
from operations.queries.paging import COUNT_CAP, Page
from operations.queries.reconciliation_views import FindingFilter, FindingView, Standing

Found = Page[FindingView]
OPEN = FindingFilter(standing=Standing.OPEN)


def verdict(found: Found) -> Verdict:
    """The newest by its name, and how many there are."""
    if not found.items:
        return Verdict(text="The database and Temporal agree.", tone=None)
    newest, number = found.items[0], COUNT_CAP + 1 if found.total_capped else found.total
    about = newest.tenant_name or newest.workflow_id
    what = f"{about}: {finding_words.explanation(newest.kind)}"
    text = what if number == 1 else f"{numbered(number)} differences. The newest is about {what}"
    return Verdict(text=text, tone=Tone.DRIFT, since=newest.first_seen_at, then=_then(newest, number))


def _then(newest: FindingView, number: int) -> str:
    """What heals by itself needs nobody; of several, not all do."""
    recommended = advice(newest)
    if number == 1 and recommended.heals_by_itself:
        return recommended.text
    operator = OWNERS[Owner.OPERATOR]
    must_act = f"{capitalised(operator)} must act."
    return f"{must_act} {recommended.text}" if number == 1 else must_act


def view(scope: Scope) -> View[Found, Found]:
    return View(
        key="open findings",
        concerns=lambda changed: changed.concerns("finding"),
        load=lambda: scope.services.reads.reconciliation.findings(OPEN, limit=1),
        news=lambda before, after: None if before == after else after,
    )
