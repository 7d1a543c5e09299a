from console.api import problems
from operations import errors
from operations.errors import OperationsError

#: What no request can cause, or what another door turns into an answer of its own.
ELSEWHERE = {errors.ConfigurationError, errors.WrongPassword, errors.TemporalRefused}


def kinds(of: type[OperationsError] = OperationsError) -> set[type[OperationsError]]:
    """All errors that are declared in operations."""
    return {each for kind in of.__subclasses__() if kind.__module__ == errors.__name__ for each in {kind, *kinds(kind)}}


def test_every_error_has_a_status() -> None:
    undecided = {
        kind.__name__ for kind in kinds() - ELSEWHERE if not any(each in problems.STATUSES for each in kind.__mro__)
    }

    assert undecided == set()
    assert problems.status_of(errors.TenantNotFound()) == 404
    assert problems.status_of(errors.DatabaseUnavailable()) == 503


def test_every_status_has_a_title() -> None:
    assert set(problems.STATUSES.values()) <= problems.TITLES.keys()
