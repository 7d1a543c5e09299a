"""What the board of incidents says, from groups of trouble, waits for people and failures. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlencode

from console.components.badges import Tone
from console.components.incidents import Incident, Link, Verdict
from console.pages import bulk_words, runbook, triage_words
from operations.diagnosis.advice import Owner
from operations.phrases import capitalised, root, said, told
from operations.queries.bulk_views import BulkView
from operations.queries.groups import GroupView
from operations.queries.paging import COUNT_CAP
from operations.statuses import Cause, Health

TONES = {
    Health.STUCK: Tone.STUCK,
    Health.DRIFT: Tone.DRIFT,
    Health.SLOW: Tone.RETRYING,
    Health.UNKNOWN: Tone.UNKNOWN,
    Health.OK: Tone.PLANNED,
}
ADJECTIVES = {
    Health.STUCK: "stuck",
    Health.DRIFT: "in drift",
    Health.SLOW: "slow",
    Health.UNKNOWN: "in a state that nobody knows",
    Health.OK: "open",
}
MIXED = "not going on as they should"  #: some are slow, others stuck already
#: Worst first.
ORDER = (Health.STUCK, Health.DRIFT, Health.UNKNOWN, Health.SLOW, Health.OK)
#: What people owe an answer to is no incident: it waits on a list of its own.
PEOPLE = frozenset({Cause.AWAITING_APPROVAL, Cause.STEP_PAUSED, Cause.RUN_PAUSED})
#: What a retry can get going again.
RETRIED = frozenset({Cause.STEP_RETRYING, Cause.STEP_HANGING, Cause.WORKFLOW_FAILING, Cause.WRONG_BUILD})
FAILED_ACTION = "Look at what failed. Retry makes a new attempt."


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything that is in trouble or waits."""

    groups: tuple[GroupView, ...]  #: the worst that are not snoozed, without what waits for people
    more: int  #: groups that are not among them
    waiting: int  #: how many wait; above the cap of lists, more than that
    failed: int  #: that nobody called off and no newer attempt took the place of
    open: int
    is_watched: bool  #: somebody looks at runs that stand still
    is_known: bool = True  #: somebody has looked at least once
    bulks: Mapping[tuple[str, str | None], BulkView] = field(default_factory=dict)  #: the latest of each group
    asleep: tuple[GroupView, ...] = ()  #: of which somebody said that all can wait

    @classmethod
    def of(cls, groups: tuple[GroupView, ...]) -> Self:
        """Of these alone, the worst first."""
        awake, asleep = (tuple(group for group in groups if bool(group.awake) is up) for up in (True, False))
        return cls(groups=awake, asleep=asleep, more=0, waiting=0, failed=0, open=0, is_watched=True)


def incidents(board: Board, *, may_retry: bool = False) -> list[Incident]:
    """Groups, in their order; then what has failed, and folded what can wait."""
    found = [
        _incident(group, board.bulks.get((group.cause, group.signature)), may_retry=may_retry) for group in board.groups
    ]
    if board.failed:
        found.append(
            Incident(
                key="failed",
                tone=None,
                count=numbered(board.failed),
                title="Failed, and no newer attempt was made",
                since=None,
                owner="Support",
                action=FAILED_ACTION,
                links=(Link(label=_shown(board.failed), href="/executions?status=failed"),),
            )
        )
    return [*found, *(_asleep(group) for group in board.asleep)]


def verdict(board: Board) -> Verdict:
    """How things stand: the worst trouble by its name, or that all is well."""
    if not board.is_watched:
        text = "Nobody knows how runs are doing: whoever watches them is silent."
        return Verdict(text=text, tone=Tone.UNKNOWN, then="What is said here is what was known last.")
    if board.groups:
        return _of_trouble(board)
    if board.open and not board.is_known:
        return Verdict(text="Nobody has looked yet how runs are doing; that takes some seconds.", tone=Tone.UNKNOWN)
    return _of_calm(board)


def _of_calm(board: Board) -> Verdict:
    """Nothing is in trouble of which nobody said that it can wait."""
    still = "Nothing is stuck." if not board.asleep else "Nothing is stuck but what is snoozed."
    if board.failed:
        text = f"{still} {runs(board.failed)} failed and {'waits' if board.failed == 1 else 'wait'} for a retry."
        return Verdict(text=text, tone=Tone.RETRYING)
    if board.waiting:
        text = f"{still} {runs(board.waiting)} {'waits' if board.waiting == 1 else 'wait'} for people."
        return Verdict(text=text, tone=Tone.WAITING)
    if board.asleep:
        number = sum(group.count for group in board.asleep)
        return Verdict(
            text=f"All is well but for {runs(number)} that {'is' if number == 1 else 'are'} snoozed.", tone=None
        )
    if not board.open:
        return Verdict(text="All is well. No run is open.", tone=None)
    goes = "goes on as it should" if board.open == 1 else "go on as they should"
    return Verdict(text=f"All is well. {runs(board.open)} {goes}.", tone=None)


def worst_first(groups: Iterable[GroupView]) -> list[GroupView]:
    """By how bad it is, then by how many they are, then by how long it lasts; what can wait is not counted."""
    return sorted(groups, key=lambda group: (ORDER.index(group.health), -group.awake, group.since))


