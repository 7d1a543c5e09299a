"""What pages say of bulk operations. Pure."""

from collections.abc import Iterable
from urllib.parse import urlencode

from console.components.progress import Part
from console.pages import deeds
from operations.bulk.plans import Said
from operations.diagnosis.advice import HEALTHY, advice
from operations.kinds import Deed
from operations.phrases import RESULTS, outcome_of_all, root, who
from operations.queries.bulk_views import BulkView
from operations.statuses import BulkResult, BulkState, Cause

FIRST = "first"  #: in the address of a group: retry one alone
LONG = 10.0  #: seconds from which on the pace is worth a word
NOTHING_DONE = "Nothing was done: none of them could take it."
NO_MATCH = "Nothing was done: nothing matched when it was asked for."
#: What a canary can meet that speaks against sending the others after it.
BAD_ENDS = (
    BulkResult.FAILED_AGAIN,
    BulkResult.FAILED_OTHERWISE,
    BulkResult.NOT_IN_TIME,
    BulkResult.FAILED,
)

#: The colour of each result in a bar; what is left is its empty end.
PARTS = {
    **dict.fromkeys((BulkResult.MOVED_ON, BulkResult.WENT_ON, BulkResult.ENDED, BulkResult.DECIDED), "done"),
    **dict.fromkeys(BAD_ENDS, "failed"),
    BulkResult.NO_WORKER: "waits",
    BulkResult.SKIPPED: "skipped",
    **dict.fromkeys((BulkResult.WATCHED, BulkResult.SENT), "on-its-way"),
    BulkResult.LEFT: "left",
}


def runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number:,} runs"


def turns(number: int) -> str:
    """What happens to those that have not had their turn."""
    if number == 1:
        return "1 run has its turn, after another look at it."
    return f"{runs(number)} have their turn, each after another look at it."


def done_before(number: int) -> str:
    """Of those that have had their turn."""
    theirs = "its turn; what was done to it" if number == 1 else "their turn; what was done to them"
    return f"{runs(number)} had {theirs} stays."


def title(deed: Deed, total: int) -> str:
    """Such as `Retry 40 runs`."""
    return f"{deeds.WORDINGS[deed].label} {runs(total)}"


def address(bulk: BulkView) -> str:
    return f"/bulk/{bulk.id}"


def counted(said: Iterable[Said]) -> tuple[str, ...]:
    """What is true of how many."""
    return tuple(f"{runs(each.count)}: {each.sentence}" for each in said)


def pace(number: int, rate: float) -> str:
    """The end of a sentence about as many as take their time; `rate` is in runs per second."""
    seconds = number / rate
    if seconds < LONG:
        return ""
    minutes = round(seconds / 60)
    lasts = f"{seconds:.0f} seconds" if minutes < 2 else f"{minutes:,} minutes"
    return f"; at {rate:g} a second, all of them take about {lasts}"


def result(word: BulkResult) -> str:
    """Of one execution, as a label."""
    text = RESULTS[word][0].removeprefix("was ").removeprefix("is ")
    return f"{text[:1].upper()}{text[1:]}"


def outcome(bulk: BulkView) -> str:
    """What became of the executions, in one sentence, as far as is known."""
    if not bulk.total:
        return NO_MATCH
    if bulk.state is BulkState.FINISHED and set(bulk.results) == {BulkResult.SKIPPED}:
        return NOTHING_DONE
    said = outcome_of_all(bulk.results)
    return f"{said[:1].upper()}{said[1:]}."


def parts(bulk: BulkView) -> tuple[Part, ...]:
    """How many had which result, in the words of `outcome`, each with the colour of what it means."""
    counted = ((result, bulk.results.get(result, 0), words) for result, words in RESULTS.items())
    found = tuple(
        Part(name=PARTS[result], word=words[number != 1], number=number) for result, number, words in counted if number
    )
    return found or (Part(name="left", word=RESULTS[BulkResult.LEFT][1], number=0),)


def trouble(bulk: BulkView) -> str:
    """How many did not do as they should, as a label; nothing where all is well."""
    number = sum(bulk.results.get(each, 0) for each in (*BAD_ENDS, BulkResult.NO_WORKER))
    return f"{number:,} in trouble" if number else ""


