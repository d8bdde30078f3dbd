"""Reports as files and their one button. Knows the words of `reports.toml`; counts nothing."""

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache

from bot.buttons import Verb
from bot.domain import reports
from bot.domain.people import Person
from bot.domain.region import Region
from bot.domain.reports import Activity, Delay, DoctorLine, Line, Period, Share
from bot.flows.sheet import Sheet
from bot.messages.rows import Keys, Rows, rows
from bot.messages.words import FOLDER, Words
from bot.ports import FileKind, OutgoingFile

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t")


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((FOLDER / "reports.toml").read_text(encoding="utf-8"))


def to_csv(table: Iterable[Sequence[object]]) -> bytes:
    """For French spreadsheets: semicolons, a decimal comma, UTF-8 with its mark."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerows([[_cell(cell) for cell in row] for row in table])
    return written.getvalue().encode("utf-8-sig")


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:.2f}".replace(".", ",")
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def shown(period: Period) -> str:
    """«2026-10», «2026-10-01_2026-10-15»: in the name of a file."""
    if period.is_month:
        return f"{period.start:%Y-%m}"
    return f"{period.start.isoformat()}_{period.last.isoformat()}"


# Activity


def activity_table(figures: Activity, words: Words) -> list[list[object]]:
    """One measure a row: value, unit, over how many, without data."""
    names, units = _tables()["activity_rows"], _tables()["units"]
    missions = units["missions"]

    def count(name: str, value: int) -> list[object]:
        return [names[name], value, missions, None, None]

    def share(name: str, value: Share) -> list[list[object]]:
        return [
            [names[name], value.count, missions, value.of, value.missing],
            [names[name], value.percent, units["percent"], value.of, value.missing],
        ]

    def delay(name: str, value: Delay) -> list[object]:
        return [names[f"delay_{name}"], value.minutes, units["minutes"], value.of, value.missing]

    table: list[list[object]] = [
        list(_tables()["activity_columns"].values()),
        count("triggered", figures.triggered),
        count("exercises", figures.exercises),
        count("unfinished", figures.unfinished),
        *share("accepted", figures.accepted),
        *share("nobody_in_time", figures.nobody_in_time),
        count("given_back", figures.given_back),
        *share("visited", figures.visited),
        *share("home", figures.home),
        *share("emergency", figures.emergency),
        *share("technical", figures.technical),
        *(delay(name, value) for name, value in figures.delays.items()),
    ]
    for position, number in figures.positions.items():
        table.append([names["position"].format(position=position), number, missions, None, None])
    table.append(count("without_position", figures.without_position))
    for reason, number in figures.reasons.items():
        said = words.plain("parts.end_reason", reason)
        table.append([names["reason"].format(reason=said), number, missions, None, None])
    return table


# Indemnities


def statement_table(
    lines: Sequence[Line], people: Mapping[int, Person], period: Period, words: Words, region: Region
) -> list[list[object]]:
    """The statement: each line, then both totals of each nurse. No fact of a patient."""
    columns = _tables()["statement_columns"]
    table: list[list[object]] = [list(columns.values())]
    nurses = sorted({line.person for line in lines}, key=lambda person: _sorted_by(people.get(person)))
    for nurse in nurses:
        own = [line for line in lines if line.person == nurse]
        person = people.get(nurse)
        name = person.full_name if person else str(nurse)
        head: list[object] = [f"{region.key}-{shown(period)}", name, person.rpps if person else None]
        table += [[*head, *_statement_row(line, words, region)] for line in own]
        sums = reports.total(own)
        empty = [None] * (len(columns) - len(head) - 4)
        table.append([*head, None, _tables()["kinds"]["total"], *empty, sums.due, None])
        table.append([*head, None, _tables()["kinds"]["total_to_arbitrate"], *empty, sums.to_arbitrate, None])
    return table


def _sorted_by(person: Person | None) -> tuple[str, str]:
    return (person.last_name, person.first_name) if person else ("", "")


def _statement_row(line: Line, words: Words, region: Region) -> list[object]:
    told, bill = line.course, line.bill
    return [
        told.number,
        _tables()["kinds"][kind_of(line)],
        *(
            _moment(at, words)
            for at in (
                told.triggered_at,
                told.accepted_at,
                told.arrived_at,
                told.video_at,
                told.finished_at,
            )
        ),
        _commune(region, told.commune),
        told.position,
        _tables()["outcomes"].get(told.outcome or ""),
        bill.code if bill else None,
        bill.amount if bill else None,
        _tables()["decisions"][bill.decision.value] if bill else None,
        words.plain("closing.indemnity_reason", bill.reason) if bill else None,
        bill.indemnity if bill else None,
        _moment(bill.at, words) if bill else None,
    ]


def kind_of(line: Line) -> str:
    """What sort of line it is: a key of the words."""
    if line.bill is None:
        return "waiting"
    if line.replaced:
        return "replaced"
    return "correction" if line.correction else "first"


def _moment(at: datetime | None, words: Words) -> str | None:
    return f"{words.day(at)} {words.hour(at)}" if at is not None else None


def _commune(region: Region, insee: str) -> str:
    commune = region.commune(insee)
    return commune.name if commune else insee


def doctor_table(lines: Sequence[DoctorLine], words: Words, region: Region) -> list[list[object]]:
    """A doctor's own missions."""
    table: list[list[object]] = [list(_tables()["doctor_columns"].values())]
    table += [
        [
            line.course.number,
            _moment(line.course.triggered_at, words),
            _commune(region, line.course.commune),
            line.course.position,
            line.codes,
            line.amount,
        ]
        for line in lines
    ]
    return table


# As the composer asks for them


def activity_file(sheet: Sheet, words: Words) -> OutgoingFile:
    """The figures of `/activite`."""
    return _file("activity", sheet, activity_table(sheet.extra["activity"], words))


def indemnities_file(sheet: Sheet, words: Words) -> OutgoingFile:
    """The statement of `/indemnites`."""
    extra = sheet.extra
    table = statement_table(extra["lines"], extra["names"], extra["period"], words, sheet.region)
    return _file("indemnities", sheet, table)


def own_file(sheet: Sheet, words: Words) -> OutgoingFile | None:
    """The list of `/mes_missions`, when there is anything in it."""
    extra = sheet.extra
    if extra["doctor_lines"]:
        return _file("own", sheet, doctor_table(extra["doctor_lines"], words, sheet.region))
    if extra["lines"]:
        table = statement_table(extra["lines"], extra["names"], extra["period"], words, sheet.region)
        return _file("own", sheet, table)
    return None


def _file(kind: str, sheet: Sheet, table: Iterable[Sequence[object]]) -> OutgoingFile:
    name = _tables()["files"][kind].format(period=shown(sheet.extra["period"]))
    return OutgoingFile(FileKind.DOCUMENT, content=to_csv(table), name=name)


#: Notices whose file is made of their own sheet.
FILES: Mapping[str, Callable[[Sheet, Words], OutgoingFile | None]] = {
    "reports.activity": activity_file,
    "reports.indemnities": indemnities_file,
    "reports.own": own_file,
}


def month_before(keys: Keys) -> Rows:
    """The month before, when one month is shown."""
    period: Period = keys.sheet.extra["period"]
    if not period.is_month:
        return ()
    before = reports.month_before(period)
    kind = keys.sheet.notice.kind.partition(".")[2]
    label = f"{before.start:%m/%Y}"
    return rows(
        (keys.tap(Verb.REPORT, "month_before", f"{kind}.{before.start:%Y-%m}", month=label),),
    )
