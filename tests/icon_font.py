"""Makes the icon font of the console: only the icons in use, a thirtieth of the whole: `python -m tests.icon_font`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nicegui
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

CONSOLE = Path(__file__).parents[1] / "console"
OURS = CONSOLE / "assets" / "fonts" / "material-icons-subset.woff2"
STATIC = Path(nicegui.__file__).parent / "static"
#: What Quasar's own parts draw by themselves.
OF_QUASAR = frozenset(
    {
        "arrow_downward",
        "arrow_drop_down",
        "arrow_drop_up",
        "arrow_upward",
        "cancel",
        "check",
        "chevron_left",
        "chevron_right",
        "clear",
        "close",
        "done",
        "error",
        "expand_more",
        "info",
        "keyboard_arrow_down",
        "keyboard_arrow_left",
        "keyboard_arrow_right",
        "keyboard_arrow_up",
        "more_horiz",
        "warning",
    }
)
JAVASCRIPT_WORD = re.compile(r"[\"'>]([a-z][a-z0-9_]+)[\"'<]")


def whole_font() -> Path:
    """The font that NiceGUI brings."""
    css = (STATIC / "fonts.css").read_text(encoding="utf-8")
    found = re.search(r'font-family: "Material Icons";.*?url\(([^)]+)\)', css, re.DOTALL)
    if found is None:
        raise RuntimeError("NiceGUI has its icons elsewhere by now")
    return STATIC / found.group(1)


def names_in(font: TTFont) -> frozenset[str]:
    """The words that the font draws as icons, by its ligatures."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    names = set()
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            inner = getattr(table, "ExtSubTable", table)
            for first, ligatures in getattr(inner, "ligatures", {}).items():
                for ligature in ligatures:
                    names.add("".join(letters.get(glyph, "?") for glyph in (first, *ligature.Component)))
    return frozenset(names)


def names_in_use(known: frozenset[str]) -> frozenset[str]:
    """Every word of the console's code that could be an icon: some are none, which costs a few hundred bytes."""
    return frozenset(word for word in _words() if word in known) | (OF_QUASAR & known)


def _words() -> Iterator[str]:
    for path in CONSOLE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for path in (*CONSOLE.glob("components/*.js"), CONSOLE / "assets" / "shell.js"):
        yield from JAVASCRIPT_WORD.findall(path.read_text(encoding="utf-8"))


def make() -> None:
    font = TTFont(whole_font())
    names = names_in_use(names_in(font))
    options = Options(
        flavor="woff2", layout_features=["*"], glyph_names=False, hinting=False, ignore_missing_glyphs=True
    )
    subsetter = Subsetter(options)
    ligatures = _glyphs_of(font, names)
    subsetter.populate(text="abcdefghijklmnopqrstuvwxyz0123456789_ ", glyphs=ligatures)
    _drop_other_ligatures(font, names)
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(OURS)


def _glyphs_of(font: TTFont, names: frozenset[str]) -> list[str]:
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    return [
        ligature.LigGlyph
        for lookup in font["GSUB"].table.LookupList.Lookup
        for table in lookup.SubTable
        for first, ligatures in getattr(getattr(table, "ExtSubTable", table), "ligatures", {}).items()
        for ligature in ligatures
        if "".join(letters.get(glyph, "?") for glyph in (first, *ligature.Component)) in names
    ]


def _drop_other_ligatures(font: TTFont, names: frozenset[str]) -> None:
    """All ligatures are spelt with the same letters, so a subset by letters alone would keep every icon."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            inner = getattr(table, "ExtSubTable", table)
            for first, ligatures in getattr(inner, "ligatures", {}).items():
                inner.ligatures[first] = [
                    each
                    for each in ligatures
                    if "".join(letters.get(glyph, "?") for glyph in (first, *each.Component)) in names
                ]


if __name__ == "__main__":
    make()
