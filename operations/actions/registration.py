"""What a registration must look like: slug, e-mail and the other fields, one sentence for each that is wrong. Pure."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from operations.actions.typed_text import can_be_seen
from operations.errors import InvalidInput
from operations.statuses import Plan

SLUG = re.compile(r"[a-z](?:-?[a-z0-9])+")
LONGEST_NAME = 200  # characters as they are stored
LONGEST_EMAIL = 254  # characters (RFC 5321)
#: Of each stored character at most so many are given; to compose more takes longer than their number suggests.
PARTS = 4
#: Domains that mail servers within a company know (RFC 6762, RFC 8375). The package keeps those that it refuses in a
#: list, for its users to change.
INTERNAL = ("local", "arpa")
SPECIAL_USE_DOMAIN_NAMES[:] = [domain for domain in SPECIAL_USE_DOMAIN_NAMES if domain not in INTERNAL]
SLUG_RULE = (
    "The slug must have 2 to 55 characters: lower-case letters a-z, digits and single hyphens, "
    "beginning with a letter and not ending with a hyphen."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A customer to register, as given; `checked` returns it in stored form."""

    slug: str
    name: str
    owner_email: str
    owner_name: str | None = None
    plan: str = Plan.STARTER

    def checked(self) -> "Registration":
        """Raises `InvalidInput` with one sentence per field that breaks a rule."""
        problems: dict[str, str] = {}
        checks = {
            "slug": slug_problem(self.slug),
            "name": name_problem(self.name, "name"),
            "owner_email": email_problem(self.owner_email),
            "owner_name": name_problem(self.owner_name, "owner's name") if self.owner_name else None,
            "plan": None if self.plan in set(Plan) else f"The plan must be one of: {', '.join(Plan)}.",
        }
        problems = {field: problem for field, problem in checks.items() if problem is not None}
        if problems:
            raise InvalidInput(problems)
        return Registration(
            slug=self.slug,
            name=_tidy(self.name),
            owner_email=normal_email(self.owner_email),
            owner_name=_tidy(self.owner_name) if self.owner_name else None,
            plan=self.plan,
        )

    def digest(self) -> str:
        """Equal exactly for equal registrations; tells a repeated request from another one with the same key."""
        fields = [self.slug, self.name, self.owner_email, self.owner_name, self.plan]
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def slug_problem(slug: str) -> str | None:
    return None if 2 <= len(slug) <= 55 and SLUG.fullmatch(slug) else SLUG_RULE


def name_problem(name: str, called: str) -> str | None:
    given = name.strip()
    tidy = _tidy(given) if len(given) <= PARTS * LONGEST_NAME else given
    if not 1 <= len(tidy) <= LONGEST_NAME:
        return f"The {called} must have 1 to {LONGEST_NAME} characters."
    if not can_be_seen(tidy):
        return f"The {called} must have at least one character that can be seen."
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in tidy):
        return f"The {called} must not contain control characters."
    return None


def email_problem(email: str) -> str | None:
    try:
        normal_email(email)
    except EmailNotValidError:
        return "The e-mail address must look like name@example.com."
    return None


def normal_email(email: str) -> str:
    """The form in which addresses are stored and compared; raises `EmailNotValidError`."""
    given = email.strip()
    if len(given) > LONGEST_EMAIL:
        raise EmailNotValidError("too long")
    return validate_email(given, check_deliverability=False).normalized.lower()


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
