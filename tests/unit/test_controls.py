"""What the browser may not fill in by itself: on the way back it would show what was typed or ticked before."""

import re
from pathlib import Path

import pytest

from console import components

SCRIPTS = sorted(Path(str(components.__file__)).parent.glob("*.js"))
CONTROL = re.compile(r"<(?:input|select|textarea)\s(?:\"[^\"]*\"|[^\">])*>")


def test_controls_are_found() -> None:
    assert sum(len(CONTROL.findall(script.read_text())) for script in SCRIPTS) > 8


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_control_is_filled_by_the_browser(script: Path) -> None:
    controls = CONTROL.findall(script.read_text())

    assert [control for control in controls if 'autocomplete="off"' not in control] == []
