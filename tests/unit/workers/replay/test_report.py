"""What the gate says at the end."""

import json
from dataclasses import replace

from workers.replay.report import Report, progress
from workers.replay.verdicts import Verdict

BROKEN = Verdict(
    workflow_id="tenant-provision-acme",
    run_id="0190",
    tenant="acme",
    build="b7",
    problem="Asks another question: the step add_owner is asked with other arguments than in the history.",
    event_id=17,
    advice="Put it behind a patch.",
)
FINE = Verdict(workflow_id="tenant-provision-umbrella", run_id="0191", tenant="umbrella", build="b7")


def report(*verdicts: Verdict) -> Report:
    made = Report()
    for verdict in verdicts:
        made.add(verdict)
    return made


def test_a_broken_run_is_named_with_its_event_and_what_would_help() -> None:
    text = report(FINE, BROKEN, FINE).as_text().splitlines()

    assert text[0].split() == ["RUN", "TENANT", "BUILD", "EVENT", "WHY", "IT", "WOULD", "BREAK"]
    assert text[1].startswith("tenant-provision-acme  acme    b7     17     Asks another question")
    assert "* Put it behind a patch." in text
    assert text[-1] == "1 of 3 runs would break. Do not deploy this version."


def test_the_same_advice_is_given_once() -> None:
    assert report(BROKEN, BROKEN).as_text().count("Put it behind a patch.") == 1


def test_runs_that_go_on_are_only_counted() -> None:
    assert report(FINE).as_text() == "1 run would go on with this version."
    assert report().as_text() == "No run is in flight."


def test_programs_read_the_same() -> None:
    read = json.loads(report(FINE, BROKEN).as_json())

    assert (read["looked_at"], read["broken"]) == (2, 1)
    assert read["runs"][0]["workflow_id"] == "tenant-provision-acme"
    assert read["runs"][0]["event_id"] == 17


def test_the_bar_is_full_at_the_end_also_when_runs_came_in_meanwhile() -> None:
    assert progress(0, 0) == f"\r[{'.' * 30}] 0 of 0"
    assert progress(5, 10) == f"\r[{'#' * 15}{'.' * 15}] 5 of 10"
    assert progress(12, 10) == f"\r[{'#' * 30}] 12 of 12"


def test_what_a_stranger_called_a_run_forges_no_line() -> None:
    forged = replace(BROKEN, workflow_id="\x1b[2J\x1b[H0 of 9 runs\nwould break.\u202e")

    lines = report(forged, BROKEN).as_text().split("\n")

    assert len(lines) == len(report(BROKEN, BROKEN).as_text().split("\n"))
    assert lines[1].startswith("\\x1b[2J\\x1b[H0 of 9 runs\\nwould break.\\u202e  acme")