def _of_trouble(board: Board) -> Verdict:
    worst = board.groups[0]
    is_one = worst.awake == 1
    wrong = _lowered(title(worst)).rstrip(".")  # an error may be a sentence
    text = f"{runs(worst.awake)} {'is' if is_one else 'are'} {_adjective(worst)}: {wrong}."
    others = len(board.groups) - 1 + board.more
    also = "" if not others else f" Other runs have {'one more cause' if others == 1 else f'{others:,} more causes'}."
    also += (
        "" if not board.asleep else f" {len(board.asleep):,} more {'is' if len(board.asleep) == 1 else 'are'} snoozed."
    )
    then = worst.action if worst.owner is Owner.NOBODY else f"{_owner(worst)} must act."
    return Verdict(text=text, tone=TONES[worst.health], since=worst.since, then=f"{then}{also}")


def _adjective(group: GroupView) -> str:
    return MIXED if group.is_mixed else ADJECTIVES[group.health]


def title(group: GroupView) -> str:
    """What is wrong, in words: the root of the error; without one, what there is to say of the cause."""
    if group.signature is not None:
        wrong = root(group.detail or group.signature)
        # It was so when the start was tried: whoever reads it now must not take it for the state of Temporal.
        is_past = group.cause == Cause.NOT_STARTED
        return f"The latest try of the start failed ({wrong.rstrip('.')})" if is_past else wrong
    return (group.detail or group.title).rstrip(".")


def of_group(group: GroupView) -> Incident:
    """Of one group, on its own page: what its card on the board says; its title is that of the page."""
    card = _incident(group, None, may_retry=False)
    is_one = (group.awake or group.count) == 1
    state = f"{'run is' if is_one else 'runs are'} {_adjective(group)}"
    return replace(card, count=numbered(group.awake or group.count), title=state, links=card.links[:-1])


def _incident(group: GroupView, bulk: BulkView | None, *, may_retry: bool) -> Incident:
    known = Cause(group.cause) if group.cause in list(Cause) else None
    helps = () if known is None else (Link(label="What helps", href=runbook.address(known)),)
    return Incident(
        key=f"{group.cause} {group.signature}",
        tone=TONES[group.health],
        count=numbered(group.awake),
        title=title(group),
        since=group.since,
        owner="" if group.owner is Owner.NOBODY else _owner(group),
        action=group.action,
        links=(
            Link(label=_shown(group.count), href=address(group)),
            *(_retry(group, bulk) if may_retry else ()),
            *helps,
            Link(label=_notes(group), href=triage_address(group)),
        ),
        said=" ".join(filter(None, (triage_words.sentence(group.triage), _some_asleep(group)))),
        done="" if bulk is None else bulk_words.lately(bulk),
        detail="" if group.signature is None or told(group.detail).detail is None else group.detail or "",
    )


def _asleep(group: GroupView) -> Incident:
    until = "" if group.asleep_until is None else f" until {said(group.asleep_until)}"
    return Incident(
        key=f"asleep {group.cause} {group.signature}",
        tone=Tone.PLANNED,
        count=numbered(group.count),
        title=title(group),
        since=group.since,
        owner="",
        action="",
        links=(
            Link(label=_shown(group.count), href=address(group)),
            Link(label=_notes(group), href=triage_address(group)),
        ),
        said=triage_words.sentence(group.triage),
        folded=f"Snoozed{until}, or until the cause changes",
    )


def _some_asleep(group: GroupView) -> str:
    number = group.asleep
    return "" if not number else f"{numbered(number)} more {'is' if number == 1 else 'are'} snoozed."


def address(group: GroupView) -> str:
    """The list of its executions."""
    asked = {"status": "open", "cause": group.cause, "signature": group.signature}
    return f"/executions?{urlencode({name: value for name, value in asked.items() if value})}"


def triage_address(group: GroupView) -> str:
    """The page on which people say what they know of it."""
    asked = urlencode({"signature": group.signature}) if group.signature else ""
    return f"/groups/{group.cause}" + (f"?{asked}" if asked else "")


def _retry(group: GroupView, bulk: BulkView | None) -> tuple[Link, ...]:
    """Where trying again helps; while one operation goes on, to that."""
    if bulk is not None and bulk.finished_at is None:
        return (Link(label=bulk_words.next_step(bulk), href=bulk_words.address(bulk)),)
    if group.cause not in RETRIED:
        return ()
    label = "Retry one first" if group.count > 1 else "Retry it"
    return (Link(label=label, href=bulk_words.offered(triage_address(group))),)


def _notes(group: GroupView) -> str:
    return "Triage" if not group.notes else "Triage, 1 note" if group.notes == 1 else f"Triage, {group.notes:,} notes"


def runs(number: int) -> str:
    return "1 run" if number == 1 else f"{numbered(number)} runs"


def numbered(number: int) -> str:
    """Above the cap of lists, more than that."""
    return f"{COUNT_CAP:,}+" if number > COUNT_CAP else f"{number:,}"


def _shown(number: int) -> str:
    return "Show it" if number == 1 else f"Show all {numbered(number)}"


def _owner(group: GroupView) -> str:
    return capitalised(group.owner_title)


def _lowered(text: str) -> str:
    """Within a sentence; names and abbreviations stay as they are."""
    return text if text[1:2].isupper() or text.startswith("Temporal") else f"{text[:1].lower()}{text[1:]}"
