"""Why an execution does not go on, as it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from operations.diagnosis.advice import OWNERS, Owner, advice
from operations.diagnosis.evidence import Evidence
from operations.diagnosis.sentences import sentence
from operations.statuses import Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class DiagnosisView:
    """Why an execution does not go on, and what helps."""

    cause: Cause
    title: str
    sentence: str
    since: datetime | None
    owner: Owner
    owner_title: str  #: who must act, within a sentence
    action: str  #: what they do next


def diagnosed(
    cause: str | None,
    *,
    detail: str | None,
    signature: str | None,
    evidence: Mapping[str, object] | None,
    since: datetime | None,
) -> DiagnosisView | None:
    """None while it goes on as it should, and for a cause that a newer version wrote."""
    if cause not in list(Cause):
        return None
    known_cause = Cause(cause)
    known = advice(known_cause)
    # What has no signature is no error: then the detail is the sentence.
    is_error = signature is not None or detail is None
    said = sentence(known_cause, detail, Evidence.from_json(evidence)) if is_error else detail
    return DiagnosisView(
        cause=known_cause,
        title=known.title,
        sentence=said or "",
        since=since,
        owner=known.owner,
        owner_title=OWNERS[known.owner],
        action=known.action,
    )
