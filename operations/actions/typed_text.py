"""What people type must be something that others can see, in the order in which it was written."""

import re
import unicodedata

#: Letters and signs that leave no mark (Default_Ignorable_Code_Point of UAX #44, format controls, the empty Braille
#: pattern), as they stand between the brackets of a regular expression, in any dialect.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
#: One character that can be seen, for descriptions: it takes a mark without its letter, too, which no class can tell.
VISIBLE = rf"[^\s\x00-\x1f\x7f-\x9f{INVISIBLE}]"
MARKS = ("Mn", "Me")  #: categories that need a letter to stand on
#: They turn what follows, also Latin letters, so that it reads as something else (Unicode Technical Report #36). Marks
#: and isolates stay: who writes from right to left needs them, and they change the order of signs alone.
TURNING = r"\u202a-\u202e"
_VISIBLE = re.compile(VISIBLE)
_TURNING = re.compile(f"[{TURNING}]")


def is_plain(text: str) -> bool:
    """Whether it has no control characters but ends of lines and tabs, and none that turn its direction."""
    controls = (each for each in text if unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t")
    return next(controls, None) is None and _TURNING.search(text) is None


def in_order(text: str) -> str:
    """What others have written, for a page: with a sign in the place of each character that would turn it."""
    return _TURNING.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def can_be_seen(text: str) -> bool:
    """Whether any of its characters leaves a mark of its own."""
    return any(unicodedata.category(character) not in MARKS for character in _VISIBLE.findall(text))
