"""Read before the modules of the tests: a failed `assert` of theirs says what it compared, as one of a test does."""

import pytest

pytest.register_assert_rewrite("tests", "workbench")
