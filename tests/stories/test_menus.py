"""Which commands Telegram offers to whom, while the bot runs."""

from dataclasses import replace

from bot.domain.people import Role
from tests.stories.story import Story
from tests.stories.test_degraded import ESSENTIAL


async def offered(story: Story, name: str) -> set[str]:
    """The commands of somebody's own private chat; none: those of every private chat."""
    await story.bot.menus.look()
    return await of(story, {"type": "chat", "chat_id": story.person(name).user.id})


async def of(story: Story, scope: dict[str, object]) -> set[str]:
    answer = await story.telegram.call("getMyCommands", {"scope": scope})
    return {command["command"] for command in answer.body["result"]}


async def test_nurses_and_doctors_are_offered_what_they_may_use(story: Story) -> None:
    await story.bot.menus.begin()
    private = await of(story, {"type": "all_private_chats"})
    assert {"profil", "dispo", "mes_missions", "aide"} <= private
    assert not private & {"mission", "attribuer", "delais", "secteurs"}
    assert "attribuer" in await of(story, {"type": "all_group_chats"})
    assert await offered(story, "Amina") == set()


async def test_whoever_comes_to_the_groups_work_is_offered_its_commands_without_a_restart(
    story: Story,
) -> None:
    assert await offered(story, "Bruno") == set()
    async with story.storage.transaction() as tx:
        (bruno,) = [p for p in await tx.people.all(Role.IDEL) if p.first_name == "Bruno"]
        await tx.people.save(replace(bruno, role=Role.OSNP))
    assert {"attribuer", "secteurs", "profil"} <= await offered(story, "Bruno")
    calls = len(list(story.telegram.calls))
    await story.bot.menus.look()
    assert all(call.method != "setMyCommands" for call in list(story.telegram.calls)[calls:])


async def test_whoever_leaves_is_offered_them_no_more_also_after_a_restart(story: Story) -> None:
    hugo, ines = story.person("Hugo"), story.person("Inès")
    assert "attribuer" in await offered(story, "Hugo")
    for leaver in (hugo, ines):
        await leaver.types("/profil")
        await leaver.taps("Quitter le service")
        await leaver.taps("Oui, quitter")
    assert await offered(story, "Hugo") == set()

    await story.telegram.call(
        "setMyCommands",
        {
            "commands": [{"command": "attribuer", "description": "x"}],
            "scope": {"type": "chat", "chat_id": ines.user.id},
        },
    )
    await story.the_bot_restarts()
    assert await offered(story, "Inès") == set()


async def test_a_server_without_these_methods_changes_nothing(story: Story) -> None:
    lea = story.person("Léa")
    story.telegram.faults.only([method for method in ESSENTIAL if method != "setMyCommands"])
    for _ in range(3):
        await story.bot.menus.look()
    assert sum(call.method == "setMyCommands" for call in story.telegram.calls) == 1
    await story.mission(offered_to=["Amina"])
    lea.sees("un IDEL doit accepter")
