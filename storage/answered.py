"""What goes to a driver without SQLAlchemy, and what it says."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Step(NamedTuple):
    """One statement with its values."""

    sql: str
    values: Any  # as the driver takes them; for `each`, a list of such
    each: bool


class Answered(NamedTuple):
    """Rows as the driver has them."""

    columns: Sequence[Any] | None  # the DB-API's description; None for a statement that returns nothing
    rows: Sequence[Sequence[Any]]
    touched: int  # how many rows were
