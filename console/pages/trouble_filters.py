"""Chips over the list of executions that narrow it by trouble: how they are doing, why, and by which error."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from console.channels import Listener, View
from console.components.badges import Tone
from console.components.counts import NOT_YET, Count, Counts
from console.components.tables import to_json
from console.pages.list_filters import ListFilters, Query
from console.pages.scope import Scope
from operations.diagnosis.advice import ADVICE
from operations.phrases import root
from operations.queries.groups import GroupView, Trouble
from operations.queries.paging import COUNT_CAP
from operations.statuses import Cause, Health

RECOUNT = 5.0  #: seconds between two counts of errors
MOST_ERRORS = 8  #: that are offered: those of most executions
HEALTHS = {
    Health.STUCK: Count(value="health:stuck", label="Stuck", tone=Tone.STUCK),
    Health.DRIFT: Count(value="health:drift", label="Drift", tone=Tone.DRIFT),
    Health.SLOW: Count(value="health:slow", label="Slow", tone=Tone.RETRYING),
    Health.UNKNOWN: Count(value="health:unknown", label="Unknown", tone=Tone.UNKNOWN),
}
CAUSES = {cause: Count(value=f"cause:{cause}", label=ADVICE[cause].title) for cause in Cause}
WORDS = ("health", "cause", "signature")  #: of the address


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What there is to choose from, with numbers."""

    trouble: Trouble
    errors: tuple[GroupView, ...]
    of_errors: Mapping[str, int]  #: by signature
    is_known: bool = True  #: somebody has looked

    @property
    def numbers(self) -> dict[str, int]:
        """By the value of the chip."""
        numbers = {HEALTHS[health].value: number for health, number in self.trouble.healths.items()}
        numbers |= {CAUSES[cause].value: number for cause, number in self.trouble.causes.items()}
        numbers |= {} if self.is_known else {NOT_YET: 1}
        return numbers | {f"signature:{signature}": number for signature, number in self.of_errors.items()}


class TroubleFilters:
    """Draw it under the counts of statuses; several healths and causes can be chosen, and one error."""

    def __init__(self, scope: Scope, query: Query, filters: Callable[[], ListFilters]) -> None:
        self._scope = scope
        self._filters = filters
        self._chosen = chosen(query)
        self._offered: tuple[str | None, ...] = ()
        self._listener = Listener[Known](self._offer)
        self._chips = Counts(
            offered((), self._chosen),
            label="Trouble",
            cap=COUNT_CAP,
            chosen=self._chosen,
            none="No trouble: every open execution goes on as it should",
            none_yet="Nobody has looked yet how open executions are doing; that takes some seconds",
            on_choose=self._choose,
            on_behind=self.show,
        )

    def serve(self, filters: ListFilters) -> None:
        """Make these words of the list's address."""
        for word in WORDS:
            filters.add(word, self._empty)

    async def show(self) -> None:
        """Say how many there are of each, and follow it."""
        now = await self._scope.hub.watch(view(self._scope), self._listener)
        self._offer(now.value)
        self._chips.show(now.value.numbers, now.edition)

    def _offer(self, known: Known) -> None:
        signatures = tuple(group.signature for group in known.errors)
        if signatures != self._offered:  # numbers alone come to the browser by themselves
            self._offered = signatures
            self._chips.offer(offered(known.errors, self._chosen))

    def _choose(self, values: list[str]) -> Awaitable[None]:
        added = [value for value in values if value not in self._chosen]
        is_other_error = any(value.startswith("signature:") for value in added)
        self._chosen = [
            value for value in values if value in added or not (is_other_error and value.startswith("signature:"))
        ]
        if self._chosen != values:
            self._chips.choose(self._chosen)
        return self._filters().choose(**asked(self._chosen))

    def _empty(self) -> None:
        self._chosen = []
        self._chips.choose(())


def view(scope: Scope) -> View[Known, Known]:
    async def load() -> Known:
        groups, attention = scope.services.reads.groups, scope.services.reads.attention
        errors = await groups.list(limit=2 * MOST_ERRORS)
        signed = tuple(group for group in errors.items if group.signature is not None)[:MOST_ERRORS]
        signatures = {group.signature for group in signed if group.signature is not None}
        return Known(
            trouble=await groups.trouble(),
            errors=signed,
            of_errors=await groups.of_errors(signatures),
            is_known=await attention.is_known(),
        )

    return View(
        key="trouble",
        concerns=lambda changed: changed.concerns("execution") or changed.concerns("diagnosis"),
        load=load,
        news=lambda before, after: None if before.numbers == after.numbers else after,
        to_json=lambda known: to_json(known.numbers),
        at_most_every=RECOUNT,
    )


def offered(errors: Sequence[GroupView], also: Sequence[str]) -> list[Count]:
    """Every health, the errors, every cause, and what the address asks for besides."""
    signatures = [group.signature for group in errors]
    signatures += [value.removeprefix("signature:") for value in also if value.startswith("signature:")]
    named = [Count(value=f"signature:{each}", label=root(each)) for each in dict.fromkeys(signatures) if each]
    return [*HEALTHS.values(), *named, *CAUSES.values()]


def chosen(query: Mapping[str, str]) -> list[str]:
    """The chips that an address has chosen; words that mean nothing choose none."""
    known = {count.value for count in (*HEALTHS.values(), *CAUSES.values())}
    words = [f"{word}:{each}" for word in ("health", "cause") for each in query.get(word, "").split(",")]
    signature = query.get("signature")
    return [value for value in words if value in known] + ([f"signature:{signature}"] if signature else [])


def asked(values: Sequence[str]) -> dict[str, str]:
    """The words of the address by which these chips are chosen."""
    return {word: ",".join(v.removeprefix(f"{word}:") for v in values if v.startswith(f"{word}:")) for word in WORDS}
