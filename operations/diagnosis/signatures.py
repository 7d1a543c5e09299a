"""The signature of an error: its words without what differs from one run to the next. Pure.

Two runs that fail for one cause have one signature, and are one group; two causes have two. It is readable on
purpose: it is the title of its group.
"""

import re

from operations.phrases import told

LONGEST = 200  # characters
READ = 1000  #: characters of an error that are looked at: the rest is a dump, and the sentence comes first
FILLED = "…"  #: stands for what was taken out

#: In this order: what is quoted first, as it can hold anything; numbers last, as ids and times hold them.
_VARYING = (
    re.compile(r"“[^”]*”|‘[^’]*’|«[^»]*»|\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'(?!\w)"),
    re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE),
    re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*"),
    re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE),
    re.compile(r"\btenant_[0-9a-f]{8,}\b", re.IGNORECASE),
    re.compile(r"\btenant-[a-z]+-[a-z0-9-]+", re.IGNORECASE),
    re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"),
    re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}\b", re.IGNORECASE),
    re.compile(r"(?<![\w.])/(?:[\w.@-]+/)+[\w.@-]+"),
    re.compile(r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b", re.IGNORECASE),
    re.compile(r"\d+(?:[.,:]\d+)*"),
)
_AGAIN = re.compile(rf"{FILLED}(?:[\s,;:/.()\[\]-]*{FILLED})+")


def signature(error: str | None, *names: str | None) -> str | None:
    """None without an error. `names` are those of the tenant: name, slug, schema, whoever owns it."""
    if error is None or not error.strip():
        return None
    said = " ".join(told(error[:READ]).sentence.split())
    for name in sorted((each for each in names if each and len(each) > 1), key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", FILLED, said, flags=re.IGNORECASE)
    for varying in _VARYING:
        said = varying.sub(FILLED, said)
    said = _AGAIN.sub(FILLED, said)
    return said.strip().rstrip(".")[:LONGEST].rstrip() or FILLED
