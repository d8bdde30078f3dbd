"""Reads the project's own Python: which words a call may be given. Runs nothing of it."""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Stands in a text for what only the run knows: `f"end_{reason}"` is «end_✱».
ANY = "✱"

#: How many callers up a parameter is followed.
DEEPEST = 4


@dataclass(frozen=True)
class Function:
    """One function and where it stands."""

    file: Path
    node: ast.FunctionDef | ast.AsyncFunctionDef
    in_class: bool = False

    @property
    def parameters(self) -> list[str]:
        """The names in the order of a call, without self."""
        arguments = self.node.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        return names[1:] if self.in_class and names[:1] in (["self"], ["cls"]) else names


@dataclass
class Used:
    """The texts a kind of call is given, each with its places, and the places nobody can read."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of the bot and the storage."""
    files = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "storage").rglob("*.py")]
    return {
        file: ast.parse(file.read_text(encoding="utf-8")) for file in files if "versions" not in file.parts
    }


@cache
def functions() -> dict[str, list[Function]]:
    """Every function, by its bare name."""
    found: dict[str, list[Function]] = {}

    def collect(file: Path, body: list[ast.stmt], *, in_class: bool) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.setdefault(node.name, []).append(Function(file, node, in_class))
                collect(file, node.body, in_class=False)
            elif isinstance(node, ast.ClassDef):
                collect(file, node.body, in_class=True)

    for file, tree in trees().items():
        collect(file, tree.body, in_class=False)
    return found


@dataclass(frozen=True)
class Call:
    """One call, and the function it stands in."""

    file: Path
    node: ast.Call
    inside: Function | None

    @property
    def name(self) -> str:
        """The bare name that is called."""
        called = self.node.func
        return (
            called.id
            if isinstance(called, ast.Name)
            else called.attr
            if isinstance(called, ast.Attribute)
            else ""
        )

    @property
    def place(self) -> str:
        """«bot/flows/visit.py:63»."""
        return f"{self.file.relative_to(ROOT)}:{self.node.lineno}"

    def argument(self, number: int, name: str) -> ast.expr | None:
        """What is given at that position or under that name."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value
        return self.node.args[number] if number < len(self.node.args) else None


@cache
def calls() -> dict[str, list[Call]]:
    """Every call, by the bare name called."""
    found: dict[str, list[Call]] = {}

    def walk(file: Path, node: ast.AST, inside: Function | None, *, in_class: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = Function(file, node, in_class)
        if isinstance(node, ast.Call):
            call = Call(file, node, inside)
            found.setdefault(call.name, []).append(call)
        for child in ast.iter_child_nodes(node):
            walk(file, child, inside, in_class=isinstance(node, ast.ClassDef))

    for file, tree in trees().items():
        walk(file, tree, None, in_class=False)
    return found


def given(function: str, number: int, name: str, *, outside: tuple[str, ...] = ()) -> Used:
    """The texts that calls of `function` are given at one argument; `outside` names folders to pass over."""
    used = Used()
    for call in calls().get(function, []):
        if call.file.relative_to(ROOT).as_posix().startswith(outside):
            continue
        argument = call.argument(number, name)
        texts = None if argument is None else set(read(argument, call.inside))
        if not texts or None in texts:
            used.unread.append(call.place)
        for text in sorted(text for text in texts or () if text is not None):
            used.texts.setdefault(text, []).append(call.place)
    return used


def read(value: ast.expr, inside: Function | None, depth: int = 0) -> Iterator[str | None]:
    """Every text an expression may be, with ANY for parts of it; None where it cannot be read."""
    if depth > DEEPEST:
        yield None
        return
    several = _alternatives(value)
    if several is not None:
        for one in several:
            yield from read(one, inside, depth)
        return
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            spelt = [sorted({t or ANY for t in _part(part, inside, depth)}) for part in parts]
            yield from ("".join(texts) for texts in itertools.product(*spelt))
        case ast.Name(id=name):
            yield from _named(name, inside, depth)
        case ast.Call(func=ast.Name(id=name)) if (called := _the_function(name, inside)) is not None:
            for node in ast.walk(called.node):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from read(node.value, called, depth + 1)
        case _:
            yield None


def _the_function(name: str, inside: Function | None) -> Function | None:
    """The function of that name in the same file, or the only one there is."""
    found = functions().get(name, [])
    near = [one for one in found if inside is not None and one.file == inside.file]
    return (near or found)[0] if len(near or found) == 1 else None


def _alternatives(value: ast.expr) -> list[ast.expr] | None:
    """The branches of a choice, or the values of a table that is looked up."""
    match value:
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.BoolOp(values=values):
            return values
        case ast.Subscript(value=ast.Dict(values=values)):
            return values
        case ast.Subscript(value=ast.Name(id=table)):
            return _table(table)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[_, other]):
            held = _table(table)
            return None if held is None else [*held, other]
    return None


def _table(name: str) -> list[ast.expr] | None:
    for value in _constants(name):
        if isinstance(value, ast.Dict):
            return value.values
    return None


def _part(part: ast.expr, inside: Function | None, depth: int) -> Iterator[str | None]:
    yield from read(part.value if isinstance(part, ast.FormattedValue) else part, inside, depth)


def _named(name: str, inside: Function | None, depth: int) -> Iterator[str | None]:
    """A name: assigned in the function, its parameter, or a constant of the module."""
    if inside is not None:
        assigned = list(_assigned(name, inside))
        if assigned:
            for value in assigned:
                yield from read(value, inside, depth + 1)
            return
        if name in inside.parameters:
            yield from _from_callers(inside, name, depth)
            return
    yield from _constant(name, inside)


def _from_callers(function: Function, name: str, depth: int) -> Iterator[str | None]:
    number = function.parameters.index(name)
    callers = [c for c in calls().get(function.node.name, []) if _means(c, function)]
    if depth >= DEEPEST or not callers:
        yield None
        return
    for caller in callers:
        argument = caller.argument(number, name)
        if argument is not None:
            yield from read(argument, caller.inside, depth + 1)


def _assigned(name: str, inside: Function) -> Iterator[ast.expr]:
    """What a name is given in a function, also as one of several."""
    for node in ast.walk(inside.node):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id == name:
                    yield node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    for one, value in zip(target.elts, node.value.elts, strict=False):
                        if isinstance(one, ast.Name) and one.id == name:
                            yield value


def _constants(name: str, first: Path | None = None) -> list[ast.expr]:
    """What a module's constant of that name holds; those of the `first` file before others."""
    files = [*([first] if first else []), *trees()]
    return [
        node.value
        for file in files
        for node in trees()[file].body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name
    ]


def _constant(name: str, inside: Function | None) -> Iterator[str | None]:
    found = _constants(name, inside.file if inside else None)
    if not found:
        yield None
        return
    yield from read(found[0], None)


def _means(call: Call, function: Function) -> bool:
    """Whether a call of that bare name means that function: of its own file, or through its module."""
    called = call.node.func
    if isinstance(called, ast.Name):
        return call.file == function.file or len(functions()[function.node.name]) == 1
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return function.in_class or called.value.id.startswith(function.file.stem)
    return function.in_class


def strings(*, outside: tuple[str, ...] = ()) -> set[str]:
    """Every text in the code, with ANY for what is composed."""
    found: set[str] = set()
    for file, tree in trees().items():
        if file.relative_to(ROOT).as_posix().startswith(outside):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found |= {text for text in read(node, None) if text is not None}
    return found


def matches(pattern: str, text: str) -> bool:
    """Whether a composed text may be that one."""
    return bool(re.fullmatch(".+".join(map(re.escape, pattern.split(ANY))), text))
