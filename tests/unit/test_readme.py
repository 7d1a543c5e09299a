"""What the documents say can be done: every command, variable and link in them exists."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer
import typer.main
import yaml

from operations.kinds import Kind
from operations.secret_files import SECRETS
from operations.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))


def commands() -> dict[str, set[str]]:
    """Each command of `tenantry` by its full name, with its options; groups end in a blank: "staff "."""
    from console.cli.app import app

    return dict(_described("", typer.main.get_command(app)))


def _described(name: str, command: object) -> Iterator[tuple[str, set[str]]]:
    """Walks by attribute: typer may bring a click of its own."""
    subcommands: dict[str, object] = getattr(command, "commands", {})
    options = {option for parameter in getattr(command, "params", []) for option in parameter.opts}
    yield (f"{name} " if subcommands else name).lstrip(), options | {"--help"}
    for subname, subcommand in subcommands.items():
        yield from _described(f"{name} {subname}".strip(), subcommand)


def code(text: str) -> list[str]:
    """Lines of code blocks, and what stands between backticks."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", text) + [line for block in blocks for line in block.splitlines()]


def mentioned(text: str) -> Iterator[tuple[str, list[str]]]:
    """The words after `tenantry` in code, and the options among them."""
    for line in code(text):
        for call in re.findall(r"(?:^|[\s(/])tenantry((?: +[^\s)\"`|#]+)+)", line):
            words = call.split()
            named = [word for word in words if re.fullmatch(r"[a-z]+(?:-[a-z]+)*", word)]
            yield " ".join(named[:2]), [word for word in words if word.startswith("--")]


def test_the_guide_to_extending_explains_each_field_of_a_kind() -> None:
    guide = (ROOT / "docs" / "extending.md").read_text()
    first_cells = " ".join(re.findall(r"^\| (`[^|]*) \|", guide, re.MULTILINE))

    assert set(re.findall(r"`(\w+)`", first_cells)) == {field.name for field in fields(Kind)}


def test_there_are_documents() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {path.name for path in DOCUMENTS}
    assert len(DOCUMENTS) > 10


@every_document
def test_every_make_target_exists(document: Path) -> None:
    named = {target for line in code(document.read_text()) for target in re.findall(r"\bmake ([a-z-]+)", line)}

    assert named <= make_targets()


def test_the_readme_names_the_commands_of_a_newcomer() -> None:
    assert {"run", "test", "check", "help"} <= set(re.findall(r"\bmake ([a-z]+)", README))


@every_document
def test_every_command_exists_with_its_options(document: Path) -> None:
    known = commands()

    unknown = [
        f"tenantry {name} {' '.join(options)}"
        for name, options in mentioned(document.read_text())
        if not _exists(name, options, known)
    ]

    assert unknown == []


def _exists(name: str, options: list[str], known: dict[str, set[str]]) -> bool:
    first = name.split(" ", maxsplit=1)[0]
    command = next((full for full in (name, f"{name} ", first) if full in known), None)
    return command is not None and {option.split("=")[0] for option in options} <= known[command]


def test_the_readme_lists_every_command() -> None:
    named = {name for name, _ in mentioned(README)}

    assert {name for name in commands() if name and not name.endswith(" ")} <= named


def test_the_table_of_variables_is_the_settings() -> None:
    table = dict(re.findall(rf"^\| `({PREFIX}\w+)` \| (\S+) \|", README, re.MULTILINE))

    assert table == {
        PREFIX + name.upper(): "–" if field.default in (None, frozenset()) else f"`{field.default}`"
        for name, field in Settings.model_fields.items()
    }


@every_document
def test_every_variable_is_a_setting(document: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", document.read_text()))

    assert named <= {PREFIX + name.upper() for name in Settings.model_fields} | {f"{name}_FILE" for name in SECRETS}


@every_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)\s]+)\)", document.read_text())

    assert [link for link in links if not _leads_somewhere(document, link)] == []


def _leads_somewhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = document if not path else document.parent / path
    if not target.exists():
        return False
    headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE) if anchor else []
    return not anchor or anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_place_on_the_map_of_the_code_exists() -> None:
    places = re.findall(r"^\| `([\w/]+/)` \|(.*)\|$", README.partition("## Map of the code")[2], re.MULTILINE)
    inner = [place + part for place, text in places for part in re.findall(r"`(\w+/)`", text)]

    assert places
    assert [place for place in [*dict(places), *inner] if not (ROOT / place).is_dir()] == []


def test_every_decision_is_in_the_table_of_decisions() -> None:
    table = (ROOT / "docs/decisions/README.md").read_text()

    assert re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", table) == sorted(
        path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")
    )


def test_ci_runs_the_checks_the_test_command_of_the_readme_and_the_long_tests() -> None:
    command = re.search(r"## Test it\s+```sh\n(.+?)\n```", README)
    script = (ROOT / ".ci/run").read_text().splitlines()
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())

    assert command is not None
    assert [line for line in script if line.startswith("make")] == ["make check", command[1], "make test-long"]
    assert ".ci/run" in [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]


def test_pre_commit_runs_the_very_lines_of_make_check() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]

    assert recipe is not None
    assert [hook["entry"] for hook in hooks] == [
        line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()
    ]
