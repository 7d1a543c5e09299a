"""Phrases that pages, REST, the command line and Temporal's history share. Pure: workflows use them, too."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from operations import kinds
from operations.statuses import BulkResult, CloseReason, CommandKind, Decision, Outcome, Status

SHELL = "cli:"  #: begins the name of whoever has a shell on the installation
TENANTRY = "system:"  #: begins the name of an actor that is a part of Tenantry
PARTS = {
    "console": "Console",
    "worker": "Worker",
    "cli": "Command line",
    "reconciliation": "Reconciliation",
    "time-limit": "Time limit",
    "diagnosis": "Diagnosis",
}
#: How a run ended, where `failed` alone would say too little; spelled as people read it, not as it is stored.
ENDINGS = {
    CloseReason.ERROR: "failed",
    CloseReason.REJECTED: "rejected",
    CloseReason.TERMINATED: "terminated",
    CloseReason.CANCELED: "cancelled",
    CloseReason.TIMED_OUT: "timed_out",
    CloseReason.NOT_FOUND: "failed",
    CloseReason.START_REJECTED: "failed",
}
#: What was asked of Temporal.
REQUESTS = {
    CommandKind.START: "Start",
    CommandKind.TERMINATE: "Termination",
    CommandKind.CANCEL: "Cancellation",
    CommandKind.DECIDE: "Decision",
    CommandKind.RETRY_STEP: "Try of the step",
    CommandKind.PAUSE_STEP: "Pause of the step",
    CommandKind.RESUME_STEP: "Resumption of the step",
    CommandKind.REPLACE: "Replacement",
}
#: Of a retry.
OUTCOMES = {
    Outcome.MOVED_ON: "moved on",
    Outcome.FAILED_AGAIN: "failed again with the same error",
    Outcome.FAILED_OTHERWISE: "failed again with another error",
    Outcome.NOT_IN_TIME: "has not moved in ten minutes",
    Outcome.NOT_DONE: "was not carried out",
}
#: Of one row of a bulk operation, and of several; in the order in which they are told.
RESULTS = {
    BulkResult.MOVED_ON: ("moved on", "moved on"),
    BulkResult.WENT_ON: ("went on by itself", "went on by themselves"),
    BulkResult.ENDED: ("has ended", "have ended"),
    BulkResult.DECIDED: ("was told the decision", "were told the decision"),
    BulkResult.FAILED_AGAIN: ("failed again the same way", "failed again the same way"),
    BulkResult.FAILED_OTHERWISE: ("failed again with another error", "failed again with another error"),
    BulkResult.NO_WORKER: ("has no worker", "have no worker"),
    BulkResult.NOT_IN_TIME: ("has not moved in ten minutes", "have not moved in ten minutes"),
    BulkResult.FAILED: ("was not carried out", "were not carried out"),
    BulkResult.SKIPPED: ("was skipped", "were skipped"),
    BulkResult.WATCHED: ("is still watched", "are still watched"),
    BulkResult.SENT: ("is on its way", "are on their way"),
    BulkResult.LEFT: ("is left", "are left"),
}
FINAL = "A decision is final."
STOPS = (".", "!", "?", "…", ".”")
BY = re.compile(r"(?P<why>.*) \(by (?P<who>[^()]+)\)", re.DOTALL)
#: The class of an error, as SDK and drivers put it before their words: `OSError: `, `InsufficientPrivilege: `.
CLASS = re.compile(r"(?:\w+\.)*[A-Z][a-z]*(?:[A-Z]+[a-z]*)+: (?=\S+\s)")
#: What errors of PostgreSQL and of the network come down to, by words that drivers and servers use for them.
ROOTS = (
    (
        re.compile(r"\bDiskFull\b|could not (?:extend|write|create)\b.*(?:no space left|disk full)", re.IGNORECASE),
        "No space left on the database server",
    ),
    (re.compile(r"no space left on device", re.IGNORECASE), "No space left on a disk"),
    (
        re.compile(r"\btoo many (?:connections|clients)\b|remaining connection slots", re.IGNORECASE),
        "The database server takes no more connections",
    ),
    (
        re.compile(r"\bDeadlockDetected\b|\bdeadlock detected\b", re.IGNORECASE),
        "Two transactions of the database blocked each other",
    ),
    (
        re.compile(r"\bLockNotAvailable\b|due to lock timeout", re.IGNORECASE),
        "Another transaction holds a lock in the database",
    ),
    (
        re.compile(r"\bReadOnlySqlTransaction\b|in a read-only transaction", re.IGNORECASE),
        "The database takes no writes: it is read-only",
    ),
    (re.compile(r"\bout of shared memory\b", re.IGNORECASE), "The database server has too few locks"),
    (re.compile(r"\bOutOfMemory\b|^out of memory\b", re.IGNORECASE), "The database server is out of memory"),
    (re.compile(r"due to statement timeout", re.IGNORECASE), "A statement in the database took longer than it may"),
    (
        re.compile(r"\bconnection to server at\b.*\bfailed\b|\bAdminShutdown\b|\bCannotConnectNow\b", re.IGNORECASE),
        "The database server cannot be reached",
    ),
    (
        re.compile(r"name or service not known|name resolution|could not translate host name", re.IGNORECASE),
        "The name of a host cannot be resolved",
    ),
    (re.compile(r"certificate verify failed", re.IGNORECASE), "A certificate is not trusted"),
)
ROOT_READ = 500  #: characters of an error in which its root is looked for


def shown_status(status: Status, close_reason: CloseReason | None) -> str:
    """The status with its own word for how it ended: a terminated run is stored as failed and shown as terminated."""
    return status.value if status is not Status.FAILED or close_reason is None else ENDINGS[close_reason]


def spelled(stored: object) -> str:
    """A stored word, or Temporal's, within a sentence. Both store `canceled`; people read one spelling."""
    return "cancelled" if stored == CloseReason.CANCELED else str(stored).replace("_", " ")


def side(said: Mapping[str, object]) -> str:
    """What one side said of a finding, in a word or two."""
    tenant, status, reason = said.get("tenant"), said.get("status"), said.get("close_reason")
    if tenant is not None:
        return f"tenant {tenant}"
    if (activity := said.get("activity")) is not None:
        return f"asked for the step “{kinds.known().step_title(str(activity))}”"
    if status is None:
        return "nothing"
    word = spelled(status)
    return word if reason is None else f"{word} ({spelled(reason)})"


def capitalised(text: str) -> str:
    """At the beginning of a sentence, or alone; names within it keep their capitals."""
    return f"{text[:1].upper()}{text[1:]}"


def who(actor: str) -> str:
    """An actor as people read it: e-mail addresses as they are, parts of Tenantry without host and process."""
    if actor.startswith(SHELL):
        return f"{actor.removeprefix(SHELL)} (command line)"
    if not actor.startswith(TENANTRY):
        return actor
    part = actor.removeprefix(TENANTRY).partition("@")[0]
    return PARTS.get(part, "Tenantry")


def ended(how: str, by: str, why: str | None) -> str:
    """How a run ended by somebody's will: `Cancelled by ops@example.com: “customer came back”`."""
    if by.startswith(TENANTRY) and why:
        return f"{how}: {why[0].lower()}{why[1:]}"
    sentence = f"{how} by {who(by)}" if by else how
    return f"{sentence}: “{why}”" if why else f"{sentence}."


def said(moment: datetime) -> str:
    """A moment within a sentence. Pages draw it in the viewer's zone, and know it by this form (`spokenMoments`)."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def decided(decision: Decision, by: str, why: str, at: datetime) -> str:
    """Who decided what, and when: `Approved on 2026-12-04 23:19 UTC by ops@example.com: “paid”`."""
    return ended(f"{decision.capitalize()} on {said(at)}", by, why)


def settled(decided: str) -> str:
    """Why nothing else can be decided any more; `decided` is the sentence of the function of that name."""
    return f"{decided.rstrip('.')}. {FINAL}"


def outcome_of_all(results: Mapping[BulkResult, int]) -> str:
    """What became of the rows of a bulk operation: `37 moved on, 2 failed again the same way, 1 has no worker`."""
    counted = [(results[result], words) for result, words in RESULTS.items() if results.get(result)]
    return ", ".join(f"{number:,} {words[number != 1]}" for number, words in counted)


def reason_with_name(why: str | None, by: str) -> str:
    """What Temporal's history keeps of a request: the reason, and who asked."""
    return f"{why or 'no reason given'} (by {by})"


def reason_and_name(said: str) -> tuple[str, str]:
    """The two that `reason_with_name` put together; of a stranger's words, no name."""
    match = BY.fullmatch(said)
    return (said, "") if match is None else (match["why"], match["who"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An error as people read it, and all of it where that is more."""

    sentence: str
    detail: str | None = None

    @property
    def followed(self) -> str:
        """The sentence with its full stop, where another one comes after it."""
        return self.sentence if self.sentence.endswith(STOPS) else f"{self.sentence}."


def root(error: str | None) -> str:
    """What an error comes down to, in words that need no knowledge of the database; else its sentence."""
    read = (error or "")[:ROOT_READ]
    return next((words for known, words in ROOTS if known.search(read)), None) or told(error).sentence


def told(error: str | None) -> Told:
    """The first line without the class of the error; a database's CONTEXT and the like come after it."""
    whole = (error or "").strip()
    first, _, _ = whole.partition("\n")
    sentence = CLASS.sub("", first, count=1) if CLASS.match(first) else first
    sentence = sentence[:1].upper() + sentence[1:]
    return Told(sentence=sentence, detail=whole if sentence.lower() != whole.lower() else None)
