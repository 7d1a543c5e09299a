"""REST tells when a tenant that leaves is due, and what can no longer be done about it."""

from datetime import UTC, datetime, timedelta

import httpx

from workbench.consoles import Console

WHY = {"reason": "contract ended"}


async def leaving(console: Console, admin: httpx.AsyncClient, slug: str) -> tuple[dict[str, str], dict[str, str]]:
    """Its tenant and its removal, as they are answered; no worker takes part."""
    registration = {"slug": slug, "name": slug.title(), "owner_email": f"owner@{slug}.example"}
    await admin.post("/api/v1/tenants", json=registration)
    await console.accounts.execute(
        "UPDATE workflow_executions SET status = 'completed', completed_at = clock_timestamp()"
        f" WHERE entity_id = (SELECT id FROM tenants WHERE slug = '{slug}')"
    )
    await console.accounts.execute(f"UPDATE tenants SET status = 'active' WHERE slug = '{slug}'")
    answer = await admin.post(f"/api/v1/tenants/{slug}/deprovision", json=WHY)
    assert answer.status_code == 202
    return answer.json()["tenant"], answer.json()["execution"]


async def test_a_tenant_that_leaves_says_when_it_is_due(console: Console, admin: httpx.AsyncClient) -> None:
    tenant, execution = await leaving(console, admin, "leaves-in-a-week")

    due = datetime.fromisoformat(tenant["due_at"])
    assert timedelta(days=6, hours=23) < due - datetime.now(UTC) <= timedelta(days=7)
    assert due.utcoffset() == timedelta(0)
    assert execution["due_at"] == tenant["due_at"]
    assert (tenant["status"], execution["entity_status"]) == ("deprovisioning", "deprovisioning")
    listed = (await admin.get("/api/v1/tenants", params={"status": "deprovisioning", "q": "leaves-in-a"})).json()
    assert [each["due_at"] for each in listed["items"]] == [tenant["due_at"]]


async def test_a_tenant_that_is_half_dropped_cannot_be_kept(console: Console, admin: httpx.AsyncClient) -> None:
    _, execution = await leaving(console, admin, "half-dropped")
    await console.accounts.execute("UPDATE tenants SET status = 'dropping' WHERE slug = 'half-dropped'")

    answer = await admin.post(f"/api/v1/executions/{execution['id']}/cancel", json=WHY)

    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "It is too late to cancel: part of the tenant's data is deleted already. The run deletes the rest."
    )
    listed = (await admin.get("/api/v1/tenants", params={"status": "dropping"})).json()
    assert [each["slug"] for each in listed["items"]] == ["half-dropped"]


async def test_a_tenant_that_does_not_leave_is_never_due(console: Console, admin: httpx.AsyncClient) -> None:
    registration = {"slug": "never-due", "name": "Never", "owner_email": "owner@never-due.example"}

    answer = (await admin.post("/api/v1/tenants", json=registration)).json()

    assert (answer["tenant"]["due_at"], answer["execution"]["due_at"]) == (None, None)
