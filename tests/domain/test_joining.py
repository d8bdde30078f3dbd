"""What somebody who asks to join types, read; what OSNP make of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import joining
from bot.domain.joining import Application, ApplicationState, Asked, Trouble
from bot.domain.people import CascadeStep, Person, PersonId, Role
from bot.region import load_region

REGION = load_region()
NOW = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
NEW = Application(1, 9001, 9001, ApplicationState.FILLING, NOW)
NURSE = replace(
    NEW,
    role=Role.IDEL,
    first_name="Zoé",
    last_name="VOGEL",
    name_sure=True,
    rpps="99900000077",
    phone="+33639980077",
    commune="68224",
    capabilities=("perfusion",),
    email="zoe@exemple.fr",
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Amina Benali", ("Amina", "BENALI")),
        ("amina benali", ("Amina", "BENALI")),
        ("AMINA BENALI", ("Amina", "BENALI")),
        ("BENALI Amina", ("Amina", "BENALI")),
        ("VON SCHWARTZ Marie-Ève", ("Marie-Ève", "VON SCHWARTZ")),
        ("Jean-Paul de la Tour", ("Jean-Paul", "DE LA TOUR")),
        ("Dr Claire Morel", ("Claire", "MOREL")),
        ("  Mme   Zoé\u00a0 d'Artois ", ("Zoé", "D'ARTOIS")),
        ("Amina", None),
        ("Amina 2", None),
        ("👍 👍", None),
        ("06 39 98 00 11", None),
        ("Zoé " + "V" * 60, None),
        ("", None),
    ],
)
def test_a_name_is_read(text: str, names: tuple[str, str] | None) -> None:
    assert joining.read_name(text) == names


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("99900000077", "99900000077"),
        ("RPPS : 999 0000 0077", "99900000077"),
        ("999.00000.077", "99900000077"),
        ("681234567", Trouble.RPPS_ADELI),
        ("0639980077", Trouble.RPPS_PHONE),
        ("00000000000", Trouble.RPPS),
        ("9990000007", Trouble.RPPS_10),
        ("999000000777", Trouble.RPPS_12),
        ("٩٩٩٠٠٠٠٠٠٧٧", Trouble.RPPS),
        ("aucun", Trouble.RPPS),
    ],
)
def test_an_rpps_has_eleven_digits(text: str, read: str | Trouble) -> None:
    assert joining.read_rpps(text) == read


def test_the_questions_come_in_order_and_end() -> None:
    asked = []
    application = NEW
    for said in (
        {"role": Role.IDEL},
        {"last_name": "VOGEL", "first_name": "Zoé"},
        {"name_sure": True},
        {"passed": ("rpps",)},
        {"phone": "+33639980077"},
        {"commune": "68224"},
        {"capabilities": ()},
        {"email": "zoe@exemple.fr"},
    ):
        asked.append(joining.question(application, REGION))
        application = replace(application, **said)
    assert asked == list(Asked)
    assert joining.question(application, REGION) is None


def test_a_doctor_is_asked_no_abilities_nor_is_a_nurse_where_the_region_has_none() -> None:
    doctor = replace(NURSE, role=Role.DOCTOR, capabilities=None)
    assert joining.question(doctor, REGION) is None
    assert joining.question(replace(NURSE, capabilities=None), replace(REGION, abilities=())) is None
    assert joining.question(replace(NURSE, capabilities=None), REGION) is Asked.ABILITIES


def test_buttons_that_mean_nothing_any_more_change_nothing() -> None:
    for name, value in (
        ("role", "osnp"),
        ("role", "coordinateur"),
        ("commune", "75056"),
        ("ability", "dialyse"),
        ("skip", "phone"),
        ("fix", "nothing"),
        ("state", "accepted"),
    ):
        assert joining.press(NURSE, name, value, REGION) is None, name
    assert joining.press(NEW, "name", "yes", REGION) is None


def test_cards_ring_one_after_the_other() -> None:
    waiting = [joining.sent(replace(NURSE, id=number), NOW) for number in range(3)]
    assert joining.card_moment(waiting, NOW) == NOW
    waiting[1] = replace(waiting[1], card_at=NOW)
    assert joining.card_moment(waiting, NOW) == NOW + joining.BETWEEN_CARDS
    later = NOW + timedelta(hours=1)
    assert joining.card_moment(waiting, later) == later


def test_whoever_is_known_keeps_name_role_and_rpps() -> None:
    known = Person(
        PersonId(4),
        Role.DOCTOR,
        "MOREL",
        "Claire",
        phone="+33639980021",
        rpps="99900000021",
        cascade_step=CascadeStep.GARDE,
        active=False,
        left_at=NOW,
    )
    back = joining.joined(known, NURSE)
    assert (back.full_name, back.role, back.rpps) == ("Claire MOREL", Role.DOCTOR, "99900000021")
    assert (back.phone, back.email, back.commune) == ("+33639980077", "zoe@exemple.fr", "68224")
    assert (back.active, back.left_at, back.cascade_step) == (True, None, CascadeStep.GARDE)


def test_what_is_emptied_says_nothing_of_anybody() -> None:
    emptied = joining.emptied(replace(NURSE, communes=("68224",), trouble="name"))
    gone = ("last_name", "first_name", "rpps", "phone", "commune", "capabilities", "email", "trouble")
    assert [getattr(emptied, name) for name in gone] == [None] * len(gone)
