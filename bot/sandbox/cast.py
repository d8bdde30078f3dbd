"""Who plays in the sandbox: invented people, their telephones and their chats. Knows nothing of the bot."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.chats import Chat, User
from bot.sandbox.elsewhere import Elsewhere, Row
from bot.sandbox.telegram import Telegram

#: The file that `people import` reads, too.
LISTING = Path(__file__).parent / "cast.csv"

FIRST_NUMBER = 1001

#: Of the cast, whom only a telephone reaches.
WITHOUT_TELEGRAM = frozenset({"Jean WEBER"})

STAFF = ("osnp", "regulateur", "coordinateur")

LABELS = {
    "osnp": "OSNP",
    "regulateur": "Régulateur",
    "coordinateur": "Coordinatrice",
    "idel": "IDEL",
    "doctor": "Médecin",
    "organisation": "Organisation",
}

NOTES = {
    "effecteur_sas": "effecteur SAS",
    "garde": "de garde, secteur d'Altkirch",
    "medecin_traitant": "médecin traitant, sans Telegram",
}

#: Who answers in the chat of each house.
HOUSES = {
    "SOS médecin 68": ("Standard", "SOS 68"),
    "Télémédical Solution": ("Secrétariat", "Télémédical"),
}


#: Whom no list names: they join by themselves, with `/start`.
NEWCOMERS = (
    (2001, "Zoé", "Vogel", "+33639980077", "IDEL, pas inscrite"),
    (2002, "Yann", "Ritter", "+33639980078", "médecin, pas inscrit"),
)


@dataclass
class Cast:
    """Everybody on the emulated Telegram, by full name, and their groups."""

    people: dict[str, User] = field(default_factory=dict)
    houses: dict[str, Chat] = field(default_factory=dict)
    group: Chat | None = None

    def user(self, name: str) -> User:
        """By full name, or by an unambiguous first name."""
        found = [user for full, user in self.people.items() if name in (full, user.first_name)]
        if len(found) != 1:
            raise LookupError(f"no one person is called {name}")
        return found[0]


def newcomers(telegram: Telegram) -> None:
    """Those who are on Telegram and known to nobody here."""
    for number, first, last, phone, note in NEWCOMERS:
        telegram.add_user(number, first, last, phone=phone, role="newcomer", label="Nouveau", note=note)


def listed(elsewhere: Elsewhere | None = None) -> list[Row]:
    """The rows of the list of people."""
    rows: list[Row] = list(csv.DictReader(LISTING.read_text(encoding="utf-8").splitlines()))
    return elsewhere.listing(rows) if elsewhere else rows


def gather(telegram: Telegram, elsewhere: Elsewhere | None = None) -> Cast:
    """The cast comes to the emulated Telegram; nobody has met the bot yet."""
    cast = Cast()
    rows = listed(elsewhere)
    staff: list[User] = []
    for number, row in enumerate(rows, start=FIRST_NUMBER):
        role = row["role"]
        if role == "organisation":
            first, last = HOUSES[row["last_name"]]
            user = telegram.add_user(number, first, last, role=role, label=row["last_name"])
            cast.houses[row["last_name"]] = telegram.add_group(
                row["last_name"], [user], forum=False, with_bot=False, purpose="organisation"
            )
            cast.people[f"{first} {last}"] = user
            continue
        name = f"{row['first_name']} {row['last_name']}"
        prefix = "Dr " if role in ("doctor", "regulateur") else ""
        user = telegram.add_user(
            number,
            f"{prefix}{row['first_name']}",
            row["last_name"].title(),
            phone=row["phone"],
            role=role,
            label=LABELS[role],
            note=(NOTES if elsewhere is None else {}).get(row["cascade_step"], row["commune"]),
            on_telegram=name not in WITHOUT_TELEGRAM,
        )
        cast.people[name] = user
        if role in STAFF:
            staff.append(user)
    name = elsewhere.name if elsewhere else "SAS 68"
    cast.group = telegram.add_group(f"{name} · SMT", staff, purpose="osnp")
    return cast
