"""Free text in lists: what a term may be, and the conditions that indexes serve."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from operations.causes import clean
from operations.models import Tenant

TRIGRAM = 3  #: characters; shorter texts cannot be found inside words with an index
LONGEST = 200  #: characters of a term that count

Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


def usable(term: str) -> str:
    """The term as PostgreSQL can take it; empty when there is nothing to search for."""
    return (clean(term.replace("\x00", "")) or "").strip()[:LONGEST]


def begins(column: Text, term: str) -> ColumnElement[bool]:
    return column.startswith(term, autoescape=True)


def contains(column: Text, term: str) -> ColumnElement[bool]:
    """Whatever the case."""
    return column.icontains(term, autoescape=True)


def matches_tenant(term: str) -> ColumnElement[bool]:
    """Slug and name contain the term; the slug begins with it when it is too short for trigrams."""
    if len(term) < TRIGRAM:
        return Tenant.slug.startswith(term.lower(), autoescape=True)
    return (Tenant.slug + " " + Tenant.name).icontains(term, autoescape=True)


def tenants(term: str, limit: int) -> Select[UUID]:
    """The newest tenants that the term matches."""
    matching = select(Tenant.id).where(matches_tenant(term))
    return matching.order_by(Tenant.created_at.desc(), Tenant.id.desc()).limit(limit)
