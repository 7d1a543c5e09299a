"""Writes what was measured into docs/performance.md, from the files of the results: `python -m bench.document`."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from bench.results import RESULTS, Figure

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN = "<!-- measured: written by `make bench` -->"
ORDER = (*(f"P{number}" for number in range(1, 11)), "bulk", "diagnosing", "replaying", "leaks")


class Machine(TypedDict):
    processors: int
    memory_gb: float
    load_before: float


class FigureInFile(TypedDict):
    what: str
    unit: str
    ours: float
    peer: float | None
    bar: str
    passed: bool | None
    detail: bool


class ResultInFile(TypedDict):
    name: str
    title: str
    at: str
    machine: Machine
    figures: list[FigureInFile]


def write() -> None:
    """Everything after `BEGIN` anew; what stands before it is somebody's text."""
    text, _, _ = DOCUMENT.read_text().partition(BEGIN)
    DOCUMENT.write_text(text + BEGIN + "\n" + "".join(f"\n{section}\n" for section in sections()))


def sections() -> Iterator[str]:
    for name in ORDER:
        file = RESULTS / f"{name}.json"
        if file.exists():
            yield section(json.loads(file.read_text()))


def section(result: ResultInFile) -> str:
    """A heading, when it was measured, and a table."""
    at, machine = datetime.fromisoformat(result["at"]), result["machine"]
    head = (
        f"### {result['name']}: {result['title']}\n\n"
        f"{at:%d %B %Y}, {machine['processors']} cores, {machine['memory_gb']:g} GB, other load before"
        f" {machine['load_before']:g}.\n\n| what | ours | peer | ratio | bar | |\n|---|---|---|---|---|---|\n"
    )
    figures = [_figure(each) for each in result["figures"] if not each["detail"] or each["passed"] is False]
    return head + "\n".join("| " + " | ".join(figure.cells()) + " |" for figure in figures)


def _figure(read: FigureInFile) -> Figure:
    return Figure(
        what=read["what"],
        unit=read["unit"],
        ours=read["ours"],
        peer=read["peer"],
        bar=read["bar"],
        passed=read["passed"],
    )


if __name__ == "__main__":
    write()
