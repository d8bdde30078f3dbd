"""The list of people: read from a CSV, checked whole, written whole. Knows no file and no screen.

Each complaint is an English sentence with the number of the line, for the operator who runs the import.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.outcome import Event
from bot.domain.people import CascadeStep, Line, Organisation, OrganisationId, Person, PersonId, Role
from bot.domain.phone import read_phone
from bot.domain.places import commune_of, exact_communes
from bot.domain.profile import NOBODY
from bot.domain.region import Region
from bot.ports import Given, Transaction

COLUMNS = (
    "role",
    "last_name",
    "first_name",
    "phone",
    "email",
    "rpps",
    "commune",
    "sectors",
    "cascade_step",
    "capabilities",
    "organisation",
)
ORGANISATION = "organisation"
ROLES = (*(role.value for role in Role), ORGANISATION)
STEPS = tuple(step.value for step in CascadeStep)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class BadList(Exception):  # noqa: N818 - it is said to a person
    """The file cannot be imported; nothing of it was. `reasons` name the lines."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person of the file, its organisation still a name."""

    number: int
    person: Person
    organisation: str | None


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """One house of the file."""

    number: int
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole file, checked."""

    organisations: tuple[OrganisationLine, ...]
    people: tuple[PersonLine, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0  # have left the service: a list does not bring them back
    roles: tuple[str, ...] = ()  # «Amina BENALI: idel → osnp», of those who may do something else now


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody, or a house, to whom a personal link may be given."""

    name: str
    role: str
    on_telegram: bool
    person: PersonId | None = None
    organisation: OrganisationId | None = None
    phone: str | None = None
    reachable: bool = True


def read_listing(text: str, region: Region, *, fiction_numbers: bool = False) -> Listing:
    """The file as values. Raises BadList, which names every bad line and why."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    header = [cell.strip() for cell in next(rows, [])]
    wrong = _wrong_header(header)
    if wrong:
        raise BadList(wrong)
    reader = _Reader(region, fiction_numbers)
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        number = rows.line_num
        if len(cells) != len(header):
            reader.complain(number, f"it has {len(cells)} columns, the header has {len(header)}")
            continue
        reader.read(number, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
    reader.look_for_doubles()
    if reader.reasons:
        raise BadList(reader.reasons)
    if not reader.people and not reader.organisations:
        raise BadList(["The file has a header and nobody under it."])
    return Listing(tuple(reader.organisations), tuple(reader.people))


async def import_listing(given: Given, listing: Listing) -> Imported:
    """Write the whole file in one commit. A known RPPS or phone changes that person. Raises BadList."""
    added = changed = unchanged = left = 0
    async with given.storage.transaction() as tx:
        houses = {house.name.casefold(): house for house in await tx.people.organisations()}
        for line in listing.organisations:
            known = houses.get(line.organisation.name.casefold())
            if known is None:
                house_id = await tx.people.add_organisation(line.organisation)
                houses[line.organisation.name.casefold()] = replace(line.organisation, id=house_id)
                added += 1
                continue
            wanted = replace(line.organisation, id=known.id, on_telegram=known.on_telegram)
            if not wanted.all_lines:
                wanted = replace(wanted, phone=known.phone, lines=known.lines)
            if wanted == known:
                unchanged += 1
            else:
                await tx.people.save_organisation(wanted)
                houses[known.name.casefold()] = wanted
                changed += 1
        everybody = await tx.people.all(active_only=False)
        by_rpps = {person.rpps: person for person in everybody if person.rpps}
        by_phone = {person.phone: person for person in everybody if person.phone}
        reasons, roles = [], []
        for row in listing.people:
            house = houses.get(row.organisation.casefold()) if row.organisation else None
            if row.organisation and house is None:
                reasons.append(f"Line {row.number}: no organisation is called «{row.organisation}».")
                continue
            wanted_person = replace(row.person, organisation=house.id if house else None)
            former = by_rpps.get(wanted_person.rpps or "") or by_phone.get(wanted_person.phone or "")
            if former is not None and former.left_at is not None:
                left += 1
            elif former is None:
                await tx.people.add(wanted_person)
                added += 1
            elif await _change(tx, former, wanted_person):
                changed += 1
                if former.role is not wanted_person.role:
                    roles.append(f"{former.full_name}: {former.role} → {wanted_person.role}")
            else:
                unchanged += 1
        if reasons:
            raise BadList(reasons)
        counts = {"added": added, "changed": changed, "unchanged": unchanged, "left": left}
        await tx.journal.write(None, [Event("people.imported", counts)], None, given.now())
    return Imported(added, changed, unchanged, left, tuple(roles))


async def invitees(given: Given) -> list[Invitee]:
    """Everybody and every house, in the order of roles and names."""
    async with given.storage.transaction() as tx:
        people = await tx.people.all()
        houses = await tx.people.organisations()
    order = {role: number for number, role in enumerate(Role)}
    people.sort(key=lambda person: (order[person.role], person.last_name, person.first_name))
    return [
        *(
            Invitee(
                person.full_name,
                person.role.value,
                person.on_telegram,
                person=person.id,
                phone=person.phone,
                reachable=person.reachable,
            )
            for person in people
        ),
        *(
            Invitee(house.name, ORGANISATION, house.on_telegram, organisation=house.id, phone=house.phone)
            for house in houses
        ),
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody, a house or an applicant, and whether the bot reaches them."""

    role: str
    name: str
    phone: str | None
    state: str  # «reached», «unreachable», «not started», «left», «inactive», «waiting»
    since: datetime | None = None  # when they left, or asked


