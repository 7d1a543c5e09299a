"""What a round asks of Temporal, and what it makes of the answers.

It asks once per queue, once for the runs whose code fails, and about single runs only where all that explains nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from prometheus_client import Counter

from operations.contact import Contact
from operations.diagnosis.answers import Answer
from operations.diagnosis.descriptions import Describer
from operations.diagnosis.facts import CodeFact, Facts, Recorded, RunFact, StepFact
from operations.diagnosis.kept_runs import KeptRuns
from operations.diagnosis.queues import Queues
from operations.diagnosis.remembering import TO_BE_SEEN_AGAIN
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
MORE, FEW_HISTORIES = 0.15, 20  #: questions than runs, so that a round stays cheap; histories in any case
OVERDUE = timedelta(seconds=15)  #: a try that should have begun by now

questions = Counter("tenantry_diagnosis_questions_total", "Questions that the watcher asked Temporal", ["about"])


@dataclass(kw_only=True, slots=True)
class Spent:
    """What a round has asked so far, and learned for those that come after."""

    runs: int = 0  #: that have to be looked at
    began: float = field(default_factory=monotonic)
    described: int = 0
    histories: int = 0
    asked: int = 0
    is_silent: bool = False  #: Temporal did not answer
    contradictions: dict[str, CodeFact] = field(default_factory=dict)  #: by type: one speaks for all

    @property
    def is_over(self) -> bool:
        return self.is_silent or monotonic() - self.began > TIME

    @property
    def has_descriptions_left(self) -> bool:
        return self.described < DESCRIBED and not self.is_over

    @property
    def has_histories_left(self) -> bool:
        most = max(FEW_HISTORIES, (1 + MORE) * min(self.runs, DESCRIBED) - self.described)
        return self.histories < most and not self.is_over

    def ask(self, about: str) -> None:
        self.asked += 1
        questions.labels(about).inc()


@dataclass(kw_only=True, slots=True)
class Looker:
    """Keep one per process: it remembers what it was told."""

    contact: Contact
    every: float  #: seconds between two rounds
    _queues: Queues = field(init=False)
    _kept: KeptRuns = field(default_factory=KeptRuns)
    _lists_problems: bool = True  #: whether the server knows how

    def __post_init__(self) -> None:
        self._queues = Queues(contact=self.contact, every=self.every)

    @property
    def temporal(self) -> Temporal:
        return self.contact.temporal

    async def answer(self, suspects: Sequence[Suspect]) -> tuple[list[Answer], Spent]:
        """One for each, in their order."""
        spent = Spent()
        spent.asked += await self._queues.look({each.task_queue for each in suspects}, steps=self._kept.queues)
        told = [replace(each, facts=self._queues.told(each.facts, each.task_queue)) for each in suspects]
        problems = await self._problems(spent) if any(needs_a_look(each) or is_believed(each) for each in told) else {}
        open_ = [each for each in told if needs_a_look(each) or (is_believed(each) and each.workflow_id in problems)]
        runs = await self._look(open_, problems, spent)
        return [self._answered(each, runs.get(each.id)) for each in told], spent

    def forget(self, others_than: Sequence[Suspect]) -> None:
        """What moved by now."""
        self._kept.forget(others_than)

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

    async def _look(
        self, suspects: Sequence[Suspect], problems: Mapping[str, CodeFact], spent: Spent
    ) -> dict[UUID, RunFact]:
        """What is known of the runs by now. Histories are read last: then it is clear how many can be."""
        spent.runs = len(suspects)
        runs = {each.id: run for each in suspects if (run := self._kept.known(each)) is not None}

        async def describe(suspect: Suspect) -> None:
            problem = problems.get(suspect.workflow_id)
            if problem is not None or spent.has_descriptions_left:
                run = await self._described(suspect, problem, spent)
                if run is not None:
                    runs[suspect.id] = self._kept.described(suspect, run)

        async def read(suspect: Suspect) -> None:
            run = await self._read(suspect, runs[suspect.id], spent)
            if run is not None:
                runs[suspect.id] = self._kept.read(suspect, run)

        await _for_each(self._kept.by_turns(each for each in suspects if each.id not in runs), describe)
        await _for_each(self._kept.to_read(each for each in suspects if each.id in runs), read)
        return runs

    async def _described(self, suspect: Suspect, problem: CodeFact | None, spent: Spent) -> RunFact | None:
        if problem is not None:
            return RunFact(code=problem)
        spent.described += 1
        spent.ask("run")
        return await self._told(suspect, spent, Describer(temporal=self.temporal).describe)

    async def _read(self, suspect: Suspect, run: RunFact, spent: Spent) -> RunFact | None:
        """With what only its history tells: why its code fails, or what it waits for."""
        code, contradiction = run.code, spent.contradictions.get(suspect.workflow_type)
        if code is not None and code.contradicts_history and contradiction is not None:
            return replace(run, code=contradiction)
        if not spent.has_histories_left:
            return None
        spent.histories += 1
        spent.ask("history")
        explain = partial(Describer(temporal=self.temporal).explain, run)
        explained = await self._told(suspect, spent, explain)
        if explained is None:
            self._kept.unreadable(suspect)
        elif explained.code is not None and explained.code.contradicts_history:
            spent.contradictions[suspect.workflow_type] = explained.code
        return explained

    async def _told(
        self, suspect: Suspect, spent: Spent, ask: Callable[[str, str | None], Awaitable[RunFact]]
    ) -> RunFact | None:
        """None where no answer came, or a refusal."""
        try:
            return await ask(suspect.workflow_id, suspect.run_id)
        except TemporalUnavailable:
            spent.is_silent = True
        except TemporalRefused as refusal:
            log.warning("a run could not be looked at", workflow_id=suspect.workflow_id, why=refusal.message)
        except Exception:  # such as for a failure in a code of others: what one run says must not cost the others
            log.exception("a run could not be read", workflow_id=suspect.workflow_id)
        return None

    def _answered(self, suspect: Suspect, run: RunFact | None) -> Answer:
        if run is None:
            return _answer(suspect)
        run = _completed(_as_failed(run, suspect.facts.remembered), suspect.facts.step)
        facts = replace(suspect.facts, run=run)
        if run.step is not None and run.step.queue not in (None, suspect.task_queue):
            facts = self._queues.told(facts, run.step.queue)  # it waits for workers of another queue
        answer = _answer(replace(suspect, facts=facts))
        self._kept.name(suspect, answer.diagnosis.cause)
        return answer


async def _for_each(suspects: Sequence[Suspect], ask: Callable[[Suspect], Awaitable[None]]) -> None:
    """In their order, some at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(suspect: Suspect) -> None:
        async with gate:
            await ask(suspect)

    await asyncio.gather(*map(one, suspects))


def needs_a_look(suspect: Suspect) -> bool:
    """Whether what is known without asking for the run leaves the cause open."""
    facts = suspect.facts
    if facts.temporal_answers is False or facts.status is not Status.RUNNING:
        return False
    cause = diagnose(facts).cause
    if cause is Cause.STEP_RETRYING and facts.step is not None:
        return _is_overdue(facts, facts.step)
    if cause is Cause.SLEEPING:
        return facts.sleeps_until is None  # by the database: nobody else has to say so
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


def _as_failed(run: RunFact, known: Recorded | None) -> RunFact:
    """With the error that was read before, while nobody has read it anew."""
    code = run.code
    if code is None or code.failures == 0 or code.error is not None:
        return run
    if known is None or known.cause is not Cause.WORKFLOW_FAILING or known.error is None:
        return run
    is_contradiction = code.contradicts_history or known.evidence.is_contradiction is True
    code = replace(code, error=known.error, build=known.evidence.build, contradicts_history=is_contradiction)
    return replace(run, code=code)


def _answer(suspect: Suspect) -> Answer:
    return Answer(suspect=suspect, diagnosis=diagnose(suspect.facts, *suspect.names))
