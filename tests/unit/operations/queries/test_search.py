"""What a sample of texts says about a term, and what of a term is looked for."""

import pytest

from operations.queries.search.terms import Sample, folded, usable, words_of

TEXTS = (
    *("connection to tenants-eu-3 refused" for _ in range(3)),
    *(f"connection to tenants-eu-{number} refused" for number in (0, 1, 2, 4)),
    "permission denied for database tenants_17",
    "permission denied for database tenants_1",
)


@pytest.mark.parametrize(("term", "matches"), [("Tenants-EU-3", 3), ("tenants-eu", 7), ("tenants_17", 1), ("quota", 0)])
def test_matches_are_counted_whatever_the_case(term: str, matches: int) -> None:
    assert Sample.of(term, TEXTS).matches == matches


@pytest.mark.parametrize(
    ("term", "part"),
    [
        ("Tenants-EU-3", "EU-3"),  # every other part is in other texts too
        ("tenants_17", "tenants_17"),  # too rare to say
        ("quota", "quota"),
        ("eu-", "eu-"),  # shorter than a part
        ("to tenants-eu-", "to tenants-eu-"[:4]),
    ],
)
def test_the_telling_part_of_a_term_is_in_no_text_without_the_rest(term: str, part: str) -> None:
    assert Sample.of(term, TEXTS).telling_part == part


def test_a_part_of_mere_signs_tells_nothing_to_an_index() -> None:
    texts = ("x---- y", "x---- y", "another")

    assert Sample.of("x----", texts).telling_part == "x----"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Söhne", "Sohne"),
        ("So\u0308hne", "Sohne"),
        ("Straße", "Strasse"),
        ("Łódź", "Lodz"),
        ("İ", "I"),
        ("a-1%", "a-1%"),
    ],
)
def test_letters_are_folded_into_those_that_people_type(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("angstrom  4", ("angstrom", "4")),
        ("acme", ("acme",)),
        ("acme north acme", ("acme", "north")),
        ("a b", ("a b",)),  # each alone would be tested in every tenant
    ],
)
def test_a_term_is_its_words_unless_no_index_finds_one_of_them(term: str, words: tuple[str, ...]) -> None:
    assert words_of(term) == words


@pytest.mark.parametrize("term", ["", "  ", "\x00", "\u0301", " \u0308 ", "¨"])
def test_an_accent_alone_is_nothing_to_search_for(term: str) -> None:
    assert usable(term) == ""
