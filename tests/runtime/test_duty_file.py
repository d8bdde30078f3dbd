"""Duty rosters as files: CSV and iCalendar, read whole, every bad line named with its reason."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.duty import Duty
from bot.domain.people import CascadeStep, Organisation, OrganisationId, Party, Person, PersonId, Role
from bot.flows import duty_file
from bot.flows.duty_file import SENTENCES, Directory, Read, Wanted, Why, in_english
from bot.messages.words import FOLDER
from bot.region import load_region

REGION = load_region()
NOW = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
HEADER = "step,sector,who,begins,ends"

CLAIRE = Person(
    PersonId(1),
    Role.DOCTOR,
    "MOREL",
    "Claire",
    phone="+33639980021",
    email="claire@exemple.fr",
    rpps="99900000021",
)
PAUL = Person(PersonId(2), Role.DOCTOR, "ROTH", "Paul", phone="+33639980022")
OTHER_PAUL = Person(PersonId(3), Role.DOCTOR, "ROTH", "Paul", phone="+33639980023")
AMINA = Person(PersonId(4), Role.IDEL, "BENALI", "Amina", phone="+33639980011")
HOUSE = Organisation(OrganisationId(7), "SOS médecin 68", CascadeStep.SOS_MEDECIN, "+33353010068")
DIRECTORY = Directory([CLAIRE, PAUL, OTHER_PAUL, AMINA], [HOUSE], fiction=True)


def table(*lines: str, wanted: Wanted | None = None) -> Read:
    text = "\n".join([HEADER, *lines])
    return duty_file.read("gardes.csv", text.encode(), REGION, wanted or Wanted(), NOW)


def turns_of(read: Read) -> list[Duty]:
    assert read.refusals == ()
    turns, refusals = duty_file.resolved(read.turns, DIRECTORY, "gardes")
    assert refusals == []
    return turns


def said(read: Read) -> list[str]:
    _, unnamed = duty_file.resolved(read.turns, DIRECTORY, "gardes")
    return [in_english(refusal, REGION) for refusal in (*read.refusals, *unnamed)]


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def calendar(*events: str, name: str = "gardes.ics", wanted: Wanted | None = None) -> Read:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//gardes//FR"]
    text = "\r\n".join([*head, *events, "END:VCALENDAR", ""])
    return duty_file.read(name, text.encode(), REGION, wanted or Wanted(), NOW)


# CSV


@pytest.mark.parametrize(
    "who",
    [
        "Claire Morel",
        "MOREL Claire",
        "Dr Claire MOREL",
        "docteur claire morel",
        "06 39 98 00 21",
        "99900000021",
        "claire@exemple.fr",
    ],
)
def test_a_doctor_is_named_by_number_or_exact_name(who: str) -> None:
    (turn,) = turns_of(table(f"garde,Sundgau,{who},2026-10-06 20:00,2026-10-07 08:00"))
    assert turn == Duty(
        0,
        CascadeStep.GARDE,
        "Sundgau",
        Party.person(CLAIRE.id),
        datetime(2026, 10, 6, 18, tzinfo=UTC),
        datetime(2026, 10, 7, 6, tzinfo=UTC),
        "gardes",
    )


def test_a_house_is_named_too_and_an_empty_sector_is_the_whole_region() -> None:
    (turn,) = turns_of(table("sos_medecin,,sos medecin 68,06/10/2026 20:00,07/10/2026 08:00"))
    assert (turn.party, turn.sector, turn.step) == (
        Party.organisation(HOUSE.id),
        None,
        CascadeStep.SOS_MEDECIN,
    )


def test_what_a_line_leaves_out_is_taken_from_what_was_asked_for() -> None:
    wanted = Wanted(CascadeStep.EFFECTEUR_SAS, "Sundgau")
    (turn,) = turns_of(table(",,Claire Morel,2026-10-06T20:00,2026-10-07T08:00", wanted=wanted))
    assert (turn.step, turn.sector) == (CascadeStep.EFFECTEUR_SAS, "Sundgau")


@pytest.mark.parametrize(
    ("line", "begins", "hours"),
    [
        ("2026-10-24 20:00,2026-10-25 08:00", datetime(2026, 10, 24, 18, tzinfo=UTC), 13),  # clocks go back
        ("2027-03-27 20:00,2027-03-28 08:00", datetime(2027, 3, 27, 19, tzinfo=UTC), 11),  # and forward
        ("2027-03-28 02:30,2027-03-28 04:00", datetime(2027, 3, 28, 1, 30, tzinfo=UTC), 0.5),  # a lost hour
        ("2026-10-06T20:00Z,2026-10-07T08:00+02:00", datetime(2026, 10, 6, 20, tzinfo=UTC), 10),
    ],
)
def test_hours_are_the_regions_and_clock_changes_are_counted(
    line: str, begins: datetime, hours: float
) -> None:
    (turn,) = turns_of(table(f"garde,,Claire Morel,{line}"))
    assert turn.begins == begins
    assert turn.ends - turn.begins == timedelta(hours=hours)


def test_turns_may_overlap_and_one_written_twice_counts_once() -> None:
    lines = (
        "garde,Sundgau,Claire Morel,2026-10-06 20:00,2026-10-07 08:00",
        "garde,Sundgau,0639980022,2026-10-06 22:00,2026-10-07 08:00",
        "garde,Sundgau,Claire Morel,2026-10-06 20:00,2026-10-07 08:00",
    )
    assert len(turns_of(table(*lines))) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("night,,Claire Morel,2026-10-06 20:00,2026-10-07 08:00", "Line 2: the step «night» is none of"),
        ("medecin_traitant,,Claire Morel,2026-10-06 20:00,2026-10-07 08:00", "Line 2: the step «medecin_"),
        ("garde,Paris,Claire Morel,2026-10-06 20:00,2026-10-07 08:00", "Line 2: no duty sector is called"),
        ("garde,,,2026-10-06 20:00,2026-10-07 08:00", "Line 2: it names nobody;"),
        ("garde,,Dr Nobody,2026-10-06 20:00,2026-10-07 08:00", "Line 2: nobody is registered as «Dr Nobody»"),
        ("garde,,Paul Roth,2026-10-06 20:00,2026-10-07 08:00", "Line 2: several are called «Paul Roth»"),
        (
            "garde,,Amina Benali,2026-10-06 20:00,2026-10-07 08:00",
            "Line 2: «Amina Benali» is registered, but",
        ),
        ("garde,,Claire Morel,2026-10-06,2026-10-07 08:00", "Line 2: «2026-10-06» is no date and hour"),
        ("garde,,Claire Morel,2026-10-06 20:00,2026-13-07 08:00", "Line 2: «2026-13-07 08:00» is no date"),
        ("garde,,Claire Morel,2026-10-06 20:00,2026-10-06 20:00", "Line 2: it ends before it begins"),
        ("garde,,Claire Morel,2026-10-06 20:00,2027-10-07 08:00", "Line 2: it lasts more than 32 days"),
        ("garde,,Claire Morel,2026-10-06 20:00", "Line 2: it has 4 columns"),
        ("", "The file has no turn of duty."),
    ],
)
def test_a_bad_line_is_named_with_its_reason(line: str, reason: str) -> None:
    (sentence,) = said(table(line))
    assert sentence.startswith(reason)


def test_every_bad_line_is_named_at_once() -> None:
    sentences = said(table("garde,Paris,Claire Morel,20h,2026-10-07 08:00", "x,,Claire Morel,9h,10h"))
    assert [sentence.partition(":")[0] for sentence in sentences] == ["Line 2"] * 2 + ["Line 3"] * 3


def test_a_file_that_is_none_says_so() -> None:
    def of(content: bytes) -> str:
        (refusal,) = duty_file.read("x.csv", content, REGION, Wanted(), NOW).refusals
        return in_english(refusal, REGION)

    assert of(b"who,begins\n").startswith("Line 1: the header must be step,sector,who,begins,ends; it lacks")
    assert of(HEADER.encode("utf-16")).startswith("The file is not UTF-8")
    assert of(b" " * 1_000_001).startswith("The file is over 1 MB")
    assert of(b"").startswith("Line 1: the header must be")


# iCalendar

SUNDGAU = ("UID:1", "SUMMARY:Garde : Dr Claire Morel", "LOCATION:Sundgau")
NIGHT = ("DTSTART;TZID=Europe/Paris:20261006T200000", "DTEND;TZID=Europe/Paris:20261007T080000")


def test_an_event_names_the_doctor_and_the_sector() -> None:
    (turn,) = turns_of(calendar(event(*SUNDGAU, *NIGHT)))
    assert (turn.party, turn.sector) == (Party.person(CLAIRE.id), "Sundgau")
    assert turn.begins == datetime(2026, 10, 6, 18, tzinfo=UTC)


def test_those_who_take_part_are_on_duty_where_the_title_names_nobody() -> None:
    attendees = (
        "ATTENDEE;CN=Claire:mailto:claire@exemple.fr",
        "ATTENDEE;CN=SOS médecin 68:mailto:contact@exemple.fr",
        "ATTENDEE;CN=Salle 2;CUTYPE=ROOM:mailto:salle@exemple.fr",
        "ATTENDEE;CN=Paul;PARTSTAT=DECLINED:mailto:paul@exemple.fr",
    )
    turns = turns_of(
        calendar(event("UID:1", "SUMMARY:Astreinte", "CATEGORIES:SMT,sundgau", *attendees, *NIGHT))
    )
    assert [turn.party for turn in turns] == [Party.person(CLAIRE.id), Party.organisation(HOUSE.id)]
    assert {turn.sector for turn in turns} == {"Sundgau"}


@pytest.mark.parametrize(
    ("lines", "begins", "hours"),
    [
        (("DTSTART:20261006T200000", "DTEND:20261007T080000"), datetime(2026, 10, 6, 18, tzinfo=UTC), 12),
        (("DTSTART:20261006T180000Z", "DURATION:PT12H"), datetime(2026, 10, 6, 18, tzinfo=UTC), 12),
        (("DTSTART;VALUE=DATE:20261025",), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (
            ("DTSTART;VALUE=DATE:20261006", "DTEND;VALUE=DATE:20261008"),
            datetime(2026, 10, 5, 22, tzinfo=UTC),
            48,
        ),
    ],
)
def test_hours_of_events(lines: tuple[str, ...], begins: datetime, hours: float) -> None:
    (turn,) = turns_of(calendar(event(*SUNDGAU, *lines)))
    assert turn.begins == begins
    assert turn.ends - turn.begins == timedelta(hours=hours)


def test_a_cancelled_event_is_nobodys_duty() -> None:
    both = calendar(event(*SUNDGAU, *NIGHT, "STATUS:CANCELLED"), event(*SUNDGAU, *NIGHT))
    assert len(turns_of(both)) == 1


def test_a_repeated_event_is_written_out_with_its_exceptions() -> None:
    weekly = event(*SUNDGAU, *NIGHT, "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Paris:20261013T200000")
    moved = event(
        "UID:1",
        "SUMMARY:SOS médecin 68",
        "LOCATION:Sundgau",
        "RECURRENCE-ID;TZID=Europe/Paris:20261020T200000",
        "DTSTART;TZID=Europe/Paris:20261020T210000",
        "DTEND;TZID=Europe/Paris:20261021T080000",
    )
    turns = sorted(turns_of(calendar(weekly, moved)), key=lambda turn: turn.begins)
    assert [(turn.party.id, turn.begins) for turn in turns] == [
        (CLAIRE.id, datetime(2026, 10, 6, 18, tzinfo=UTC)),
        (HOUSE.id, datetime(2026, 10, 20, 19, tzinfo=UTC)),
        (CLAIRE.id, datetime(2026, 10, 27, 19, tzinfo=UTC)),  # 20:00 in Paris, in winter
    ]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((*SUNDGAU, NIGHT[0]), "Line 4: it does not say when it ends."),
        ((*SUNDGAU, NIGHT[1]), "Line 4: «DTSTART» is no date and hour"),
        ((*SUNDGAU[:2], "LOCATION:Nowhere", *NIGHT), "Line 4: no duty sector is called «Nowhere»"),
        (("UID:1", "LOCATION:Sundgau", *NIGHT), "Line 4: it names nobody;"),
        (("UID:1", "SUMMARY:Dr Nobody", *NIGHT), "Line 4: nobody is registered as «Dr Nobody»"),
        ((*SUNDGAU, "DTSTART;TZID=Mars/Phobos:20261006T200000", NIGHT[1]), "Line 4: the time zone «Mars/"),
        ((*SUNDGAU, *NIGHT, "RRULE:FREQ=MINUTELY"), "Line 4: its repetition cannot be read (FREQ=MINUTELY)"),
        ((*SUNDGAU, "DTSTART:soon", NIGHT[1]), "Line 4: «"),
        ((*SUNDGAU, NIGHT[0], "DTEND:20261006T170000Z"), "Line 4: it ends before it begins"),
    ],
)
def test_a_bad_event_is_named_by_its_line_with_its_reason(lines: tuple[str, ...], reason: str) -> None:
    (sentence,) = said(calendar(event(*lines)))
    assert sentence.startswith(reason)


@pytest.mark.parametrize(
    "text", ["", "hello", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\nEND:VEVENT"]
)
def test_what_is_no_calendar_says_so(text: str) -> None:
    found = duty_file.read("x.ics", text.encode(), REGION, Wanted(), NOW)
    assert found.refusals[0].why in (Why.NO_CALENDAR, Why.EMPTY)
    assert found.turns == ()


def test_a_roster_whose_turns_are_all_over_is_a_slip_of_the_year() -> None:
    old = "garde,,Claire Morel,2025-10-06 20:00,2025-10-07 08:00"
    assert said(table(old)) == [
        "Every turn is over, the last one on 07/10/2025; correct the year, or send the next roster."
    ]
    assert table(old, "garde,,Claire Morel,2026-12-06 20:00,2026-12-07 08:00").refusals == ()


# Words


def test_every_reason_has_its_sentence_in_both_languages() -> None:
    assert set(SENTENCES) == set(Why)
    french = (FOLDER / "messages" / "duty.jinja").read_text(encoding="utf-8")
    assert [why.value for why in Why if f'"{why.value}":' not in french] == []
