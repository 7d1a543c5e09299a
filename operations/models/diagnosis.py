"""Who watches over executions that stand still."""

from datetime import datetime

from sqlalchemy import BigInteger, Double, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from operations.models.metadata import Counter, Record


class DiagnosisState(Record):
    """One row: the lease of the watcher, and what its last round was like."""

    __tablename__ = "diagnosis_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    holder: Mapped[str | None]
    token: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0")
    )  #: grows with every holder: fences the past
    lease_expires_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]  #: the last round; NULL before the first
    still: Mapped[Counter]  #: executions without progress
    asked: Mapped[Counter]  #: questions to Temporal
    seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
