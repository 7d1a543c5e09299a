from dataclasses import fields, replace
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.actions.registration import SLUG_RULE, Registration, name_problem
from operations.errors import InvalidInput

ACME = Registration(slug="acme", name="Acme Inc.", owner_email="ada@acme.example")
NAME_RULE = "The name must have 1 to 200 characters."
NO_CONTROLS = "The name must not contain control characters."
EMAIL_RULE = "The e-mail address must look like name@example.com."
PLAN_RULE = "The plan must be one of: starter, business, enterprise."


def problems(registration: Registration) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        registration.checked()
    return refused.value.problems


@pytest.mark.parametrize(
    "slug", ["ab", "a1", "acme", "users-inc", "a-b-c", "x9-y8", "a" * 55, "a" + "-a" * 27], ids=lambda slug: slug[:12]
)
def test_a_slug_within_the_rules_is_kept_as_it_is(slug: str) -> None:
    assert replace(ACME, slug=slug).checked().slug == slug


@pytest.mark.parametrize(
    "slug",
    [
        *("", "a", "Acme", "ACME", "1acme", "-acme", "acme-", "ac--me", "ac_me", "ac me", "ac.me", "acme/..", "äcme"),
        *("a" * 56, "acme\n", "\nacme", "acme ", " acme", "acme\x00", "ac\u200bme", "а" + "cme", "acme٣", "\ud800a"),
    ],
    ids=ascii,
)
def test_a_slug_against_the_rules_is_refused_with_the_rule(slug: str) -> None:
    assert problems(replace(ACME, slug=slug)) == {"slug": SLUG_RULE}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "", NAME_RULE),
        ("name", "  \n ", NAME_RULE),
        ("name", "n" * 201, NAME_RULE),
        ("name", "a\x00b", NO_CONTROLS),
        ("name", "a\nb", NO_CONTROLS),
        ("name", "a\tb", NO_CONTROLS),
        ("name", "a\x1bb", NO_CONTROLS),
        ("name", "a\x85b", NO_CONTROLS),
        ("name", "a\ud800b", NO_CONTROLS),
        ("owner_name", " ", NAME_RULE.replace("name", "owner's name")),
        ("owner_name", "a\x07b", NO_CONTROLS.replace("name", "owner's name")),
        ("owner_email", "", EMAIL_RULE),
        ("owner_email", "ada", EMAIL_RULE),
        ("owner_email", "ada@", EMAIL_RULE),
        ("owner_email", "@acme.example", EMAIL_RULE),
        ("owner_email", "ada@acme", EMAIL_RULE),
        ("owner_email", "ada lovelace@acme.example", EMAIL_RULE),
        ("owner_email", "ada@acme.example, eve@evil.example", EMAIL_RULE),
        ("owner_email", "ada\x00@acme.example", EMAIL_RULE),
        ("owner_email", "ada\ud800@acme.example", EMAIL_RULE),
        ("owner_email", "a" * 250 + "@acme.example", EMAIL_RULE),
        ("plan", "", PLAN_RULE),
        ("plan", "Starter", PLAN_RULE),
        ("plan", "free", PLAN_RULE),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_value_against_the_rules_is_refused_at_its_field(field: str, value: str, problem: str) -> None:
    assert problems(replace(ACME, **{field: value})) == {field: problem}


@pytest.mark.parametrize("text", ["\u0301\u0316" * 500_000, "\ufdfa" * 1_000_000, "a\u0301" * 500_000 + "@a.b"])
@pytest.mark.parametrize("field", ["slug", "name", "owner_email", "owner_name", "plan"])
def test_what_is_too_long_is_refused_before_anybody_looks_at_it(field: str, text: str) -> None:
    registration = replace(ACME, **{field: text})
    begun = thread_time()

    assert problems(registration).keys() == {field}

    assert thread_time() - begun < 0.05


@pytest.mark.parametrize("email", ["ada@corp.local", "ada@mail.home.arpa", "ada@corp.internal", "ada@corp.lan"])
def test_a_mail_domain_within_a_company_is_as_good_as_any(email: str) -> None:
    assert replace(ACME, owner_email=email).checked().owner_email == email


def test_a_name_that_composes_to_few_characters_is_short() -> None:
    assert replace(ACME, name="\u1112\u1161\u11ab" * 200).checked().name == "한" * 200


def test_every_field_that_breaks_a_rule_gets_its_own_sentence() -> None:
    bad = Registration(slug="-", name="", owner_email="?", owner_name="\n", plan="gold")

    assert set(problems(bad)) == {field.name for field in fields(Registration)}
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in problems(bad).values())


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE tenants; --",
        '=HYPERLINK("http://evil.example")',
        "\u202egnp.exe",
        "\u2066שלום\u2069 Ltd",
        "شركة",
        "{{ constructor }}",
        "💥" * 200,
    ],
    ids=ascii,
)
def test_a_strange_name_is_kept_as_it_is(name: str) -> None:
    assert replace(ACME, name=name).checked().name == name


def test_what_is_stored_is_tidy() -> None:
    given_ = Registration(
        slug="acme", name="  Cafe\u0301 ", owner_email=" Ada@ACME.Example ", owner_name=" Ada ", plan="business"
    )

    stored = Registration(slug="acme", name="Café", owner_email="ada@acme.example", owner_name="Ada", plan="business")
    assert given_.checked() == stored
    assert given_.checked().digest() == stored.digest()


def test_an_owner_without_a_name_has_none() -> None:
    assert replace(ACME, owner_name="").checked().owner_name is None


def test_any_difference_shows_in_the_digest() -> None:
    others = [
        replace(ACME, slug="acme2"),
        replace(ACME, name="Acme"),
        replace(ACME, owner_email="eve@acme.example"),
        replace(ACME, owner_name="Ada"),
        replace(ACME, plan="business"),
    ]

    assert len({each.digest() for each in [ACME, *others]}) == 6


TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
SLUG = st.one_of(TEXT, st.from_regex(r"[a-z](?:-?[a-z0-9])+", fullmatch=True))
EMAIL = st.one_of(TEXT, st.emails(), st.builds(lambda name: f"{name}@acme.example", TEXT))


@settings(deadline=None, database=None)
@given(st.builds(Registration, slug=SLUG, name=TEXT, owner_email=EMAIL, owner_name=TEXT | st.none()))
def test_whatever_is_given_is_refused_in_words_or_can_be_stored(registration: Registration) -> None:
    stored = checked_or_refused(registration)

    if stored is not None:
        assert stored.checked() == stored
        assert 1 <= len(stored.name) <= 200
        assert len(stored.owner_email) <= 254
        kept = "".join((stored.slug, stored.name, stored.owner_email, stored.owner_name or "")).encode()
        assert b"\x00" not in kept


def checked_or_refused(registration: Registration) -> Registration | None:
    try:
        return registration.checked()
    except InvalidInput:
        return None


@pytest.mark.parametrize("name", ["\u200b\u2060\u3164", "\u2800", "\u0301"])
def test_a_name_can_be_seen(name: str) -> None:
    assert name_problem(name, "name") == "The name must have at least one character that can be seen."
