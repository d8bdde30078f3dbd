"""The buttons of a person's card."""

from bot.buttons import Verb
from bot.domain.people import Person
from bot.domain.places import plain
from bot.domain.profile import TYPED, Editing, Field, sector_key
from bot.messages.joining import named
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button


def card(keys: Keys) -> Rows:
    """What may be changed, or the answers to what is asked."""
    person: Person | None = keys.sheet.extra["person"]
    if person is None:
        return ()
    return Card(keys, person).rows()


class Card:
    """Makes the buttons of one card."""

    def __init__(self, keys: Keys, person: Person) -> None:
        self.keys = keys
        self.person = person
        self.extra = keys.sheet.extra

    def tap(self, label: str, arg: object, **values: object) -> Button:
        """A button of this card."""
        return self.keys.tap(Verb.PROFILE, label, arg, epoch=self.person.id, **values)

    def rows(self) -> Rows:
        """Everything under the card."""
        editing: Editing = self.extra["editing"]
        if editing.confirming is not None:
            label = "profile_leave_yes" if editing.confirming == "leave" else "profile_forget_yes"
            return rows((self.tap(label, f"{editing.confirming}=yes"),), (self.tap("no", "back=1"),))
        if editing.asking is not None:
            return self.answers(editing)
        return self.choices()

    def choices(self) -> Rows:
        """What may be changed, and the ways out."""
        if not self.person.active:
            if self.person.phone is None:  # forgotten
                return ()
            back = self.tap("profile_return", "return=yes") if self.extra["staff"] else None
            return rows((back,), (self.forget(),))
        fields = [self.tap(f"profile_{field.value}", f"ask={field.value}") for field in self.extra["fields"]]
        leave = self.tap("profile_leave", "leave=ask")
        return (*in_rows_of(2, fields), (leave,), (self.forget(),)) if fields else ()

    def forget(self) -> Button:
        """«Effacer mes données»."""
        own = "profile_forget_own" if self.extra["own"] else "profile_forget_theirs"
        return self.tap(own, "forget=ask")

    def answers(self, editing: Editing) -> Rows:
        """The values that are buttons; the others are typed."""
        region, person = self.keys.sheet.region, self.person
        back = self.tap("profile_back" if editing.asking in TYPED else "profile_done", "back=1")
        match editing.asking:
            case Field.COMMUNE:
                there = [c for insee in editing.communes if (c := region.commune(insee)) is not None]
                found = named([self.tap("named", f"commune={c.insee}", name=c.name) for c in there])
            case Field.SECTORS:
                found = named(
                    [
                        self.tap(
                            "chosen" if s.name in person.sectors else "named",
                            f"sector={sector_key(s.name)}",
                            name=s.name[:38],
                        )
                        for s in sorted(region.sectors, key=lambda sector: plain(sector.name))
                    ]
                )
            case Field.ABILITIES:
                found = named(
                    [
                        self.tap(
                            "chosen" if a.key in person.capabilities else "named",
                            f"ability={a.key}",
                            name=a.label[:38],
                        )
                        for a in region.abilities
                    ]
                )
            case Field.STEP:
                found = named(
                    [
                        self.tap(
                            "chosen" if step is person.cascade_step else "named",
                            f"step={step.value}",
                            name=region.rule(step).label[:38],
                        )
                        for step in self.extra["steps"]
                    ]
                )
            case Field.EMAIL if person.email:
                found = ((self.tap("profile_no_email", "email=none"),),)
            case _:
                found = ()
        return (*found, (back,))


def found(keys: Keys) -> Rows:
    """One button for each person of a list."""
    return tuple(
        (keys.tap(Verb.PERSON, "named", epoch=person.id, name=person.formal_name[:40]),)
        for person in keys.sheet.extra["found"]
    )
