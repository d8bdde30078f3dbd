"""Statements made ready for the driver once, and executed by it directly.

SQLAlchemy writes the SQL and says how each value is stored. What it does around every execution (cache
keys, contexts, a greenlet, a result) costs several times what a small statement itself costs, so whatever
comes a second time is handed to the driver as it is. The rest goes the long way.
"""

from collections import namedtuple
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from operator import itemgetter
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable, Insert
from sqlalchemy.sql.compiler import SQLCompiler

from storage.answered import Answered, Step

Values = Mapping[str, Any]
Shape = tuple[Any, ...]

#: Longer lists are rare, and filled up they could pass what SQLite takes in one statement.
LONGEST = 1024


class Record(Protocol):
    """A row of a result: its columns by name and by position."""

    def __getattr__(self, name: str) -> Any: ...

    def __getitem__(self, position: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a value comes from: the parameter (or the row), then which of its list, then of its pair."""

    path: tuple[str | int, ...]


class _Value:
    """One value of the statement as the driver wants it."""

    __slots__ = ("_constant", "_store", "bind", "path")

    def __init__(self, bind: str, given: Any, store: Callable[[Any], Any] | None) -> None:
        self.bind = bind
        self.path = given.path if isinstance(given, _Slot) else None
        self._store = store
        self._constant = given if store is None or self.path is not None else store(given)

    @property
    def as_given(self) -> str | None:
        """Its parameter's name, where nothing is to be done with it."""
        if self.path is None or len(self.path) > 1 or self._store is not None:
            return None
        return str(self.path[0])

    def of(self, given: Any) -> Any:
        """The value among those given."""
        if self.path is None:
            return self._constant
        for step in self.path:
            given = given[step]
        return given if self._store is None else self._store(given)


class Prepared:
    """A statement as one driver executes it, for lists of one length."""

    __slots__ = ("_dialect", "_pick", "_positional", "_read", "_record", "_types", "_values", "each", "sql")

    def __init__(
        self, sql: str, values: Sequence[_Value], types: Sequence[Any], dialect: Dialect, *, each: bool
    ) -> None:
        self.sql = sql
        self.each = each
        self._values = values
        self._types = types
        self._dialect = dialect
        self._positional = dialect.positional
        names = [value.as_given for value in values]
        # All of them as they are: the quick way, for the many small look-ups.
        self._pick = itemgetter(*names) if self._positional and len(names) > 1 and all(names) else None
        self._record: Callable[[Sequence[Any]], Record] | None = None
        self._read: list[tuple[int, Callable[[Any], Any]]] = []

    def _values_of(self, given: Any) -> Any:
        """What the driver is given with it."""
        if self._pick is not None:
            return self._pick(given)
        if self._positional:
            return tuple([value.of(given) for value in self._values])
        return {value.bind: value.of(given) for value in self._values}

    def parameters(self, given: Any) -> Any:
        """As the driver takes them: one set, or a list of sets for a statement that is run for each."""
        return [self._values_of(one) for one in given] if self.each else self._values_of(given)

    def records(self, answered: Answered) -> Sequence[Record]:
        """The driver's rows as the statement means them."""
        if answered.columns is None:
            return ()
        if self._record is None:
            self._learn(answered.columns)
        make = self._record
        if not self._read:
            return list(map(make, answered.rows))  # type: ignore[arg-type]
        records = []
        for row in answered.rows:
            columns = list(row)
            for at, read in self._read:
                columns[at] = read(columns[at])
            records.append(make(columns))  # type: ignore[misc]
        return records

    def _learn(self, columns: Sequence[Any]) -> None:
        """How its rows are read, once the driver has said what they are made of."""
        for at, (column, of_type) in enumerate(zip(columns, self._types, strict=True)):
            read = of_type.dialect_impl(self._dialect).result_processor(self._dialect, column[1])
            if read is not None:
                self._read.append((at, read))
        names = [column[0] for column in columns]
        self._record = namedtuple("Row", names, rename=True)._make  # type: ignore[attr-defined]  # noqa: PYI024


class Ready(NamedTuple):
    """A statement and the values it is run with."""

    prepared: Prepared
    given: Any

    @property
    def step(self) -> Step:
        """As the driver takes it."""
        return Step(self.prepared.sql, self.prepared.parameters(self.given), self.prepared.each)


class Statements:
    """What has been made ready for one database."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        driver = import_module(f"storage.{dialect.name}")  # psycopg only where it is used
        self.execute: Callable[[Any, Sequence[Step]], Awaitable[list[Answered]]] = driver.execute
        self._known: WeakKeyDictionary[Executable, dict[Shape, Prepared]] = WeakKeyDictionary()

    def ready(self, statement: Executable, given: Values | Sequence[Values]) -> Ready | None:
        """The statement and its values; None where it goes the long way."""
        known = self._known.get(statement)
        if known is None:  # most of those that are built anew each time are never seen again
            self._known[statement] = {}
            return None
        if not isinstance(given, Mapping):
            if getattr(statement, "exported_columns", ()):
                return None  # many rows that return something are for SQLAlchemy to match
            shape: Shape = ("each", *given[0])
        else:
            names: list[Any] = []
            for name, value in given.items():
                if type(value) is list:
                    if len(value) > LONGEST:
                        return None
                    given, length = _lengthened(given, name, value)
                    names.append((name, length))
                else:
                    names.append(name)
            shape = tuple(names)
        prepared = known.get(shape)
        if prepared is None:
            prepared = known[shape] = self._prepare(statement, given)
        return Ready(prepared, given)

    def _prepare(self, statement: Executable, given: Values | Sequence[Values]) -> Prepared:
        one = given if isinstance(given, Mapping) else given[0]
        slots = {name: _slots(name, value) for name, value in one.items()}
        returned = getattr(statement, "exported_columns", ())
        if isinstance(statement, Insert) and not returned:
            statement = statement.inline()  # or it would return the row's key, which nobody asked for
        compiled: SQLCompiler = statement.compile(dialect=self._dialect, column_keys=list(slots))  # type: ignore[attr-defined]
        expanded = compiled.construct_expanded_state(slots)
        types: dict[str, Any] = {name: bound.type for name, bound in compiled.binds.items()}
        for name, several in expanded.parameter_expansion.items():
            types.update(dict.fromkeys(several, types[name]))
        values = [
            _Value(bind, expanded.parameters[bind], self._store(types[bind]))
            for bind in expanded.positiontup or expanded.parameters
        ]
        columns = [column.type for column in returned]
        return Prepared(expanded.statement, values, columns, self._dialect, each=one is not given)

    def _store(self, of_type: Any) -> Callable[[Any], Any] | None:
        store: Callable[[Any], Any] | None = of_type.dialect_impl(self._dialect).bind_processor(self._dialect)
        return store


def _lengthened(given: Values, name: str, value: list[Any]) -> tuple[Values, int]:
    """A list as long as the next power of two: each length is a statement of its own, and there are few."""
    if not value:
        return given, 0
    length = 1 << (len(value) - 1).bit_length()
    missing = length - len(value)
    return (given if not missing else {**given, name: value + value[-1:] * missing}), length


def _slots(name: str, value: Any) -> Any:
    if type(value) is not list:
        return _Slot((name,))
    return [
        tuple(_Slot((name, at, part)) for part in range(len(one)))
        if type(one) is tuple
        else _Slot((name, at))
        for at, one in enumerate(value)
    ]
