"""Who may run passes, and when none runs; what passes do is tried in `tests/integration/reconciliation`."""

from operations.statuses import Role
from workbench.consoles import Console
from workbench.servers import eventually


async def test_who_may_not_run_a_pass_is_refused(console: Console) -> None:
    token = await console.accounts.token("sue@example.com", Role.SUPPORT)
    async with console.client(token=token) as api, console.client() as stranger:
        assert (await api.post("/api/v1/reconciliations")).status_code == 403
        assert (await api.get("/api/v1/reconciliations")).status_code == 200
        assert (await stranger.get("/api/v1/reconciliations")).status_code == 401
    async with console.client(token=await console.accounts.token()) as api:
        assert (await api.post("/api/v1/reconciliations", json={"force": True})).status_code == 422


async def test_a_pause_holds_every_pass_and_is_shown(console: Console) -> None:
    async with console.client(token=await console.accounts.token()) as api:
        paused = await api.post("/api/v1/reconciliations/pause", json={"hours": 2, "reason": "restoring a backup"})
        refused = await api.post("/api/v1/reconciliations")
        resumed = await api.post("/api/v1/reconciliations/resume")
        ran = await eventually(  # refused while the console's own pass runs
            lambda: api.post("/api/v1/reconciliations"), lambda answer: answer.status_code != 409
        )
        for_ever = await api.post("/api/v1/reconciliations/pause", json={"hours": 25, "reason": "holidays"})

    assert paused.json()["pause_reason"] == "restoring a backup"
    assert (refused.status_code, "restoring a backup" in refused.json()["detail"]) == (409, True)
    assert resumed.json()["paused_until"] is None
    assert (ran.status_code, for_ever.status_code) == (200, 422)
