"""How Tenantry speaks: rules that every sentence of the house keeps. `python -m tests.sentences` lists all of them."""

import re
from collections.abc import Iterator

import pytest

from tests.sentences import Sentence, all_sentences, in_module, page

ROWS = r"\brows?\b"
#: What is wrong, and how to say it instead. What is filled in, commands and quoted code are not looked at.
RULES = {
    r"\bcancell?ed\b(?<!cancelled)|\bCancell?ed\b(?<!Cancelled)": "people read one spelling: cancelled",
    r"\bno message\b": "say that it failed without saying why",
    r"\b[A-Z]\w+(Error|Exception)\b": "the class of an error belongs into a folded detail",
    r"\b(payloads?|asyncio|tracebacks?|stack trace|tuples?|enum|coroutines?|boolean)\b": "a word of the inside",
    ROWS: "a word of the inside; people see executions",
    r"!(?:\s|$)": "no exclamation marks",
    r"\.\.\.": "an ellipsis is one character, for what opens a dialog",
    r'(?<![\w=(])"[^"]*"': "quotation marks are “ and ”",
    r"\b([Pp]lease|[Ss]orry|[Oo]ops|[Uu]nfortunately)\b": "say what to do; nobody has to be begged or comforted",
    r"\b(shut out|knows it no more|held back by|withdraw\w*)\b": "a second word for an idea that has one",
    r"^(?:[A-Z][a-z]+ ){2,}[A-Z][a-z]+$": "sentence case: only names are capitalised",
}
#: Where rows are those of a table on the screen.
DRAWS_TABLES = re.compile(r"console/components/.*|console/pages/live_list\.py")
#: Where names of code are quoted as code, for those who write workflows.
SPEAKS_TO_DEVELOPERS = re.compile(r"operations/kinds\.py|workers/loading\.py")
ENDS = (".", "?", "”", ":", "}", ". ", ";")
#: What a failure has to add to the fact: what is safe, or what to do.
SAFE = re.compile(
    r"[Nn]othing|not start|is kept|are kept|was ended|\b(Run|Try|try|Use|Log in|Look|look|Wait|Ask|Start)\b"
)
ABSENT = re.compile(r"^There is no |^The e-mail or the password is wrong|^Temporal refused the request for good")


def wrong_with(sentence: Sentence) -> Iterator[str]:
    said = re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|`[^`]*`", "{}", sentence.text)
    for pattern, instead in RULES.items():
        if re.search(pattern, said) and not (pattern == ROWS and DRAWS_TABLES.fullmatch(sentence.module)):
            yield instead
    if "!r}" in sentence.text and not SPEAKS_TO_DEVELOPERS.fullmatch(sentence.module):
        yield "quote what is filled in with “ and ”"
    if sentence.is_whole and not said.endswith(ENDS):
        yield "a sentence ends with a period"
    is_failure = sentence.module.endswith("operations/errors.py") and sentence.text.endswith(".")
    if is_failure and not SAFE.search(said) and not ABSENT.search(said):
        yield "a failure says what is safe, or what to do"


def test_every_sentence_keeps_the_rules() -> None:
    wrong = [f"{each.module}:{each.line}: {rule}: {each.text}" for each in all_sentences() for rule in wrong_with(each)]

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Canceled by somebody.", "one spelling"),
        ("It was canceled.", "one spelling"),
        ("It ended with no message.", "without saying why"),
        ("The step met a ValueError today.", "folded detail"),
        ("The row was written.", "inside"),
        ("It worked!", "exclamation"),
        ("Wait...", "ellipsis"),
        ('The step "Create schema" failed.', "quotation"),
        ("Please try again.", "begged"),
        ("Delete The Tenant", "sentence case"),
        ("It failed. Nothing was changed", "period"),
        ("The type {kind!r} is unknown.", "quote"),
    ],
)
def test_each_rule_sees_what_breaks_it(text: str, rule: str) -> None:
    assert rule in " ".join(wrong_with(Sentence(module="console/pages/words.py", line=1, text=text)))


def test_a_failure_that_leaves_people_alone_is_seen() -> None:
    lonely = Sentence(module="operations/errors.py", line=1, text="The reconciliation is paused.")

    assert list(wrong_with(lonely)) == ["a failure says what is safe, or what to do"]


def test_sentences_are_found_wherever_they_are_made_and_nothing_else_is() -> None:
    source = '''"""A module's own words."""
log.info("nobody reads this here")
QUERY = "SELECT id FROM tenants"
ui.button("Run it now").props("color=negative flat")
raise CannotRetry(f"The run {run.id} has ended already; " "nothing was changed.")
'''

    assert [each.text for each in in_module("console/pages/any.py", source)] == [
        "Run it now",
        "The run {run.id} has ended already; nothing was changed.",
    ]


def test_the_docstrings_of_errors_speak_to_people() -> None:
    source = 'class CannotRetry(OperationsError):\n    """It cannot be retried; nothing was changed."""\n'

    assert [each.text for each in in_module("operations/errors.py", source)] == [
        "It cannot be retried; nothing was changed."
    ]


def test_the_page_lists_sentences_by_module() -> None:
    listed = page()

    assert "## console/pages/words.py" in listed
    assert "Completed; the tenant is active." in listed
    assert "Log in again." in listed
