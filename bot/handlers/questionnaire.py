"""Taps of the region's questionnaire, at the patient's."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person
from bot.flows import questionnaire


async def on_question(context: Context, person: Person, press: Press) -> None:
    """A choice, «Sans réponse», or an answered question again; for OSNP also the door to them."""
    given, mission = context.given, press.mission
    key, _, choice = press.arg.partition(".")
    if key == questionnaire.ALL:
        await context.say(await questionnaire.begin(given, person, mission))
    elif key == "":
        await context.say(await questionnaire.pass_over(given, person, mission))
    elif choice == "":
        await context.say(await questionnaire.show(given, person, mission, key))
    else:
        await context.say(await questionnaire.answer(given, person, mission, key, choice))