async def standings(given: Given) -> list[Standing]:
    """Everybody and every house; those who wait for OSNP to decide; and whoever has left, last."""
    async with given.storage.transaction() as tx:
        gone = [person for person in await tx.people.all(active_only=False) if not person.active]
        waiting = await tx.applications.waiting()
    here = [Standing(one.role, one.name, one.phone, _state(one)) for one in await invitees(given)]
    asking = [
        Standing(one.role or "?", f"{one.first_name} {one.last_name}", one.phone, "waiting", one.asked_at)
        for one in waiting
    ]
    gone.sort(key=lambda person: (person.last_name, person.first_name, person.id))
    left = [
        Standing(
            person.role.value,
            person.full_name,
            person.phone,
            "left" if person.left_at is not None else "inactive",
            person.left_at,
        )
        for person in gone
        if person.last_name != NOBODY
    ]
    return [*here, *asking, *left]


def _state(one: Invitee) -> str:
    if not one.on_telegram:
        return "not started"
    return "reached" if one.reachable else "unreachable"


async def _change(tx: Transaction, former: Person, wanted: Person) -> bool:
    """Whether the line says anything new; what it leaves empty, or does not know (pauses), is kept."""
    merged = replace(
        former,
        role=wanted.role,
        last_name=wanted.last_name,
        first_name=wanted.first_name,
        phone=wanted.phone,
        email=wanted.email or former.email,
        rpps=wanted.rpps or former.rpps,
        commune=wanted.commune or former.commune,
        sectors=wanted.sectors or former.sectors,
        cascade_step=wanted.cascade_step,
        capabilities=wanted.capabilities or former.capabilities,
        organisation=wanted.organisation,
        active=True,
    )
    if merged == former:
        return False
    await tx.people.save(merged)
    return True


def _wrong_header(header: list[str]) -> list[str]:
    if not any(name in COLUMNS for name in header):
        return [f"The file has no header. Line 1 must be: {','.join(COLUMNS)}"]
    reasons = [f"The header lacks the column «{name}»." for name in COLUMNS if name not in header]
    reasons += [
        f"The header has a column «{name}» that is not known." for name in header if name not in COLUMNS
    ]
    reasons += [
        f"The header names «{name}» twice." for name in dict.fromkeys(header) if header.count(name) > 1
    ]
    if reasons:
        reasons.append(f"Line 1 must be: {','.join(COLUMNS)}")
    return reasons


