"""`/start` without a token, and `/aide`: what to do next, by role."""

from bot.domain.outcome import Notice, Place, Priority, to_person
from bot.domain.people import Person
from bot.ports import Given


async def hello(given: Given, person: Person) -> None:
    """Somebody registered opens the chat again."""
    await _owe(given, Notice("start.hello", to_person(person.id), priority=Priority.REPLY))


async def aid(given: Given, person: Person, place: Place) -> None:
    """`/aide`."""
    facts = {"role": person.role.value}
    await _owe(given, Notice("start.help", place, facts=facts, priority=Priority.REPLY))


async def _owe(given: Given, notice: Notice) -> None:
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([notice], given.now())
