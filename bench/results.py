"""What a benchmark found: figures against bars, as a table and as a file."""

import json
import os
import platform
import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isnan
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
HEADS = ("what", "ours", "peer", "ratio", "bar", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number, what it was compared with in the same run, and what was demanded of it."""

    what: str
    unit: str
    ours: float
    peer: float | None = None
    bar: str = ""
    passed: bool | None = None  #: None where nothing was demanded
    detail: bool = False  #: only in the file

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    def cells(self) -> tuple[str, ...]:
        verdict = "" if self.passed is None else "pass" if self.passed else "FAIL"
        peer = "" if self.peer is None else f"{_short(self.peer)} {self.unit}".rstrip()
        ratio = "" if self.ratio is None else f"{_short(self.ratio)}×"
        return (self.what, f"{_short(self.ours)} {self.unit}".rstrip(), peer, ratio, self.bar.rstrip(), verdict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """All figures of one benchmark."""

    name: str
    title: str
    settings: dict[str, str | int | float]
    figures: Sequence[Figure]

    @property
    def passed(self) -> bool:
        return all(figure.passed is not False for figure in self.figures)

    def write(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        figures = [{**asdict(figure), "ratio": figure.ratio} for figure in self.figures]
        content = {
            "name": self.name,
            "title": self.title,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "settings": self.settings,
            "passed": self.passed,
            "figures": figures,
        }
        (RESULTS / f"{self.name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def table(self) -> str:
        """A line per figure that is not mere detail; details that failed are shown too."""
        shown = [figure for figure in self.figures if not figure.detail or figure.passed is False]
        lines = [HEADS, *(figure.cells() for figure in shown)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
        rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([f"{self.name}  {self.title}", *(f"  {row.rstrip()}" for row in rows)])


def machine() -> dict[str, str | int | float]:
    """What one has to know of the machine to read the figures."""
    return {
        "processors": os.cpu_count() or 0,
        "architecture": platform.machine(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def peak_memory() -> float:
    """The most megabytes that this process has held resident; not those of the process that began it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which so many of a hundred lie; not a number when there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share / 100 * (len(ordered) - 1)))]


def _short(value: float) -> str:
    if isnan(value):
        return "–"
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
