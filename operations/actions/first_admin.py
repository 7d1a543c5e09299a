"""The first administrator of a fresh database, for the supervisor, which has no services."""

from operations.actions.staff import Staff
from operations.database import Database


async def create_first_admin(database_url: str, email: str, password: str) -> bool:
    """False when there is somebody already."""
    database = Database.at(database_url, name="setup", pool_size=1)
    try:
        return await Staff(database=database, secret_key="").add_first(email, password)
    finally:
        await database.close()