def standing(bulk: BulkView) -> str:
    """Where it stands, and what it waits for."""
    match bulk.state:
        case BulkState.PROPOSED:
            return f"It waits until another person than {who(bulk.requested_by)} releases it; nothing has been done."
        case BulkState.RUNNING if bulk.waits_for_canary:
            return f"One goes first. The other {bulk.left - 1:,} {_wait(bulk.left - 1)} for what becomes of it."
        case BulkState.RUNNING:
            return "It goes on." if bulk.left else "The last ones are on their way."
        case BulkState.PAUSED:
            return canary(bulk) if bulk.waits_for_canary else "Paused; nothing more is done until somebody resumes it."
        case BulkState.STOPPED:
            return "Stopped; what had not had its turn was skipped."
        case BulkState.FINISHED:
            return "All had their turn; what comes of them is watched." if not bulk.is_verified else "Finished."


def canary(bulk: BulkView) -> str:
    """What became of the one that went first, and what that means for the others."""
    found, name = bulk.canary_result, bulk.canary_name or "The first one"
    others = f"The other {bulk.left:,} {_wait(bulk.left)}"
    if is_good(bulk) and found is not None:
        return f"{name} went first and {RESULTS[found][0]}. {others} for you."
    if found in BAD_ENDS and found is not None:
        stays = "stays as it is" if bulk.left == 1 else "stay as they are"
        return f"{name} went first and {RESULTS[found][0]}{met(bulk)}. The other {bulk.left:,} {stays}."
    if found is BulkResult.NO_WORKER:
        return f"{name} went first and has no worker yet. {others} for what becomes of it."
    return f"{name} went first; what comes of it is watched. {others}."


def met(bulk: BulkView) -> str:
    """The end of a sentence about the one that went first: what it met, where that is known."""
    return f": “{bulk.canary_why.rstrip('.')}”" if bulk.canary_why else ""


def against(bulk: BulkView) -> tuple[str, ...]:
    """What speaks against sending the others after the one that went first; nothing once it has done well."""
    if not bulk.waits_for_canary or is_good(bulk):
        return ()
    found, name = bulk.canary_result, bulk.canary_name or "The first one"
    others = f"The other {'one' if bulk.left == 1 else f'{bulk.left:,}'}"
    if found in BAD_ENDS and found is not None:
        return f"{name} went first and {RESULTS[found][0]}{met(bulk)}.", f"{others} will most likely fail as well."
    if found is BulkResult.NO_WORKER:
        return f"{name} went first and has no worker yet.", f"{others} will most likely wait for one as well."
    return f"{name} went first; what becomes of it is not known yet.", f"{others} would not wait for that."


def is_good(bulk: BulkView) -> bool:
    """Whether the one that went first speaks for sending the others after it."""
    return bulk.canary_result in (BulkResult.MOVED_ON, BulkResult.ENDED, BulkResult.DECIDED)


def follow_up(bulk: BulkView) -> str:
    """The word on the button that lets the others go."""
    if not bulk.waits_for_canary:
        return "Resume"
    number = "other one" if bulk.left == 1 else f"other {bulk.left:,}"
    return f"{deeds.WORDINGS[bulk.action].label} the {number}"


def next_step(bulk: BulkView) -> str:
    """The word on a link to it: what it waits for."""
    return follow_up(bulk) if bulk.waits_for_canary and is_good(bulk) else "Follow the bulk operation"


def lately(bulk: BulkView) -> str:
    """What was done to all of a group, and what came of it."""
    came = standing(bulk) if bulk.finished_at is None else outcome(bulk)
    return f"{title(bulk.action, bulk.total)}: {came}"


def offered(group: str) -> str:
    """The address of a group's page, on which the question is open whether to retry one first."""
    return f"{group}{'&' if '?' in group else '?'}do={FIRST}"


def chosen(bulk: BulkView) -> tuple[str, str | None]:
    """By what they were chosen, and where those are now."""
    said = {name: str(value) for name, value in bulk.selection.items() if value}
    match said.pop("by", None):
        case "group":
            cause, signature = said.get("cause", ""), said.get("signature")
            known = advice(Cause(cause)) if cause in list(Cause) else HEALTHY
            asked = {"signature": signature} if signature else {}
            address_ = f"/groups/{cause}" + (f"?{urlencode(asked)}" if asked else "")
            return (f"Group: {known.title}" + (f", “{root(signature)}”" if signature else ""), address_)
        case "filter":
            return "Filter: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items()), None
        case _:
            return "Chosen one by one", None


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"
