"""What the address of the list of executions asks for; "failed" are the failures that stand."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from console.pages import address
from operations import kinds
from operations.queries.execution_views import STATUS_WORDS, ExecutionFilter, TriageWord
from operations.statuses import Cause, Failure, Health, Status

#: word of the address → failed ones of which this became
FAILURES = {
    Status.FAILED.value: Failure.STANDING,
    Failure.CALLED_OFF.value: Failure.CALLED_OFF,
    Failure.SUPERSEDED.value: Failure.SUPERSEDED,
}
WORDS = frozenset({*STATUS_WORDS, *FAILURES})


def filter_of(query: Mapping[str, str], viewer: UUID | None = None) -> ExecutionFilter:
    """What the address asks for; words that mean nothing do not narrow. `viewer` is the account of whoever looks."""
    asked, failures = _statuses(query)
    type_ = query.get("type", "")
    return ExecutionFilter(
        statuses=frozenset[Status]().union(*(STATUS_WORDS[word] for word in asked)),
        failures=failures or None,
        healths=frozenset(Health(word) for word in _known(query, "health", Health)),
        causes=frozenset(_known(query, "cause", Cause)),
        signature=query.get("signature", "").replace("\0", "") or None,
        workflow_types=frozenset({type_} if kinds.known().get(type_) else ()),
        search=query.get("q", ""),
        created_from=address.moment(query.get("created_from")),
        created_to=address.moment(query.get("created_to")),
        bulk_id=bulk_of(query),
    ).triaged(triage_of(query), viewer)


def bulk_of(query: Mapping[str, str]) -> UUID | None:
    """The bulk operation that the executions were part of; an id cut off when it was copied means none."""
    try:
        return UUID(query["bulk"]) if query.get("bulk") else None
    except ValueError:
        return None


def triage_of(query: Mapping[str, str]) -> frozenset[TriageWord]:
    return frozenset(TriageWord(word) for word in _known(query, "triage", TriageWord))


def exported(query: Mapping[str, str]) -> Mapping[str, str]:
    """The same filter in the words of REST, for which every failed execution is a failed one."""
    asked, failures = _statuses(query)
    trouble = {"health": _known(query, "health", Health), "cause": _known(query, "cause", Cause)}
    trouble["triage"] = _known(query, "triage", TriageWord)
    words = {name: ",".join(known) for name, known in trouble.items()}
    bulk = bulk_of(query)
    known = {**words, "bulk": "" if bulk is None else str(bulk)}
    return {**query, **known, "status": ",".join(asked), "failures": ",".join(sorted(failures))}


def _known(query: Mapping[str, str], name: str, words: Iterable[str]) -> list[str]:
    """The words of the address that mean something."""
    return [word for word in query.get(name, "").split(",") if word in set(words)]


def _statuses(query: Mapping[str, str]) -> tuple[list[str], frozenset[Failure]]:
    """The statuses that the address names, and which of the failed ones."""
    words = [word for word in query.get("status", "").split(",") if word in WORDS]
    failures = frozenset(FAILURES[word] for word in words if word in FAILURES)
    asked = [word for word in words if word in STATUS_WORDS]
    if failures and Status.FAILED not in asked:
        asked.append(Status.FAILED.value)
    return asked, failures