class _Reader:
    """Reads line after line and gathers what is wrong."""

    def __init__(self, region: Region, fiction_numbers: bool) -> None:
        self.people: list[PersonLine] = []
        self.organisations: list[OrganisationLine] = []
        self.reasons: list[str] = []
        self._region = region
        self._fiction = fiction_numbers

    def complain(self, number: int, why: str) -> None:
        """Line `number` is bad."""
        self.reasons.append(f"Line {number}: {why}.")

    def read(self, number: int, row: Mapping[str, str]) -> None:
        """One line under the header."""
        role = row["role"].lower()
        if role not in ROLES:
            self.complain(number, f"the role «{row['role']}» is none of {', '.join(ROLES)}")
            return
        before = len(self.reasons)
        if not row["last_name"]:
            self.complain(number, "last_name is empty")
        if role == ORGANISATION:
            self._organisation(number, row, before)
            return
        phone = self._phone(number, row["phone"])
        step = self._step(number, row["cascade_step"])
        if not row["first_name"]:
            self.complain(number, "first_name is empty")
        if row["email"] and not EMAIL.fullmatch(row["email"]):
            self.complain(number, f"«{row['email']}» is no e-mail address")
        if row["rpps"] and not re.fullmatch(r"\d{11}", row["rpps"]):
            self.complain(number, f"the RPPS number «{row['rpps']}» does not have 11 digits")
        if phone is None and not row["phone"]:
            self.complain(number, "phone is empty")
        commune = self._commune(number, row["commune"])
        sectors = self._sectors(number, row["sectors"])
        capabilities = self._capabilities(number, row["capabilities"])
        if role == Role.IDEL.value and commune is None and not row["commune"]:
            self.complain(number, "an IDEL needs a commune: missions are offered by distance")
        if len(self.reasons) == before:
            person = Person(
                id=PersonId(0),
                role=Role(role),
                last_name=row["last_name"],
                first_name=row["first_name"],
                phone=phone,
                email=row["email"] or None,
                rpps=row["rpps"] or None,
                commune=commune,
                sectors=sectors,
                cascade_step=step,
                capabilities=capabilities,
            )
            self.people.append(PersonLine(number, person, row["organisation"] or None))

    def _organisation(self, number: int, row: Mapping[str, str], before: int) -> None:
        """A house; `before`: how many complaints there were when its line began."""
        lines = self._lines(number, row["phone"])
        step = self._step(number, row["cascade_step"])
        if step is None and len(self.reasons) == before:
            self.complain(number, "an organisation needs its cascade_step")
        if step is not None and len(self.reasons) == before:
            named = lines if len(lines) > 1 or any(line.label for line in lines) else ()
            phone = lines[0].phone if lines else None
            house = Organisation(OrganisationId(0), row["last_name"], step, phone, lines=named)
            self.organisations.append(OrganisationLine(number, house))

    def look_for_doubles(self) -> None:
        """The same phone, RPPS or house on two lines."""
        phones = [(line.number, line.person.phone) for line in self.people]
        numbers = [(line.number, line.person.rpps) for line in self.people]
        names = [(line.number, line.organisation.name.casefold()) for line in self.organisations]
        for what, found in (("phone", phones), ("RPPS number", numbers), ("organisation", names)):
            self._doubles(what, found)

    def _doubles(self, what: str, found: Iterable[tuple[int, str | None]]) -> None:
        first: dict[str, int] = {}
        for number, value in found:
            if value and value in first:
                self.complain(number, f"its {what} is that of line {first[value]}")
            elif value:
                first[value] = number

    def _phone(self, number: int, text: str) -> str | None:
        if not text:
            return None
        phone = read_phone(text, fiction=self._fiction)
        if phone is None:
            self.complain(number, f"«{text}» is no telephone number")
            return None
        return phone.e164

    def _lines(self, number: int, text: str) -> tuple[Line, ...]:
        """«Secrétariat:+33353010020;Nuit:+33353010021», or one number alone."""
        found = []
        for part in _several(text):
            label, _, said = part.rpartition(":")
            phone = self._phone(number, said.strip())
            if phone is None and not said.strip():
                self.complain(number, f"«{part}» has no telephone number")
            elif phone is not None:
                found.append(Line(label.strip(), phone))
        if len({line.phone for line in found}) < len(found):
            self.complain(number, "it has the same telephone number twice")
        return tuple(found)

    def _step(self, number: int, text: str) -> CascadeStep | None:
        if not text:
            return None
        if text not in STEPS:
            self.complain(number, f"the cascade_step «{text}» is none of {', '.join(STEPS)}")
            return None
        return CascadeStep(text)

    def _commune(self, number: int, text: str) -> str | None:
        if not text:
            return None
        if re.fullmatch(r"\d[\dAB]\d{3}", text):
            known = commune_of(self._region, text)
            if known is None:
                self.complain(number, f"no commune of the region has the INSEE code {text}")
            return known.insee if known else None
        found = exact_communes(self._region, text)
        if len(found) != 1:
            why = (
                "is no commune of the region" if not found else "names several communes: give the INSEE code"
            )
            self.complain(number, f"«{text}» {why}")
            return None
        return found[0].insee

    def _sectors(self, number: int, text: str) -> tuple[str, ...]:
        known = {sector.name.casefold(): sector.name for sector in self._region.sectors}
        names = []
        for name in _several(text):
            if name.casefold() not in known:
                self.complain(number, f"no duty sector is called «{name}»")
            else:
                names.append(known[name.casefold()])
        return tuple(names)

    def _capabilities(self, number: int, text: str) -> tuple[str, ...]:
        """Those the region knows; free words where it knows none."""
        found = _several(text)
        known = {ability.key for ability in self._region.abilities}
        for key in found if known else ():
            if key not in known:
                self.complain(number, f"the capability «{key}» is none of {', '.join(sorted(known))}")
        return found


def _several(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
