"""What every table shares: names of constraints, kinds of columns, states kept as words."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import DateTime, MetaData, Text, TypeDecorator, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column

JsonObject = dict[str, object]
WordT = TypeVar("WordT", bound=StrEnum)


class Word(TypeDecorator[WordT], Generic[WordT]):
    """A `StrEnum` stored as its word; a CHECK in the migration lists the words.

    Text and not an enum type of PostgreSQL: an enum's new value cannot be used in the transaction that
    adds it, and no value can ever be dropped.
    """

    impl = Text
    cache_ok = True

    def __init__(self, words: type[WordT]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: WordT | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> WordT | None:
        return None if value is None else self.words(value)


class Record(DeclarativeBase):
    """Base of all tables; constraints are named by one convention, so that an error can be told by its name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), str: Text(), JsonObject: JSONB}


Identity = Annotated[UUID, mapped_column(primary_key=True, default=uuid4, server_default=text("gen_random_uuid()"))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Counter = Annotated[int, mapped_column(server_default=text("0"))]
