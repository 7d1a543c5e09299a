"""What each address takes: who may come in without a log-in, how much may be sent, and the role it needs.

Looked at before anything reads a body. The actions refuse by themselves whoever may not; here it only comes first.
"""

import re
from dataclasses import dataclass
from typing import Self

from nicegui import __version__

from operations.access import Permission

PUBLIC = frozenset({"/login", "/healthz", "/readyz", "/metrics", "/favicon.ico"})
ASSETS = "/assets/"
INSIDE = "/_nicegui/"
#: NiceGUI's scripts and styles, in the whole shapes of its routes: what matches none of them would become a page.
CODE = re.compile(
    rf"/_nicegui/{re.escape(__version__)}/"
    r"(?:(?:static|libraries|components)/.+|(?:resources|esm)/[^/]+/.+|dynamic_resources/[^/]+)"
)
TAB = re.compile(r"/_nicegui/client/[0-9a-f-]{36}/.+")  #: belongs to a single tab
KILO = 1024  #: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """Requests that send something."""

    path: re.Pattern[str]
    longest: int = 64 * KILO  #: bytes of a body
    needs: Permission | None = None
    what: str | None = None  #: is asked for, where the permission does not say it

    @classmethod
    def api(cls, path: str, needs: Permission, *, longest: int = 64 * KILO, what: str | None = None) -> Self:
        return cls(path=re.compile(f"/api/v1{path}"), needs=needs, longest=longest, what=what)


#: The first that matches counts.
DOORS = (
    Door(path=re.compile("/login"), longest=8 * KILO),
    Door(path=re.compile("/logout"), longest=0),
    Door.api("/tenants", Permission.REGISTER_TENANT),
    Door.api("/tenants/[^/]+/deprovision", Permission.DEPROVISION),
    Door.api("/tenants/[^/]+/executions", Permission.START),
    Door.api("/executions/[^/]+/retry", Permission.RETRY),
    Door.api("/executions/[^/]+/terminate", Permission.TERMINATE),
    Door.api("/executions/[^/]+/cancel", Permission.CANCEL),
    Door.api("/executions/[^/]+/(?:pause|resume)-step", Permission.HOLD_STEP),
    Door.api("/executions/[^/]+/cleanup", Permission.CLEAN_UP),
    Door.api("/executions/[^/]+/(?:approve|reject)", Permission.DECIDE),
    Door.api("/executions/[^/]+/(?:acknowledge|assign|snooze|notes)", Permission.TRIAGE),
    Door.api("/groups/(?:acknowledge|assign|snooze|notes)", Permission.TRIAGE),
    # The least of what it can be; then the action tells which role its deed takes.
    Door.api("/executions/bulk", Permission.RETRY, longest=512 * KILO, what="begin a bulk operation"),
    Door.api("/bulk/[^/]+/(?:pause|resume|stop|release)", Permission.SEE),
    Door.api("/findings/[^/]+/terminate", Permission.TERMINATE),
    Door.api("/findings/[^/]+/(?:adopt|provision|ignore)", Permission.RECONCILE),
    Door.api("/reconciliations(?:/pause|/resume)?", Permission.RECONCILE),
    Door(path=re.compile("/api/.*")),
    Door(path=re.compile("/_nicegui_ws/.*"), longest=1000 * KILO),  # long polling; Engine.IO has a like bound
)
ELSEWHERE = Door(path=re.compile(".*"), longest=0)


def door(path: str) -> Door:
    return next((each for each in DOORS if each.path.fullmatch(path)), ELSEWHERE)


def is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith(ASSETS) or CODE.fullmatch(path) is not None


def is_nowhere(path: str) -> bool:
    """Whether it lies among NiceGUI's own addresses and is none of them."""
    return path.startswith(INSIDE) and not (CODE.fullmatch(path) or TAB.fullmatch(path))
