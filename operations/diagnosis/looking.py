"""What a round asks of Temporal, and what it makes of the answers.

It asks once per queue, once for the runs whose code fails, and about single runs only where all that explains nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from prometheus_client import Counter

from operations.contact import Contact
from operations.diagnosis.answers import Answer
from operations.diagnosis.descriptions import Describer
from operations.diagnosis.evidence import Awaited
from operations.diagnosis.facts import CodeFact, Facts, RunFact, StepFact
from operations.diagnosis.queues import Queues
from operations.diagnosis.remembering import PAUSES, TO_BE_SEEN_AGAIN
from operations.diagnosis.suspects import Suspect
from operations.diagnosis.verdicts import diagnose
from operations.errors import TemporalRefused, TemporalUnavailable
from operations.logs import logger
from operations.statuses import Cause, Status, StepStatus
from operations.temporal import Temporal

log = logger(__name__)

DESCRIBED = 1000  #: runs per round
AT_ONCE = 16  #: questions
TIME = 8.0  #: seconds of a round for questions about runs
KEPT = 60.0  #: seconds for which a description is believed, while nothing moves
HISTORIES, FEW_HISTORIES = 0.15, 20  #: per description, so that a round stays cheap; and in any case
OVERDUE = timedelta(seconds=15)  #: a try that should have begun by now

questions = Counter("tenantry_diagnosis_questions_total", "Questions that the watcher asked Temporal", ["about"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What Temporal said of a run, and when by a clock that never jumps."""

    run: RunFact
    at: float
    progressed_at: datetime
    named: Cause | None = None  #: the cause that came of it


@dataclass(kw_only=True, slots=True)
class Spent:
    """What a round has asked so far, and learned for those that come after."""

    began: float = field(default_factory=monotonic)
    described: int = 0
    histories: int = 0
    asked: int = 0
    is_silent: bool = False  #: Temporal did not answer
    contradictions: dict[str, CodeFact] = field(default_factory=dict)  #: by type: one speaks for all

    @property
    def is_over(self) -> bool:
        return self.is_silent or self.described >= DESCRIBED or monotonic() - self.began > TIME

    @property
    def has_histories_left(self) -> bool:
        return self.histories < max(FEW_HISTORIES, HISTORIES * self.described)

    def ask(self, about: str) -> None:
        self.asked += 1
        questions.labels(about).inc()


