"""The cahier de liaison: notes kept for the next professional of the mission."""

from bot.domain.liaison import MOST_LETTERS, MOST_NOTES
from bot.domain.mission import Mission
from tests.stories.story import Story, plain
from tests.stories.test_control import denise, opens
from tests.stories.test_sheet import at_the_house
from tests.stories.test_thread import with_both


async def notes_of(story: Story, mission: Mission) -> list[tuple[str, bool]]:
    """What stands in the dossier."""
    async with story.storage.transaction() as tx:
        dossier = await tx.missions.dossier(mission.id)
    assert dossier is not None
    return [(note.text, note.pinned) for note in dossier.liaison]


async def test_a_note_of_the_nurse_is_read_by_the_next_one_silently_with_the_identity(story: Story) -> None:
    amina, bruno, lea = story.person("Amina"), story.person("Bruno"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")

    await amina.taps("Note de liaison")
    amina.is_told_at_once("Écrivez la note ici")
    await amina.types("Clé chez la voisine du 3e")
    amina.sees("📒 SMT 1 · cahier de liaison", "1. 09:23 Amina B. : Clé chez la voisine du 3e")
    bruno.sees_not("voisine")
    await story.wait(minutes=3)
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    await bruno.taps("ACCEPTER · 20 min")

    note = bruno.newest("📒 SMT 1 · cahier de liaison")
    assert "09:23 Amina B. : Clé chez la voisine du 3e" in plain(note.text)
    assert note.protected
    assert note.silent
    bruno.sees("👤 SMT 1 · le patient", "Odile KELLER")
    assert [v.chat for v in lea.messages() if "voisine" in v.text] == []
    assert "liaison.noted" in await story.journal(mission.id)


async def test_liaison_in_the_thread_is_a_note_and_not_a_message(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_both(story)

    await amina.types("Liaison : chien enfermé dans la cuisine")

    assert await notes_of(story, mission) == [("chien enfermé dans la cuisine", True)]
    card = claire.newest("📒 SMT 1 · cahier de liaison")
    assert card.silent
    assert card.protected
    claire.sees_not("💬 SMT 1")

    await claire.types("liaison: revoir la plaie avant vendredi")
    amina.sees("📒", "1. 09:23 Amina B. : chien enfermé", "2. 09:23 Dr Morel : revoir la plaie")
    claire.sees("📒", "1. 09:23 Amina B. : chien enfermé", "2. 09:23 Dr Morel : revoir la plaie")


async def test_it_is_a_note_also_while_something_else_is_asked(story: Story) -> None:
    claire = story.person("Claire")
    mission = await with_both(story)
    await claire.taps("Conclusion")
    await claire.taps("Écrire…")

    await claire.types("liaison : revoir la plaie")

    assert await notes_of(story, mission) == [("revoir la plaie", True)]
    claire.sees_not("Envoyée à Amina")


async def test_a_doctor_who_comes_has_the_notes(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await lea.taps("Fiche")
    await lea.taps("Note de liaison")
    await lea.types("Malentendante : parler fort")
    await amina.taps("ACCEPTER · 40 min")
    amina.sees("📒 SMT 1", "Léa M. : Malentendante : parler fort")
    claire.sees_not("Malentendante")

    await claire.taps("J'accepte 10:20")

    claire.sees("📒 SMT 1 · cahier de liaison", "Léa M. : Malentendante : parler fort")


async def test_its_author_takes_a_note_off_and_osnp_put_it_back_or_erase_it(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    mission = await with_both(story)
    await amina.types("liaison : chien enfermé")
    claire.sees_no_button("Retirer n° 1")

    await amina.taps("Retirer n° 1")
    assert await notes_of(story, mission) == [("chien enfermé", False)]
    amina.sees("📒 SMT 1", "Plus aucune note.")
    claire.sees_not("chien enfermé")

    await lea.taps("Fiche")
    lea.sees("Cahier de liaison", "Amina B. : chien enfermé (retirée)")
    await lea.taps("Cahier de liaison")
    await lea.taps("Remettre n° 1")
    claire.sees("📒 SMT 1", "Amina B. : chien enfermé")
    await lea.taps("Retirer n° 1")
    await lea.taps("Effacer n° 1")

    assert await notes_of(story, mission) == [("", False)]
    await story.wait(minutes=1)
    for teller in (amina, claire, lea):
        assert [v.text for v in teller.messages() if "chien" in v.text and v.from_bot] == []
    await lea.taps("Retour")
    lea.sees("📄 SMT 1 · fiche")


async def test_a_note_corrected_in_its_message_says_how_it_is_done(story: Story) -> None:
    amina = story.person("Amina")
    mission = await with_both(story)
    await amina.types("liaison : chien enfermé")

    await amina.edits("liaison : chien enfermé", "liaison : chat enfermé")

    amina.sees("Une note ne se corrige pas ainsi")
    assert await notes_of(story, mission) == [("chien enfermé", True)]


async def test_an_old_button_of_a_note_that_is_gone_says_so(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await with_both(story)
    await amina.types("liaison : chien enfermé")
    card = amina.newest("📒 SMT 1")
    await amina.taps("Retirer n° 1")

    await amina.taps_old(card, f"ln:{mission.id}:0:off.1")
    amina.is_told_at_once("C'est déjà fait")
    await amina.taps_old(card, f"ln:{mission.id}:0:erase.1")
    amina.is_told_at_once("C'est déjà fait, ou cette note n'est pas la vôtre.")
    await lea.taps("Fiche")
    lea.sees("chien enfermé (retirée)")


async def test_a_nurse_without_the_mission_writes_no_note_and_takes_none_off(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await with_both(story)
    await amina.types("liaison : chien enfermé")
    theirs = bruno.messages()[-1]

    await bruno.taps_old(theirs, f"ln:{mission.id}:0:")
    bruno.is_told_at_once("SMT 1")
    await bruno.taps_old(theirs, f"ln:{mission.id}:0:off.1")
    await bruno.taps_old(theirs, f"ln:{mission.id}:0:all")

    assert await notes_of(story, mission) == [("chien enfermé", True)]
    bruno.sees_not("chien")


async def test_osnp_write_a_note_in_the_mission_s_topic(story: Story) -> None:
    lea, hugo, amina = story.person("Léa"), story.person("Hugo"), story.person("Amina")
    mission = await with_both(story)
    topic = lea.newest("📌 SMT 1 · Léa : prévenir").thread
    hugo.looks_away()

    await lea.types("liaison : sonnette en panne", to=story.group.id, thread=topic)

    assert await notes_of(story, mission) == [("sonnette en panne", True)]
    amina.sees("📒 SMT 1", "Léa M. : sonnette en panne")
    assert lea.newest("📒 SMT 1").chat == lea.user.id
    assert [v.text for v in hugo.new() if v.from_bot and "sonnette" in v.text] == []


async def test_a_note_is_short_and_the_cahier_one_message(story: Story) -> None:
    amina = story.person("Amina")
    mission = await with_both(story)

    await amina.types(f"liaison : {'x' * (MOST_LETTERS + 1)}")
    amina.sees(f"Trop long ({MOST_LETTERS} caractères au plus)")
    await amina.types("liaison :")
    amina.sees("Note vide.")
    for number in range(MOST_NOTES + 1):
        await amina.types(f"liaison : note {number}")

    assert len(await notes_of(story, mission)) == MOST_NOTES
    amina.sees(f"Le cahier a déjà {MOST_NOTES} notes")


async def test_a_house_writes_by_answering_a_message(story: Story) -> None:
    emma, house = await at_the_house(story)
    amina = story.person("Amina")

    await emma.taps("Note de liaison")
    emma.is_told_at_once("répondez à un message de la mission")
    await emma.replies("liaison : rappeler le laboratoire", to_message_with="c'est à vous")

    amina.sees("📒 SMT 1", "SOS médecin 68 : rappeler le laboratoire")
    assert emma.newest("📒 SMT 1").chat == house


async def test_notes_go_with_the_dossier(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_both(story)
    await amina.types("liaison : chien enfermé")
    await amina.taps("Sur place")
    await amina.ends_the_visit()
    for label in ("Aucun → TLD", "Reste à domicile", "Aucune"):
        await amina.taps(label)
    await claire.taps("Tout est fait")

    await amina.types("liaison : encore une")
    amina.sees("SMT 1", "close")
    await story.wait(hours=48)

    for teller in (amina, claire):
        teller.sees_not("chien enfermé")
    async with story.storage.transaction() as tx:
        assert await tx.missions.dossier(mission.id) is None


async def test_a_nurse_without_telegram_is_written_neither_notes_nor_questions(story: Story) -> None:
    lea = story.person("Léa")
    await denise(story)
    mission = await story.mission(offered_to=["Denise"])
    await lea.taps("Fiche")
    await lea.taps("Note de liaison")
    await lea.types("Malentendante : parler fort")
    await opens(lea, "IDEL…", "Attribuer, réponse", "📵 Denise R.", "Oui · 20 min")
    await opens(lea, "IDEL…", "Sur place")

    lea.sees_not("Le bot ne peut pas lui écrire")
    await lea.taps("Fiche")
    lea.sees("📄 SMT 1 · fiche", "IDEL : Denise ROUX", "Malentendante : parler fort")
    assert await notes_of(story, mission) == [("Malentendante : parler fort", True)]
