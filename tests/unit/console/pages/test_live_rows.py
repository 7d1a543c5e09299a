from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as some

from console.components.tables import Patch
from console.pages.live_rows import Row, difference

FIELDS = some.fixed_dictionaries({"status": some.sampled_from(["running", "failed"]), "steps": some.integers(0, 3)})
ROWS = some.dictionaries(some.sampled_from("abcdef"), FIELDS).flatmap(
    lambda rows: some.permutations([{"id": id_, **fields} for id_, fields in rows.items()])
)


def patched(rows: Sequence[Row], patch: Patch | None) -> list[Row]:
    """What a table shows after it has been told the patch."""
    if patch is None:
        return list(rows)
    changes: Mapping[str, Row] = {str(change["id"]): change for change in patch.changed}
    kept = [{**row, **changes.get(str(row["id"]), {})} for row in rows if row["id"] not in patch.removed]
    shown: list[Row] = [*kept, *patch.inserted]
    if patch.order_hint is not None:
        shown.sort(key=lambda row: list(patch.order_hint or ()).index(str(row["id"])))
    return shown


@given(before=ROWS, after=ROWS)
def test_a_patch_leads_from_before_to_after(before: Sequence[Row], after: Sequence[Row]) -> None:
    assert patched(before, difference(before, after)) == list(after)


@given(rows=ROWS)
def test_there_is_nothing_to_tell_about_the_same_rows(rows: Sequence[Row]) -> None:
    assert difference(rows, list(rows)) is None


def test_a_change_carries_only_what_changed() -> None:
    before = [{"id": "a", "status": "running", "steps": 1}, {"id": "b", "status": "running", "steps": 1}]
    after = [{"id": "a", "status": "running", "steps": 2}, {"id": "b", "status": "running", "steps": 1}]

    patch = difference(before, after)

    assert patch is not None
    assert patch.changed == [{"id": "a", "steps": 2}]
    assert (patch.inserted, patch.removed, patch.order_hint) == ([], [], None)
