"""What can go wrong, named for the fact.

The docstring of an error is its default message and is written for the operator who reads it: what
happened, what is safe, what to do. No HTTP status lives here: pages, REST and the command line each
map these classes in one place.
"""

from collections.abc import Mapping


class OperationsError(Exception):
    """The operation could not be carried out; nothing was changed."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or type(self).__doc__ or ""
        super().__init__(self.message)


class InvalidInput(OperationsError):
    """The input breaks a rule; nothing was written."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))


class AlreadyTaken(OperationsError):
    """The value is in use; nothing was written."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class KeyReused(OperationsError):
    """This idempotency key was used for another request; nothing was written. Use a new key."""


class NotPermitted(OperationsError):
    """Your role does not allow this; nothing was changed. Ask an administrator if you need it."""


class NotLoggedIn(OperationsError):
    """Your session has ended; nothing was changed. Log in again."""


class TooManyTries(OperationsError):
    """Too many failed log-ins. Wait a minute, then try again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds  #: until another one is let in
        super().__init__(
            f"Too many failed log-ins. Wait {seconds} second{'' if seconds == 1 else 's'}, then try again."
        )


class LoginsBusy(OperationsError):
    """Too many people are logging in at this moment. Try again in a few seconds."""


class WrongPassword(OperationsError):
    """The e-mail or the password is wrong."""


class ExecutionNotFound(OperationsError):
    """There is no execution with this id."""


class TenantNotFound(OperationsError):
    """There is no tenant with this slug."""


class StaffNotFound(OperationsError):
    """There is no staff account with this e-mail."""


class AlreadyEnded(OperationsError):
    """The execution has ended already; nothing was changed."""


class TooLateToCancel(OperationsError):
    """The tenant's schema is being dropped or gone, which nobody can take back; nothing was changed."""


class RunChanged(OperationsError):
    """The run was replaced by a newer one since the page was loaded; nothing was changed. Look at it again."""


class RetryChanged(OperationsError):
    """Retry would do something else by now than what was shown; nothing was changed. Look at it again."""


class NotOffered(OperationsError):
    """The kind of this execution knows no such action; nothing was changed."""


class CannotHoldStep(OperationsError):
    """No step of this execution can be paused or resumed; nothing was changed."""


class CannotCleanUp(OperationsError):
    """Nothing of this execution's tenant can be cleaned up; nothing was changed."""


class NotWaiting(OperationsError):
    """The execution does not wait for an approval; nothing was changed."""


class AlreadyDecided(OperationsError):
    """The decision was made already, and differently; nothing was changed."""


class GroupNotFound(OperationsError):
    """No execution stands still for this cause and by this error any more; nothing was changed."""


class CannotTriage(OperationsError):
    """The execution ended well: there is nothing to acknowledge or to snooze; nothing was changed."""


class CannotRetry(OperationsError):
    """The execution cannot be retried; nothing was changed."""


class CannotDeprovision(OperationsError):
    """The tenant cannot be deprovisioned in its present status; nothing was changed."""


class CannotStart(OperationsError):
    """The run cannot be started for the tenant in its present status; nothing was changed."""


class NotADemo(OperationsError):
    """This installation was not made for a demo; nothing was changed."""


class CannotBreak(OperationsError):
    """This cannot go wrong now; nothing was changed."""


class PassRunning(OperationsError):
    """A reconciliation pass is running already; nothing was changed. Its result shows up by itself."""


class ReconciliationPaused(OperationsError):
    """Reconciliation is paused; nothing was changed."""


class LeaseLost(OperationsError):
    """Another process took over the reconciliation; this pass wrote nothing more."""


class PassNotFound(OperationsError):
    """There is no reconciliation pass with this id."""


class FindingNotFound(OperationsError):
    """There is no finding with this id."""


class FindingSettled(OperationsError):
    """The finding has been settled already; nothing was changed."""


class CannotSettle(OperationsError):
    """This cannot be done for this finding; nothing was changed."""


class BulkNotFound(OperationsError):
    """There is no bulk operation with this id."""


class CannotChangeBulk(OperationsError):
    """The bulk operation does not stand as it would have to for this; nothing was changed."""


class TooManyBulks(OperationsError):
    """Too many bulk operations of yours are open; nothing was begun. Wait until one has ended, or stop one."""


class CountChanged(OperationsError):
    """Another number of executions can take this by now than was named; nothing was done. Look at them again."""


class DatabaseUnavailable(OperationsError):
    """PostgreSQL does not answer. Whether a change under way was kept is not known: look before you repeat it."""

    title = "The database does not answer"


class DatabaseSlow(DatabaseUnavailable):
    """PostgreSQL answers, but takes longer for this than it may; nothing was changed. Narrow it down, or try later."""

    title = "The database takes too long"


class DatabaseLocked(DatabaseSlow):
    """Somebody else is changing the same in PostgreSQL; nothing was changed here. Try again in a moment."""

    title = "The database waits for somebody else"


class DatabaseBusy(DatabaseSlow):
    """All connections of this process to PostgreSQL are in use; nothing was changed. Try again in a moment."""


class AcceptedUnread(DatabaseUnavailable):
    """It was accepted and stands; PostgreSQL did not tell in time how things are now. Do not repeat it: look again."""

    title = "Accepted, and not read since"


class DatabaseReadOnly(DatabaseUnavailable):
    """PostgreSQL takes no changes now, as during a failover. Nothing was changed; pages can be read. Try again soon."""


class SchemaBehind(OperationsError):
    """The database lacks migrations of this version. Run `tenantry migrate`."""


class TemporalUnavailable(OperationsError):
    """Temporal does not answer. Accepted work is kept and goes on by itself when it is back."""


class TemporalRefused(OperationsError):
    """Temporal refused the request for good; repeating it cannot help."""


class ConfigurationError(OperationsError):
    """A setting is missing or makes no sense; the process did not start."""
