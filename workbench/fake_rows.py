"""Rows that look like executions, and changes to them, the same on every run."""

import random
from datetime import UTC, datetime, timedelta

Row = dict[str, object]

TENANTS = ("Acme Logistics", "Globex", "Umbrella Health", "Initech", "Stark Industries", "Wayne Enterprises", "Soylent")
STEPS = ("validate_request", "create_schema", "seed_reference_data", "configure_domain", "send_welcome", "activate")
ERRORS = (
    "connection to database tenants-eu-3 refused: too many connections for role provisioner (53300)",
    "DNS zone for globex.example is not delegated yet; waited 12 minutes",
    "activity create_schema failed after 5 tries: permission denied for database tenants",
)
#: What the second badge of an open one says, and its colour.
SIGNS = (
    (None, None),
    ("Retrying ×27", "retrying"),
    ("Stuck", "stuck"),
    ("Drift", "drift"),
    ("Waiting for approval", "waiting"),
    ("Until 2026-12-04 23:19 UTC", "planned"),
)
CHOICE = random.Random(7)


def row(number: int, now: datetime) -> Row:
    """The execution with this number; small numbers are the newest."""
    tenant = TENANTS[number % len(TENANTS)]
    status = CHOICE.choices(
        ("running", "completed", "failed", "pending", "retrying", "cancelled", "terminated", "timed_out"),
        (5, 6, 2, 1, 2, 1, 1, 1),
    )[0]
    is_open = status in ("running", "pending", "retrying")
    word, tone = CHOICE.choices(SIGNS, (6, 1, 2, 1, 1, 1))[0] if is_open else (None, None)
    started = now - timedelta(seconds=20 + number * 47)
    return {
        "id": f"0198f2c4-7b1e-7d3a-9c55-{number:012x}",
        "status": status,
        "sign": word,
        "tone": tone,
        "sign_since": None if tone != "stuck" else (started + timedelta(seconds=5)).timestamp(),
        "tenant": tenant,
        "slug": tenant.lower().replace(" ", "-"),
        "workflow": f"provision-tenant-{10_500 - number}",
        "done": len(STEPS) if status == "completed" else number % len(STEPS),
        "steps": len(STEPS),
        "step": STEPS[number % len(STEPS)],
        "error": ERRORS[number % len(ERRORS)] if status in ("failed", "retrying", "timed_out") else None,
        "started": started.isoformat(timespec="seconds"),
        "duration": None if is_open else CHOICE.randrange(400, 190_000),
        "attempt": CHOICE.choice((1, 1, 1, 2, 3)),
        "actions": actions(status),
    }


def actions(status: str) -> dict[str, str | None]:
    """What can be done with a run in this state, or why not."""
    if status in ("running", "retrying", "pending"):
        return {"ask": None, "retry": "It is still running", "cancel": None}
    if status == "completed":
        return {"ask": None, "retry": "It has completed", "cancel": "It has completed"}
    return {"ask": None, "retry": None, "cancel": "It has ended"}


def rows(count: int) -> list[Row]:
    now = datetime.now(UTC)
    return [row(number, now) for number in range(count)]


HOSTILE = (
    "<img src=x onerror=\"window.hacked='img'\">",
    "</script><script>window.hacked='script'</script>",
    "{{ window.hacked = 'template' }}",
    "\u202egnp.exe\u202c then left again",
    "javascript:window.hacked='link'",
    "مرحبا بالعالم <b>bold</b>",
    "line\u2028separator\u2029paragraph",
    "ten thousand " + "x" * 10_000,
)


def hostile_rows() -> list[Row]:
    """Rows whose every text was chosen by an attacker."""
    now = datetime.now(UTC)
    result = []
    for number, text in enumerate(HOSTILE):
        names = ("status", "sign", "tone", "tenant", "slug", "workflow", "step", "error")
        result.append({**row(number, now), "id": text[:200], **dict.fromkeys(names, text)})
    return result
