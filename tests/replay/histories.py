"""Recorded histories of runs, and how they are replayed: by the workflows and the plugin that the worker has."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import WorkflowHistory

from operations.kinds import known
from workers.loading import workflows as known_workflows
from workers.replay import gate
from workers.replay.verdicts import Verdict

DIRECTORY = Path(__file__).parent / "histories"
RECORDER = "recorder@example.com"  #: in place of the process and the machine that recorded
WORKFLOWS = known_workflows(known())


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file. A scenario has as many as it had ways through the workflows: old ones stay, their runs may too."""

    path: Path

    @property
    def scenario(self) -> str:
        return self.path.stem.rpartition("-")[0]

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def history(self) -> WorkflowHistory:
        return history_of(self.text)


def recorded(scenario: str | None = None, directory: Path = DIRECTORY) -> list[Recorded]:
    """All files, or those of one scenario, in order."""
    files = sorted(directory.glob("*.json"))
    return [each for each in map(Recorded, files) if scenario in (None, each.scenario)]


def history_of(text: str) -> WorkflowHistory:
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)


def write(scenario: str, history: WorkflowHistory, directory: Path = DIRECTORY) -> Path:
    """Beside the earlier ones of the scenario, never over them."""
    numbers = [int(each.path.stem.rpartition("-")[2]) for each in recorded(scenario, directory)]
    path = directory / f"{scenario}-{max(numbers, default=0) + 1}.json"
    path.write_text(scrubbed(history) + "\n", encoding="utf-8")
    return path


def scrubbed(history: WorkflowHistory) -> str:
    """As JSON in one order, without the places on one machine that stack traces are full of."""
    whole = json.loads(history.to_json())
    for node in _nodes(whole):
        node.pop("stackTrace", None)
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True)


def _nodes(node: object) -> Iterator[dict[str, object]]:
    match node:
        case dict():
            yield node
            for inner in node.values():
                yield from _nodes(inner)
        case list():
            for inner in node:
                yield from _nodes(inner)


def identities(text: str) -> set[str]:
    """Who is named as having taken part."""
    return set(re.findall(r'"(?:identity|lastWorkerIdentity)": "([^"]*)"', text))


async def judged(history: WorkflowHistory, workflows: Sequence[type] | None = None) -> Verdict:
    """What the gate says of a run, by the workflows of this installation unless others are given."""

    async def one() -> AsyncIterator[WorkflowHistory]:
        yield history

    async with gate.opened(workflows) as opened:
        (verdict,) = [verdict async for verdict in opened.judged(one())]
    return verdict
