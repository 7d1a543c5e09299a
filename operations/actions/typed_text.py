"""What people type must be something that others can see."""

import unicodedata

#: Letters and signs without a picture (Default_Ignorable_Code_Point of UAX #44, and the empty Braille pattern).
BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
HIDDEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Zl", "Zp", "Zs")  #: categories that show nothing by themselves


def is_visible(character: str) -> bool:
    """Whether it leaves a mark of its own."""
    return character not in BLANK and unicodedata.category(character) not in HIDDEN
