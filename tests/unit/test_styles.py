"""Style sheets say each thing once, and a comment stands between rules, not inside a selector."""

import re
from collections import Counter
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).parents[2] / "console" / "assets").glob("*.css"))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
#: What stands before a brace: a selector, or a condition.
HEAD = re.compile(r"([^{};]+)\{")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
FRAME = re.compile(r"from|to|[\d.]+%")  #: of an animation


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_comment_stands_inside_a_selector(sheet: Path) -> None:
    heads = [head.strip() for head in HEAD.findall(sheet.read_text(encoding="utf-8"))]

    assert heads
    assert [head for head in heads if COMMENT.search(_without_leading(head))] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_rule_stands_twice(sheet: Path) -> None:
    rules = RULE.findall(COMMENT.sub("", sheet.read_text(encoding="utf-8")))
    counted = Counter((" ".join(selector.split()), " ".join(body.split())) for selector, body in rules)

    assert counted
    assert [rule for rule, number in counted.items() if number > 1 and not FRAME.fullmatch(rule[0])] == []


def _without_leading(head: str) -> str:
    """The head without comments that stand before its selector."""
    while found := re.match(r"\s*/\*.*?\*/", head, re.DOTALL):
        head = head[found.end() :]
    return head
