"""What a console still holds for tabs that have gone: read from its metrics, once it should have forgotten them."""

import asyncio

import httpx

from console.garbage import LOOK
from console.main import RECONNECT
from embedded.patience import until_answered

#: What it may hold more of than when nobody had looked: pools that have filled, periodic work that is under way.
SPARE = {"tenantry_live_viewers": 0, "process_open_fds": 15, "tenantry_tasks": 5}
FORGOTTEN = RECONNECT + 30  #: seconds after which the console keeps nothing of a tab that left
CLEARED_AWAY = 3 * LOOK  #: seconds after which its memory is free
OFTEN = 0.25  #: seconds between two looks


async def forgotten(url: str, fresh: dict[str, float]) -> dict[str, float]:
    """The metrics once they are as when `fresh`; or what they are when the console should long have forgotten."""

    async def look() -> bool:
        seen = await metrics(url)
        return all(seen[name] <= fresh[name] + more for name, more in SPARE.items())

    await until_answered(look, within=FORGOTTEN, every=OFTEN)
    await asyncio.sleep(CLEARED_AWAY)
    return await metrics(url)


async def metrics(url: str) -> dict[str, float]:
    """The values without labels of a process's `/metrics`."""
    async with httpx.AsyncClient(base_url=url, follow_redirects=True, timeout=30) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#") and "{" not in line]
    return {name: float(value) for name, value in pairs}
