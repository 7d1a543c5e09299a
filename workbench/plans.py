"""What PostgreSQL does for a query of ours: the statements that a call sends, and their plans."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median

from sqlalchemy import event
from sqlalchemy.engine import Connection

from operations.database import Database

Parameters = Mapping[str, object] | Sequence[object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement as it was sent."""

    text: str
    parameters: Parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a statement was executed. Times are the database's own, in milliseconds; a buffer has 8 kB."""

    milliseconds: float
    planning: float
    buffers: int
    scans: tuple[tuple[str, str], ...]  #: kind of scan, and the index or else the table

    @property
    def indexes(self) -> frozenset[str]:
        return frozenset(name for kind, name in self.scans if "Index" in kind)

    @property
    def sequential(self) -> frozenset[str]:
        """Tables that were read from end to end."""
        return frozenset(name for kind, name in self.scans if kind == "Seq Scan")


@contextmanager
def recorded(database: Database) -> Iterator[list[Statement]]:
    """The statements that are sent while the block runs."""
    sent: list[Statement] = []

    def note(
        _connection: Connection, _cursor: object, text: str, parameters: Parameters, _context: object, _many: bool
    ) -> None:
        sent.append(Statement(text=text, parameters=parameters))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def explain(database: Database, sent: Sequence[Statement], *, runs: int = 1) -> list[Plan]:
    """Execute the queries among these statements so many times; times are medians, the rest is of the last run."""
    plans = []
    async with database.transaction() as connection:
        for statement in sent:
            if statement.text.startswith("SET "):
                await connection.exec_driver_sql(statement.text)
                continue
            answers = []
            for _ in range(runs):
                rows = await connection.exec_driver_sql(
                    f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}", statement.parameters
                )
                answers.append(_parsed(rows.scalar_one()))
            plans.append(_typical(answers))
    return plans


def _typical(answers: Sequence[Plan]) -> Plan:
    return replace(
        answers[-1],
        milliseconds=median(answer.milliseconds for answer in answers),
        planning=median(answer.planning for answer in answers),
    )


def _parsed(answer: object) -> Plan:
    (explained,) = json.loads(answer) if isinstance(answer, str) else list(_listed(answer))
    top = _mapped(explained)
    root = _mapped(top["Plan"])
    return Plan(
        milliseconds=_number(top["Execution Time"]),
        planning=_number(top["Planning Time"]),
        buffers=int(_number(root["Shared Hit Blocks"]) + _number(root["Shared Read Blocks"])),
        scans=tuple(_scans(root)),
    )


def _scans(node: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    kind = str(node["Node Type"])
    if "Scan" in kind and ("Index Name" in node or "Relation Name" in node):
        yield kind, str(node.get("Index Name") or node["Relation Name"])
    for inner in _listed(node.get("Plans", [])):
        yield from _scans(_mapped(inner))


def _mapped(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"not a part of a plan: {value!r}")
    return value


def _listed(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError(f"not a list of plans: {value!r}")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"not a number: {value!r}")
    return value
