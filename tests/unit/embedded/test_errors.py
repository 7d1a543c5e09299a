from pathlib import Path

from embedded.errors import LINES_SHOWN, DidNotStart, last_lines


def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("".join(f"line {number}\n\n" for number in range(100)))

    failure = DidNotStart("worker", "it exited with code 3", log)

    first, where, *shown = failure.message.split("\n")
    assert first == "worker did not start: it exited with code 3."
    assert str(log) in where
    assert len(shown) == LINES_SHOWN
    assert shown[-1] == "  line 99"


def test_a_missing_log_is_no_further_trouble(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none.log") == []
    assert DidNotStart("worker", "why", tmp_path / "none.log").message == "worker did not start: why."


def test_an_endless_line_is_shown_by_its_ends(tmp_path: Path) -> None:
    log = tmp_path / "temporal.log"
    log.write_text("level=ERROR " + "x" * 5000 + " address already in use")

    (line,) = last_lines(log)

    assert line.startswith("level=ERROR ")
    assert line.endswith(" address already in use")
    assert len(line) < 300


def test_what_earlier_starts_said_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("worker ready\nworker stops\n")

    failure = DidNotStart("worker", "it exited with code 1", log, since=log.stat().st_size)

    assert failure.message == "worker did not start: it exited with code 1."


def test_a_log_that_was_shortened_is_shown_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("no such table\n")

    assert last_lines(log, since=1000) == ["no such table"]
