"""What the gate prints: the runs that would break, what would help, and how many were looked at."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from operations.logs import spelled
from workers.replay.verdicts import Verdict

COLUMNS = ("RUN", "TENANT", "BUILD", "EVENT", "WHY IT WOULD BREAK")
WIDTH = 30  # characters of the progress bar


@dataclass(kw_only=True, slots=True)
class Report:
    """Keeps only what breaks, however many runs there are."""

    looked_at: int = 0
    broken: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        self.looked_at += 1
        if verdict.breaks:
            self.broken.append(verdict)

    def as_json(self) -> str:
        whole = {"looked_at": self.looked_at, "broken": len(self.broken), "runs": [asdict(run) for run in self.broken]}
        return json.dumps(whole, indent=2)

    def as_text(self) -> str:
        if not self.looked_at:
            return "No run is in flight."
        if not self.broken:
            return f"{_runs(self.looked_at)} would go on with this version."
        rows = [
            (run.workflow_id, run.tenant or "", run.build or "", str(run.event_id or ""), run.problem or "")
            for run in self.broken
        ]
        count = f"{len(self.broken):,} of {_runs(self.looked_at)} would break. Do not deploy this version."
        return "\n".join((*_table((COLUMNS, *rows)), "", *_help(self.broken), "", count))


def progress(done: int, total: int) -> str:
    """A line that takes the place of the one before."""
    filled = WIDTH * done // max(total, done, 1)
    return f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done:,} of {max(total, done):,}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """What strangers have called their runs must neither move the cursor nor begin a line."""
    rows = [tuple(str(spelled(cell)) for cell in row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _help(broken: Sequence[Verdict]) -> Iterable[str]:
    yield "What would help (docs/versioning.md):"
    for advice in dict.fromkeys(run.advice for run in broken):
        yield f"* {advice}"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
