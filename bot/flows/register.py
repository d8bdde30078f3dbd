"""A personal link is opened: an account becomes a person's, a group a house's. Knows no words."""

from datetime import datetime

from bot.domain.outcome import Answer, Event
from bot.domain.people import Organisation, OrganisationId, Party, Person, PersonId
from bot.flows import joining, missed
from bot.ports import Given, Link, Transaction

#: What the links of `people invite` are for.
INVITATION = "invitation"


async def start(given: Given, user_id: int, chat_id: int, token: str) -> Answer:
    """Somebody opened their personal link in a private chat.

    The first to open it becomes that person. Opening it again does no harm; somebody else is refused.
    """
    now = given.now()
    async with given.storage.transaction() as tx:
        link = await _valid(tx, token, now)
        if link is None or link.person is None:
            return Answer("register.unknown")
        person = await _locked(tx, link.person)
        if person is None or not person.active:
            return Answer("register.unknown")
        account = await tx.people.account(person.id)
        if link.used_at is not None and (account is None or account.user_id != user_id):
            await tx.journal.write(None, [Event("register.refused", {"person": person.id})], None, now)
            return Answer("register.used")
        if account is None or account.user_id != user_id or account.chat_id != chat_id:
            await tx.people.link_account(person.id, user_id, chat_id)
            await tx.journal.write(
                None, [Event("register.linked", {"person": person.id})], str(Party.person(person.id)), now
            )
        await tx.people.set_reachable(person.id, reachable=True, now=now)
        await tx.outbox.owe(await missed.ask_after_all(given, tx, person.id), now)
        await joining.linked(given, tx, user_id, person.id)
        if link.used_at is None:
            await tx.links.use(token, now)
        return _welcome(person)


async def bind_organisation(given: Given, chat_id: int, token: str) -> Answer:
    """The bot was added to a house's group by its link."""
    now = given.now()
    async with given.storage.transaction() as tx:
        link = await _valid(tx, token, now)
        if link is None or link.organisation is None:
            return Answer("register.unknown")
        house = await tx.people.organisation(link.organisation)
        if house is None or not house.active:
            return Answer("register.unknown")
        chat = await tx.people.organisation_chat(house.id)
        if link.used_at is not None and chat != chat_id:
            await tx.journal.write(None, [Event("register.refused", {"organisation": house.id})], None, now)
            return Answer("register.used")
        if chat != chat_id:
            await tx.people.link_organisation(house.id, chat_id)
            actor = str(Party.organisation(house.id))
            await tx.journal.write(None, [Event("register.linked", {"organisation": house.id})], actor, now)
        if link.used_at is None:
            await tx.links.use(token, now)
        return _welcome_house(house)


async def invite(
    given: Given, token: str, *, person: PersonId | None = None, organisation: OrganisationId | None = None
) -> None:
    """Write down a new personal link."""
    async with given.storage.transaction() as tx:
        await tx.links.add(token, Link(INVITATION, expires_at=None, person=person, organisation=organisation))


async def _valid(tx: Transaction, token: str, now: datetime) -> Link | None:
    link = await tx.links.find(token)
    if link is None or link.purpose != INVITATION:
        return None
    return link if link.expires_at is None or link.expires_at > now else None


async def _locked(tx: Transaction, person: PersonId) -> Person | None:
    return (await tx.people.lock([person])).get(person)


def _welcome(person: Person) -> Answer:
    return Answer("register.welcome", {"role": person.role.value, "name": person.full_name})


def _welcome_house(house: Organisation) -> Answer:
    return Answer("register.welcome", {"role": "organisation", "name": house.name})