@dataclass(kw_only=True, slots=True)
class Looker:
    """Keep one per process: it remembers what it was told."""

    contact: Contact
    every: float  #: seconds between two rounds
    _queues: Queues = field(init=False)
    _kept: dict[UUID, Kept] = field(default_factory=dict)
    _lists_problems: bool = True  #: whether the server knows how

    def __post_init__(self) -> None:
        self._queues = Queues(contact=self.contact, every=self.every)

    @property
    def temporal(self) -> Temporal:
        return self.contact.temporal

    async def answer(self, suspects: Sequence[Suspect]) -> tuple[list[Answer], Spent]:
        """One for each, in their order."""
        spent = Spent()
        elsewhere = {kept.run.step.queue for kept in self._kept.values() if kept.run.step and kept.run.step.queue}
        spent.asked += await self._queues.look({each.task_queue for each in suspects}, steps=elsewhere)
        told = [replace(each, facts=self._queues.told(each.facts, each.task_queue)) for each in suspects]
        problems = await self._problems(spent) if any(needs_a_look(each) or is_believed(each) for each in told) else {}
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(suspect: Suspect) -> Answer:
            problem = problems.get(suspect.workflow_id)
            if not (needs_a_look(suspect) or (is_believed(suspect) and problem)):
                return _answer(suspect)
            async with gate:
                answer = _answer(await self._described(suspect, problem, spent))
            if suspect.id in self._kept:
                self._kept[suspect.id] = replace(self._kept[suspect.id], named=answer.diagnosis.cause)
            return answer

        return list(await asyncio.gather(*map(one, told))), spent

    def forget(self, others_than: Sequence[Suspect]) -> None:
        """What moved by now."""
        still = {each.id for each in others_than}
        self._kept = {id_: kept for id_, kept in self._kept.items() if id_ in still}

    async def _problems(self, spent: Spent) -> dict[str, CodeFact]:
        if not self._lists_problems:
            return {}
        spent.ask("problems")
        try:
            return await Describer(temporal=self.temporal).problems()
        except TemporalRefused:  # a server that keeps no such list
            self._lists_problems = False
        except TemporalUnavailable:
            spent.is_silent = True
        return {}

    async def _described(self, suspect: Suspect, problem: CodeFact | None, spent: Spent) -> Suspect:
        run = self._known(suspect)
        if run is None and not spent.is_over:
            run = await self._asked(suspect, problem, spent)
        if run is None:
            return suspect
        facts = replace(suspect.facts, run=_completed(run, suspect.facts.step))
        if run.step is not None and run.step.queue not in (None, suspect.task_queue):
            facts = self._queues.told(facts, run.step.queue)  # it waits for workers of another queue
        return replace(suspect, facts=facts)

    def _known(self, suspect: Suspect) -> RunFact | None:
        """Unless somebody else has said otherwise meanwhile: a step was paused, or let go on."""
        known = self._kept.get(suspect.id)
        if known is None or (suspect.cause in PAUSES) != (known.named in PAUSES):
            return None
        if known.progressed_at != suspect.facts.progressed_at or monotonic() - known.at >= KEPT:
            return None
        return known.run

    async def _asked(self, suspect: Suspect, problem: CodeFact | None, spent: Spent) -> RunFact | None:
        describer = Describer(temporal=self.temporal)
        try:
            if problem is None:
                spent.described += 1
                spent.ask("run")
                run = await describer.describe(suspect.workflow_id, suspect.run_id)
            else:
                run = RunFact(code=problem)
            run = await self._explained(describer, suspect, run, spent)
        except TemporalUnavailable:
            spent.is_silent = True
            return None
        except TemporalRefused as refusal:
            log.warning("a run could not be looked at", workflow_id=suspect.workflow_id, why=refusal.message)
            return None
        except Exception:  # such as for a failure in a code of others: what one run says must not cost the others
            log.exception("a run could not be read", workflow_id=suspect.workflow_id)
            return None
        self._kept[suspect.id] = Kept(run=run, at=monotonic(), progressed_at=suspect.facts.progressed_at)
        return run

    async def _explained(self, describer: Describer, suspect: Suspect, run: RunFact, spent: Spent) -> RunFact:
        code = run.code
        if not (code is not None and code.failures) and run.awaited is not Awaited.NOT_SEEN:
            return run
        if code is not None and code.contradicts_history and suspect.workflow_type in spent.contradictions:
            return replace(run, code=spent.contradictions[suspect.workflow_type])
        if not spent.has_histories_left:
            return run
        spent.histories += 1
        spent.ask("history")
        run = await describer.explain(run, suspect.workflow_id, suspect.run_id)
        if run.code is not None and run.code.contradicts_history:
            spent.contradictions[suspect.workflow_type] = run.code
        return run


def needs_a_look(suspect: Suspect) -> bool:
    """Whether what is known without asking for the run leaves the cause open."""
    facts = suspect.facts
    if facts.temporal_answers is False or facts.status is not Status.RUNNING:
        return False
    cause = diagnose(facts).cause
    if cause is Cause.STEP_RETRYING and facts.step is not None:
        return _is_overdue(facts, facts.step)
    return cause in (Cause.UNKNOWN, Cause.CANCEL_PENDING, *TO_BE_SEEN_AGAIN)


def is_believed(suspect: Suspect) -> bool:
    """Whether it is taken to wait for a signal or a child, as when somebody last looked, unless its code fails."""
    facts = suspect.facts
    return suspect.cause == Cause.WAITING and facts.status is Status.RUNNING and facts.temporal_answers is not False


def _is_overdue(facts: Facts, step: StepFact) -> bool:
    """Paused, or no worker is free."""
    is_waiting = step.status is StepStatus.RETRYING and step.next_try_at is not None
    return is_waiting and facts.now - (step.next_try_at or facts.now) >= OVERDUE


def _completed(run: RunFact, step: StepFact | None) -> RunFact:
    """The worker's own report says more of an error than Temporal, which may hold it encoded."""
    if run.step is None or step is None or step.error is None or step.name != run.step.name:
        return run
    return replace(run, step=replace(run.step, error=step.error))


def _answer(suspect: Suspect) -> Answer:
    return Answer(suspect=suspect, diagnosis=diagnose(suspect.facts, *suspect.names))
