"""The console's icon font has every icon in use."""

from fontTools.ttLib import TTFont

from tests.icon_font import OURS, names_in, names_in_use, whole_font


def test_every_icon_in_use_is_in_the_font() -> None:
    wanted = names_in_use(names_in(TTFont(whole_font())))

    there = names_in(TTFont(OURS))

    assert wanted - there == set(), "run `python -m tests.icon_font`"
    assert len(wanted) > 40
