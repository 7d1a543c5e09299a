"""Free text in lists: what a term may be, and the conditions that indexes serve."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal_column, select, union
from sqlalchemy.orm import InstrumentedAttribute

from operations.error_texts import clean
from operations.models import Membership, Tenant, User

TRIGRAM = 3  #: characters; shorter texts cannot be found inside words with an index
LONGEST = 200  #: characters of a term that count
SAMPLE, SAMPLE_LENGTH = 300, 300  #: texts, and characters of each
FREQUENT_TENANTS = 9  #: of the sample; then the newest hundred tenants are found sooner by reading tenants in order
PART = 4  #: characters; the shortest text that has a trigram wherever a word begins or ends in it
TELLING = 2  #: of the sample; of a rarer term nothing can be said
MOST_OWNERS = 100  #: of those whose e-mail or its domain begins with a term, the first ones

ACCENTS = re.compile("[\u0300-\u036f]")
#: Letters that are not others with an accent → what people type for them
LETTERS = str.maketrans("øØłŁđĐðÐħĦŧŦı", "oOlLdDdDhHtTi") | str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH"}
)

Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]

tenant_words = Tenant.slug + " " + Tenant.name


def usable(term: str) -> str:
    """The term as PostgreSQL can take it; empty when there is nothing to search for."""
    taken = (clean(term.strip()[:LONGEST].replace("\x00", "")) or "").strip()
    return taken if folded(taken).strip() else ""


def folded(text: str) -> str:
    """Without accents, however they are written, and in letters that people can type; as the database's `folded`."""
    return text if text.isascii() else ACCENTS.sub("", normalize("NFKD", text)).translate(LETTERS)


def begins(column: Text, term: str) -> ColumnElement[bool]:
    return column.startswith(term, autoescape=True)


def contains(column: Text, term: str) -> ColumnElement[bool]:
    """Whatever the case."""
    return column.icontains(term, autoescape=True)


def unindexed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition, to be tested row by row: for terms so frequent that the first rows of an order have them.

    A CASE is opaque to PostgreSQL, which reckons with every other row and so keeps to the order.
    """
    return case((condition, True), else_=False)


def matches_tenant(term: str) -> ColumnElement[bool]:
    """Slug and name contain each word, whatever its accents; the slug begins with a term too short for trigrams."""
    looked_for = folded(term)
    if len(looked_for) < TRIGRAM:
        return Tenant.slug.startswith(looked_for.lower(), autoescape=True)
    return and_(*(_has(word, alone=looked_for == word) for word in words_of(looked_for)))


def words_of(looked_for: str) -> tuple[str, ...]:
    """The words of a term. One without any that has a trigram is looked for as it stands."""
    words = tuple(dict.fromkeys(looked_for.split()))
    return words if any(len(word) >= TRIGRAM for word in words) else (looked_for,)


def _has(word: str, *, alone: bool) -> ColumnElement[bool]:
    has_it = func.folded(tenant_words).icontains(word, autoescape=True)
    return has_it if alone or len(word) >= TRIGRAM else unindexed(has_it)


def tenants(term: str, limit: int, newest: Sequence[str]) -> Select[UUID]:
    """The newest tenants that the term matches; `newest` is a sample of their words."""
    newest_first = (Tenant.created_at.desc(), Tenant.id.desc())
    looked_for = folded(term)
    if len(looked_for) < TRIGRAM:
        return select(Tenant.id).where(matches_tenant(term)).order_by(*newest_first).limit(limit)
    matches = sum(all(word.lower() in folded(text).lower() for word in words_of(looked_for)) for text in newest)
    if matches >= FREQUENT_TENANTS:
        return select(Tenant.id).where(unindexed(matches_tenant(term))).order_by(*newest_first).limit(limit)
    # OFFSET keeps PostgreSQL from reading tenants in order after all, which looks cheap to it.
    found = select(Tenant.id, Tenant.created_at).where(matches_tenant(term)).offset(0).subquery()
    return select(found.c.id).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(limit)


def owned(term: str) -> Select[UUID]:
    """The tenants whose owner's e-mail, or its domain, begins with the term, first those of the first e-mails."""
    email = func.lower(User.email).collate("C")
    domain = func.split_part(func.lower(User.email), literal_column("'@'"), literal_column("-1")).collate("C")
    found = union(_first(email, email, term.lower()), _first(domain, email, term.lower().removeprefix("@"))).subquery()
    first = select(found.c.id, found.c.email).order_by(found.c.email).limit(MOST_OWNERS).subquery()
    tenant = select(Membership.tenant_id).join(first, first.c.id == Membership.user_id)
    return tenant.where(Membership.role == "owner").order_by(first.c.email)


def _first(place: ColumnElement[str], email: ColumnElement[str], term: str) -> Select[UUID, str]:
    begins_so = place.startswith(term, autoescape=True) if len(term) >= TRIGRAM else false()
    first = select(User.id, email.label("email")).where(begins_so).order_by(place).limit(MOST_OWNERS).subquery()
    return select(first.c.id, first.c.email)


def newest_tenants() -> Select[str]:
    """The words of the newest tenants, as a sample."""
    return select(tenant_words).order_by(Tenant.created_at.desc(), Tenant.id.desc()).limit(SAMPLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The newest texts, by which one guesses how frequent a term is: PostgreSQL guesses by whole texts, and badly."""

    term: str
    texts: tuple[str, ...]  #: in lower case

    @classmethod
    def of(cls, term: str, texts: Sequence[str]) -> "Sample":
        return cls(term=term, texts=tuple(text.lower() for text in texts))

    @property
    def matches(self) -> int:
        return sum(self.term.lower() in text for text in self.texts)

    @property
    def telling_part(self) -> str:
        """A part of the term that is hardly found without the rest, or all of it.

        An index of trigrams is read for each trigram of what is looked for, and most of those of a long term are in
        countless other texts: "eu-3" finds what "tenants-eu-3" finds, and several times sooner.
        """
        if self.matches < TELLING:
            return self.term
        if not self.term.isascii():  # in some collations a letter is compared by what stands beside it
            return self.term
        others = [text for text in self.texts if self.term.lower() not in text]
        parts = (self.term[start : start + PART] for start in range(max(len(self.term) - PART, 0) + 1))
        telling = (part for part in parts if any(map(str.isalnum, part[1:])))
        return next((part for part in telling if not any(part.lower() in text for text in others)), self.term)
