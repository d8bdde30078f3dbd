"""`/chercher`: a mission by number, telephone or name; `/aide` and `/start` beside it."""

import pytest

from tests.stories.story import Story, Teller


async def stranger_of(story: Story, *, in_group: bool = False) -> Teller:
    """Somebody whom nobody has registered."""
    user = story.telegram.add_user(1900, "Zoé", "DURAND")
    zoe = Teller(story, user, "Zoé", [user.id])
    if in_group:
        story.telegram.join(user, story.group)
        zoe.chats.append(story.group.id)
    await story.settle()
    zoe.looks_away()
    return zoe


@pytest.mark.parametrize(
    "asked",
    ["1", "SMT 1", "1/2026", "03 53 01 00 12", "0639980099", "Keller", "keller odile", "odile keller"],
)
async def test_an_operator_finds_a_mission(story: Story, asked: str) -> None:
    hugo = story.person("Hugo")
    await story.mission(asked_by="Léa", offered_to=["Amina"])

    await hugo.types(f"/chercher {asked}")

    hugo.sees("🔎 1 mission", "SMT 1 · 06/10/2026 09:23 · Mulhouse · O. K.")
    hugo.sees_not("KELLER")
    await hugo.taps("Voir SMT 1")
    hugo.is_told_at_once("SMT 1 : dans votre discussion avec le bot.")
    await hugo.taps("Voir le patient")
    hugo.sees("Mme Odile KELLER", "12 rue des Tanneurs")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("99", "Aucune mission à ce numéro."),
        ("06 39 98 00 55", "Aucune mission à ce téléphone."),
        ("Muller", "Aucune mission à ce nom."),
        ("", "Que cherchez-vous ?"),
        ("?!", "Ni un numéro de mission, ni un téléphone, ni un nom."),
        ("12345678", "Ni un numéro de mission, ni un téléphone, ni un nom."),
    ],
)
async def test_what_is_not_found_is_said(story: Story, asked: str, said: str) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])

    await lea.types(f"/chercher {asked}")

    lea.sees(said)


async def test_in_the_group_the_list_has_numbers_and_initials_only(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])

    await lea.types("/chercher 1", to=story.group.id)

    found = lea.sees("🔎 1 mission", "SMT 1", "O. K.")
    assert found.chat == story.group.id
    assert "KELLER" not in found.text
    await lea.taps("Voir SMT 1")
    assert lea.newest("Déclenchée 09:23").chat == lea.user.id


async def test_an_idel_finds_her_own_missions_only(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")

    await amina.types("/chercher 1")
    await bruno.types("/chercher Keller")

    amina.sees("🔎 1 mission", "SMT 1")
    bruno.sees("Aucune mission à ce nom.")


async def test_an_idel_gets_her_card_back(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await amina.types("/chercher 1")
    amina.looks_away()

    await amina.taps("Voir SMT 1")

    told = "\n".join(view.text for view in amina.new())
    assert "SMT 1 est à vous" in told
    assert "12 rue des Tanneurs" in told


async def test_a_button_of_somebody_elses_list_opens_nothing(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")

    await bruno.taps_old(bruno.newest("par un(e) collègue"), "ff:0:0:1")

    bruno.is_told_at_once("Cette mission n'est pas (ou plus) à vous.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Léa", "Ouvrir une mission : collez ici toute la demande"),
        ("Paul", "touchez la nouvelle orientation"),
        ("Nadia", "Activité : /activite"),
        ("Amina", "touchez ACCEPTER et votre heure"),
        ("Claire", "touchez une heure pour accepter"),
    ],
)
async def test_help_says_what_to_do_by_role(story: Story, name: str, said: str) -> None:
    person = story.person(name)

    await person.types("/aide")

    person.sees(
        "SAS 68 · que faire ici", said, "+33 3 89 64 70 15", "contact@sas68liberal.fr", "sas68liberal.fr"
    )


async def test_start_without_a_link_greets(story: Story) -> None:
    amina = story.person("Amina")

    await amina.types("/start")

    amina.sees("Bonjour Amina", "touchez ACCEPTER")


async def test_a_stranger_gets_one_sentence(story: Story) -> None:
    stranger = await stranger_of(story)

    for command in ("/mission", "/chercher 1", "/aide", "bonjour"):
        await stranger.types(command)
        assert len(stranger.new()) == 2
        stranger.sees("Ce bot est réservé aux professionnels du SAS 68.")
        stranger.looks_away()
        await story.wait(seconds=2)

    await stranger.types("/start")
    stranger.sees("Inscription au SAS 68")


async def test_a_stranger_in_the_group_is_not_acted_on(story: Story) -> None:
    stranger, lea = await stranger_of(story, in_group=True), story.person("Léa")
    lea.looks_away()

    await stranger.types("/mission", to=story.group.id)
    await stranger.types("/chercher 1", to=story.group.id)

    assert [view.text for view in lea.new()] == ["/mission", "/chercher 1"]


async def test_an_anonymous_administrator_is_told_how_to_be_known(story: Story) -> None:
    lea = story.person("Léa")

    story.telegram.set_anonymous(lea.user, story.group)
    await lea.types("/mission", to=story.group.id)

    lea.sees("Vous écrivez en anonyme")


async def test_id_in_a_group_says_its_number(story: Story) -> None:
    lea = story.person("Léa")
    house = story.telegram.add_group("Essai", [lea.user], forum=False, purpose="organisation")
    lea.chats.append(house.id)

    await lea.types("/id", to=house.id)
    lea.sees(f"Numéro de ce groupe : {house.id}")
    await lea.types("/id", to=story.group.id)
    lea.sees(f"Numéro de ce groupe : {story.group.id}")
