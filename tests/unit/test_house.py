"""Rules of CONTRIBUTING.md that ruff, mypy and import-linter cannot see. Each rule is shown a sample that breaks it."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("operations", "workers", "console", "migrations", "embedded", "demo")
DOCUMENTS = ("*.md", "docs/**/*.md", "*.yml", "*.toml", "*.lock", "Makefile", "Dockerfile", ".ci/*", ".github/**/*.yml")

EVASIVE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
LONGEST_MODULE = 280  # lines
LONGEST_FUNCTION = 50  # lines
KNOWS_COLOURS = re.compile(r"console/(components/theme\.py|assets/.*|charts(/.*|\.py))")
#: They keep their tasks: the supervisor of `up`, heartbeats and reports of steps, workflows, abandoned questions of the
#: feed, lines to tabs
KEEPS_TASKS = re.compile(
    r"embedded/.*|workers/tracking/(?:steps|recorder)\.py|workers/workflows/.*|operations/(?:database|connections)\.py"
    r"|console/lines\.py"
)
WRITES_STATUS = "operations/tracking.py"

Rule = Callable[[PurePosixPath, str], Iterator[str]]


def opens_with_a_sentence(path: PurePosixPath, source: str) -> Iterator[str]:
    """A newcomer who looks for something reads the first lines alone."""
    if not (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0].endswith("."):
        yield "say in the first line, in a whole sentence, what this module is"


def has_a_telling_name(path: PurePosixPath, source: str) -> Iterator[str]:
    if evasive := EVASIVE_NAMES & set(path.with_suffix("").parts):
        yield f"{', '.join(sorted(evasive))} says nothing; name what it is about"


def is_short(path: PurePosixPath, source: str) -> Iterator[str]:
    if (lines := len(source.splitlines())) > LONGEST_MODULE:
        yield f"{lines} lines; {LONGEST_MODULE} are the limit"


def has_short_functions(path: PurePosixPath, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{node.name} has {lines} lines; {LONGEST_FUNCTION} are the limit"


def never_sleeps(path: PurePosixPath, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if _dotted(node) == "time.sleep" or _imports(node, "time", "sleep"):
            yield f"line {_line(node)}: time.sleep blocks; use asyncio"


def silences_no_types(path: PurePosixPath, source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), start=1):
        if re.search(r"#\s*type:\s*ignore", line):
            yield f"line {number}: say the type instead of ignoring it"


def keeps_its_tasks(path: PurePosixPath, source: str) -> Iterator[str]:
    if KEEPS_TASKS.fullmatch(path.as_posix()):
        return
    for node in ast.walk(ast.parse(source)):
        if _dotted(node) in ("asyncio.create_task", "asyncio.ensure_future"):
            yield f"line {_line(node)}: nobody sees this task's error; use a TaskGroup or background_tasks.create"


def leaves_status_to_tracking(path: PurePosixPath, source: str) -> Iterator[str]:
    """Other columns may be written elsewhere, when the statement names them one by one."""
    if path.as_posix() == WRITES_STATUS or path.parts[0] == "migrations":
        return
    tree = ast.parse(source)
    updates = [node for node in ast.walk(tree) if _is_update_of_executions(node)]
    harmless = {inner for node in ast.walk(tree) if _sets_named_columns(node) for inner in ast.walk(node)}
    for update in updates:
        if update not in harmless:
            yield f"line {_line(update)}: only {WRITES_STATUS} writes an execution's status"
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SETS_STATUS.search(node.value):
            yield f"line {node.lineno}: only {WRITES_STATUS} writes an execution's status"


_SETS_STATUS = re.compile(
    r"UPDATE\s+(?:ONLY\s+)?(?:public\.)?workflow_executions\b(?:(?!\bWHERE\b).)*?[\s,(]status\s*=",
    re.IGNORECASE | re.DOTALL,
)


def fixes_its_texts_of_sql(path: PurePosixPath, source: str) -> Iterator[str]:
    tree = ast.parse(source)
    if not any(_imports(node, "sqlalchemy", "text") for node in ast.walk(tree)):
        return
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in {inner for function in functions for inner in ast.walk(function)}:
        match node:
            case ast.Call(func=ast.Name(id="text"), args=[ast.Constant()]):
                pass
            case ast.Call(func=ast.Name(id="text")):
                yield f"line {node.lineno}: what is put together while the program runs is an expression of SQLAlchemy"


def leaves_colours_to_the_theme(path: PurePosixPath, source: str) -> Iterator[str]:
    if path.parts[0] != "console" or KNOWS_COLOURS.fullmatch(path.as_posix()):
        return
    for number, line in enumerate(source.splitlines(), start=1):
        if found := _COLOUR.search(line):
            yield f"line {number}: {found.group()} belongs into the theme"


_COLOUR = re.compile(
    r"(?<![\w&/])#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|\b(?:rgb|hsl)a?\(",
    re.IGNORECASE,
)


def never_denies_what_it_did(path: PurePosixPath, source: str) -> Iterator[str]:
    """A read that fails says that nothing was changed, whatever was committed before it."""
    if path.parts[:2] not in {("console", "api"), ("console", "cli")}:
        return
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.AsyncFunctionDef):
            awaited = [node.value for node in ast.walk(function) if isinstance(node, ast.Await)]
            calls = [node for node in awaited if isinstance(node, ast.Call)]
            reads = [call for call in calls if _READS.search(ast.unparse(call.func))]
            acts = [call for call in calls if call not in reads and ast.unparse(call.func) != "as_it_is"]
            for read in reads:
                if any(_line(act) <= _line(read) for act in acts):
                    yield f"line {_line(read)}: what is read after an action goes through `as_it_is`"


_READS = re.compile(r"\b(reads|intents)\.|\bexecutions\.detail$")


RULES: tuple[Rule, ...] = (
    opens_with_a_sentence,
    has_a_telling_name,
    is_short,
    has_short_functions,
    never_sleeps,
    silences_no_types,
    keeps_its_tasks,
    leaves_status_to_tracking,
    fixes_its_texts_of_sql,
    leaves_colours_to_the_theme,
    never_denies_what_it_did,
)

#: What each rule must notice: (path, source).
BROKEN: tuple[tuple[Rule, str, str], ...] = (
    (opens_with_a_sentence, "workers/main.py", "import asyncio\n"),
    (opens_with_a_sentence, "workers/main.py", '"""The process that runs workflows and\nsteps."""\n'),
    (opens_with_a_sentence, "console/api/__init__.py", ""),
    (has_a_telling_name, "console/components/helpers.py", ""),
    (has_a_telling_name, "operations/common/names.py", ""),
    (is_short, "operations/feed.py", "x = 1\n" * (LONGEST_MODULE + 1)),
    (has_short_functions, "operations/feed.py", "async def f():\n" + "    x = 1\n" * LONGEST_FUNCTION),
    (never_sleeps, "embedded/server.py", "import time\ntime.sleep(1)\n"),
    (never_sleeps, "embedded/server.py", "from time import sleep\n"),
    (silences_no_types, "operations/feed.py", "x: int = 'a'  # type: ignore[assignment]\n"),
    (keeps_its_tasks, "console/live.py", "import asyncio\ntask = asyncio.create_task(f())\n"),
    (leaves_status_to_tracking, "operations/outbox/commands.py", "update(Execution).values(status='failed')\n"),
    (leaves_status_to_tracking, "operations/outbox/commands.py", "update(Execution).values(values)\n"),
    (
        leaves_status_to_tracking,
        "operations/outbox/commands.py",
        "update(models.Execution).values(health='ok', **more)\n",
    ),
    (leaves_status_to_tracking, "workers/main.py", "S = 'UPDATE workflow_executions SET health = 1, status = 2'\n"),
    (
        fixes_its_texts_of_sql,
        "operations/queries/tenants.py",
        "from sqlalchemy import text\ndef f(name):\n    return text(f'SELECT {name}')\n",
    ),
    (leaves_colours_to_the_theme, "console/pages/login.py", "ui.label().style('color: #c00')\n"),
    (leaves_colours_to_the_theme, "console/components/badges.py", "X = 'rgba(0, 0, 0, .5)'\n"),
    (leaves_colours_to_the_theme, "console/components/table.js", "cell.style.color = '#1a2B3c'\n"),
    (
        never_denies_what_it_did,
        "console/api/bulk.py",
        "async def stop(self, id):\n    await self.bulks.stop(id)\n    return await self.reads.get(id)\n",
    ),
)

#: What no rule may mistake.
SOUND = (
    (
        "operations/outbox/commands.py",
        '"""One."""\nupdate(Execution).values(health="ok").where(Execution.status == "running")\n',
    ),
    ("operations/outbox/commands.py", '"""One."""\nupdate(Command).values(status="delivered")\n'),
    ("operations/queries/age.py", '"""One."""\nS = "UPDATE workflow_executions SET health = 1 WHERE status = 2"\n'),
    (
        "operations/database.py",
        '"""One."""\nfrom sqlalchemy import text\nA = text(f"SELECT {B}")\ndef f():\n    return text("SHOW x")\n',
    ),
    ("console/pages/login.py", '"""One."""\nui.link("details", "#advice")\nui.html("&#039;")\n'),
    ("embedded/server.py", '"""One."""\nasyncio.create_task(f())\n'),
    (
        "console/api/bulk.py",
        '"""One."""\nasync def f(self, id):\n    await self.stop(id)\n    return await as_it_is(self.reads.get(id))\n',
    ),
    ("console/live.py", '"""One."""\nasync with asyncio.TaskGroup() as group:\n    group.create_task(f())\n'),
)


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    scripts = list((ROOT / "console").rglob("*.js")) if rule is leaves_colours_to_the_theme else []
    complaints = [
        f"{relative}: {complaint}"
        for path in [*modules(), *scripts]
        for relative in [PurePosixPath(path.relative_to(ROOT).as_posix())]
        for complaint in rule(relative, path.read_text())
    ]

    assert complaints == []


@pytest.mark.parametrize(("rule", "path", "source"), BROKEN)
def test_a_rule_notices_what_breaks_it(rule: Rule, path: str, source: str) -> None:
    assert list(rule(PurePosixPath(path), source))


@pytest.mark.parametrize(("path", "source"), SOUND)
def test_no_rule_complains_about_sound_code(path: str, source: str) -> None:
    assert [complaint for rule in RULES for complaint in rule(PurePosixPath(path), source)] == []


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize("path", sorted((ROOT / "tests/unit").glob("*/**/test_*.py")), ids=lambda path: path.stem)
def test_a_unit_test_lies_at_the_path_of_what_it_tests(path: Path) -> None:
    subject = ROOT / path.parent.relative_to(ROOT / "tests/unit") / path.stem.removeprefix("test_")

    assert subject.is_dir() or subject.with_suffix(".py").is_file()


def test_no_committed_text_names_a_package_index_or_a_place_on_one_machine() -> None:
    # Spelled apart, so that this file does not contain what it looks for.
    forbidden = re.compile(
        "|".join(
            [
                "py" + r"pi\.org",
                "python" + r"hosted\.org",
                "npm" + r"js\.",
                "/ho" + r"me/\w",
                "/Us" + r"ers/\w",
                "/ro" + r"ot/",
            ]
        )
    )
    texts = [*modules(), *(path for place in ("tests", "bench", "workbench") for path in (ROOT / place).rglob("*.py"))]
    texts += [path for pattern in DOCUMENTS for path in ROOT.glob(pattern) if path.is_file()]

    named = [
        f"{path.relative_to(ROOT)}: {found.group()}" for path in texts if (found := forbidden.search(path.read_text()))
    ]

    assert len(texts) > 20
    assert named == []


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _dotted(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def _imports(node: ast.AST, module: str, name: str) -> bool:
    return (
        isinstance(node, ast.ImportFrom) and node.module == module and any(alias.name == name for alias in node.names)
    )


def _is_update_of_executions(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
        and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) == "update"
        and any(
            isinstance(inner, ast.Name | ast.Attribute)
            and (inner.id if isinstance(inner, ast.Name) else inner.attr) in ("Execution", "workflow_executions")
            for argument in node.args[:1]
            for inner in ast.walk(argument)
        )
    )


def _sets_named_columns(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "values"
        and not node.args
        and all(keyword.arg not in (None, "status") for keyword in node.keywords)
    )


#: Workflow ids are made of slugs, and all tests of a process share one Temporal.
REGISTERED = re.compile(
    r"(?:provisioning\.register|leaving|registered)\((?:provisioning, working, )?\"([a-z][a-z0-9-]+)\""
)


def test_no_two_tests_register_the_same_customer() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests/integration/durability").rglob("test_*.py")]
    counted = Counter(slug for text in texts for slug in REGISTERED.findall(text))

    assert len(counted) > 20
    assert [slug for slug, times in counted.items() if times > 1] == []


def test_tests_and_measurements_share_the_workbench_and_nothing_else() -> None:
    strangers = {"tests": {"bench"}, "bench": {"tests"}, "workbench": {"tests", "bench"}}
    strangers |= {package: {"tests", "bench", "workbench"} for package in PACKAGES}

    crossing = [
        f"{path.relative_to(ROOT)} imports {name}"
        for directory, forbidden in strangers.items()
        for path in sorted((ROOT / directory).rglob("*.py"))
        for name in _imported(ast.parse(path.read_text()))
        if name.partition(".")[0] in forbidden
    ]

    assert crossing == []


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"\w+(\.\w+)+", node.value)
        ):
            yield node.value  # what is started as `python -m`


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/decisions/0001-layers.md"])
def test_the_arrows_that_are_drawn_are_those_that_are_checked(document: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["operations"])
    level = {name.strip(" ()"): number for number, layer in enumerate(layers) for name in layer.split("|")}
    drawn = (ROOT / document).read_text().partition("inside operations")[2].partition("```")[0]

    steps = [[level[name.strip()] for name in step.split("|")] for step in drawn.split("→")]

    assert len(steps) > 8
    assert all(max(above) < min(below) for above, below in pairwise(steps))


def test_everything_that_the_guide_sends_people_to_is_there() -> None:
    map_ = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where to look")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z_]+/[\w./]+)`", map_)

    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []
