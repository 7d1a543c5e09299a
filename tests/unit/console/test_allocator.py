"""The console begins again with the allocator that gives memory back, and only once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, sys
from console.allocator import give_memory_back
give_memory_back()
print(os.getpid(), os.environ.get("PYTHONMALLOC"), *sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc's allocator can be asked to hand memory back")
@pytest.mark.parametrize(("chosen", "taken"), [(None, "malloc"), ("pymalloc", "pymalloc")])
def test_the_same_process_goes_on_with_the_same_arguments(tmp_path: Path, chosen: str | None, taken: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONMALLOC"}
    environment |= {"PYTHONPATH": str(ROOT)} | ({} if chosen is None else {"PYTHONMALLOC": chosen})

    with subprocess.Popen([sys.executable, str(program), "a b"], env=environment, stdout=subprocess.PIPE) as process:
        said = (process.communicate(timeout=30)[0]).decode().split(maxsplit=2)

    assert said == [str(process.pid), taken, "a b\n"]
