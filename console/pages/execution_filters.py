"""What the address of the list of executions asks for; "failed" are the failures that stand."""

from collections.abc import Mapping

from console.pages import address
from operations import kinds
from operations.queries.execution_views import STATUS_WORDS, ExecutionFilter
from operations.statuses import Status

SUPERSEDED = "superseded"  #: failed ones of which a newer attempt took the place
WORDS = frozenset({*STATUS_WORDS, SUPERSEDED})


def filter_of(query: Mapping[str, str]) -> ExecutionFilter:
    """What the address asks for; words that mean nothing do not narrow."""
    asked, superseded = _statuses(query)
    type_ = query.get("type", "")
    return ExecutionFilter(
        statuses=frozenset[Status]().union(*(STATUS_WORDS[word] for word in asked)),
        superseded=superseded,
        workflow_types=frozenset({type_} if kinds.known().get(type_) else ()),
        search=query.get("q", ""),
        created_from=address.moment(query.get("created_from")),
        created_to=address.moment(query.get("created_to")),
    )


def exported(query: Mapping[str, str]) -> Mapping[str, str]:
    """The same filter in the words of REST, for which a superseded execution is a failed one."""
    asked, superseded = _statuses(query)
    words = {"status": ",".join(asked), "superseded": "" if superseded is None else str(superseded).lower()}
    return {**query, **words}


def _statuses(query: Mapping[str, str]) -> tuple[list[str], bool | None]:
    """The statuses that the address names, and which of the failed ones: those that stand, or the superseded ones."""
    words = [word for word in query.get("status", "").split(",") if word in WORDS]
    failed, superseded = Status.FAILED.value in words, SUPERSEDED in words
    asked = [word for word in words if word != SUPERSEDED]
    if superseded and not failed:
        asked.append(Status.FAILED.value)
    return asked, superseded if failed != superseded else None
