"""Every sentence that Tenantry says to people, by module: `python -m tests.sentences` prints the page to read aloud.

Found in the source, so that none is forgotten: text with words in it, apart from SQL, markup, log lines and docstrings.
The docstring of an error is what the operator reads, and belongs to them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("console", "operations", "workers", "embedded")
SCRIPTS = ("console/components/*.js", "console/assets/*.js")

PLAIN = {
    "props",
    "classes",
    "style",
    "text",
    "execute",
    "scalar",
    "compile",
    "run_javascript",
    "getattr",
    "log",
    "Counter",
}
PLAIN |= {
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "SimpleCookie",
    "Gauge",
    "Histogram",
    "OwnConnection",
    "cast",
}
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|SET|SHOW|CREATE|DROP|RESET|LOCK|VALUES|BEGIN)\b(?! the\b)")
MARKUP = re.compile(r"^\s*<|[{;]\s*\n|=\S|^\S+/\S+;|^\(|\bIS (NOT )?NULL\b|\bNULLS\b|\b(DESC|ASC)$|::|^'\w+'|\|\||<>")
WORDS = re.compile(r"[A-Za-z“][\w’'“”…-]*[,;:.]? +\S*[A-Za-z{]")
SCRIPT_TEXT = re.compile(r'"([A-Z][^"\n]* [^"\n]*)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """Text that people may read; what is filled in stands in braces."""

    module: str
    line: int
    text: str

    @property
    def is_whole(self) -> bool:
        """Begins like a sentence and has more than one clause; others are labels and parts of sentences."""
        return bool(re.match(r"[A-Z“]", self.text)) and bool(
            re.search(r"\. |; (?:nothing|it|its|the|they)\b", self.text)
        )


def all_sentences() -> Iterator[Sentence]:
    """In the order of modules and lines."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from in_module(path.relative_to(ROOT).as_posix(), path.read_text())
    for pattern in SCRIPTS:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                for text in SCRIPT_TEXT.findall(line):
                    yield Sentence(module=path.relative_to(ROOT).as_posix(), line=number, text=text)


def in_module(module: str, source: str) -> list[Sentence]:
    """The sentences of one module, by line."""
    tree = ast.parse(source)
    silent = _silent(tree, errors_speak=module.endswith("errors.py"))
    found = [
        Sentence(module=module, line=node.lineno, text=" ".join(text.split()))
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and node not in silent and (text := _text(node)) is not None and _is_prose(text)
    ]
    return sorted(found, key=lambda each: each.line)


def _text(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_part(part) for part in parts)
    return None


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        quoted = "!r" if part.conversion == ord("r") else ""
        return "{" + ast.unparse(part.value) + quoted + "}"
    return str(part.value) if isinstance(part, ast.Constant) else ""


def _is_prose(text: str) -> bool:
    plain = re.sub(r"\{[^{}]*\}", "{}", text)
    return bool(WORDS.search(plain)) and not SQL.match(plain) and not MARKUP.search(plain)


def _silent(tree: ast.Module, *, errors_speak: bool) -> set[ast.AST]:
    """Nodes that nobody reads: docstrings, parts of f-strings, and what goes to the log, the page's markup or SQL."""
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=parts):
                silent.update(inner for part in parts for inner in ast.walk(part))
            case ast.Call(func=function, args=arguments, keywords=keywords) if _name(function) in PLAIN:
                given = [*arguments, *(each.value for each in keywords)]
                silent.update(inner for each in given for inner in ast.walk(each))
            case (
                ast.Module(body=[ast.Expr(value=docstring), *_])
                | ast.FunctionDef(body=[ast.Expr(value=docstring), *_])
                | ast.AsyncFunctionDef(body=[ast.Expr(value=docstring), *_])
            ):
                silent.add(docstring)
            case ast.ClassDef(body=[ast.Expr(value=docstring), *_], bases=bases) if not (errors_speak and bases):
                silent.add(docstring)
    return silent


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def page() -> str:
    """All of them as a page."""
    lines: list[str] = []
    module = ""
    for each in all_sentences():
        if each.module != module:
            module = each.module
            lines += ["", f"## {module}", ""]
        lines.append(f"* {each.line}: {each.text}")
    return "\n".join(lines).strip()


if __name__ == "__main__":
    print(page())  # noqa: T201 - what it is for
