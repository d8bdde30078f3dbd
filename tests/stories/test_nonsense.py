"""What nobody should do and somebody will: each gets a clear sentence, and nothing is lost or changed."""

from dataclasses import dataclass

import pytest

from bot.buttons import Press, Verb
from bot.domain.mission import Mission, MissionState, SearchState
from bot.sandbox.acts import View
from tests.stories.story import Story, Teller, plain
from tests.stories.test_closing import answers, with_a_doctor
from tests.stories.test_opening import PASTE, no_mission

STRANGER = "Ce bot est réservé aux professionnels du SAS 68"

#: These still do something on a mission that is over, and should: look, correct, call the patient.
STILL_GOOD = {
    Verb.SEE_PATIENT,
    Verb.SHEET,
    Verb.LIAISON,
    Verb.PATIENT_TOLD,
    Verb.CLOSE_BACK,
    Verb.DOCTOR_DETAIL,
    Verb.DOCUMENT_SEE,
    Verb.DOCUMENT_LABEL,
    Verb.PRESCRIPTION_DONE,
    Verb.CONCLUSION,
    Verb.CONCLUSION_READ,
}


@dataclass(frozen=True)
class Button:
    """One that was on somebody's screen."""

    owner: str
    view: View
    data: str

    @property
    def verb(self) -> Verb:
        press = Press.read(self.data)
        assert press is not None
        return press.verb


class Screens:
    """Every button that was ever on a screen."""

    def __init__(self, story: Story, *names: str) -> None:
        self.story = story
        self.names = names
        self.seen: dict[tuple[str, str], Button] = {}

    def look(self) -> None:
        for name in self.names:
            for view in self.story.person(name).messages():
                message = self.story.telegram.world.chats[view.chat].messages[view.id]
                for row in message.inline_keyboard:
                    for button in row:
                        if data := button.get("callback_data"):
                            self.seen.setdefault((name, data), Button(name, view, data))

    async def taps(self, name: str, label: str) -> None:
        await self.story.person(name).taps(label)
        self.look()


async def answer_of(story: Story, teller: Teller, view: View, data: str) -> str:
    """What somebody is told at once who taps a button with that data."""
    tap = story.telegram.tap_data(teller.user, view.chat, view.id, data)
    await story.settle()
    answer = story.telegram.answers.get(tap)
    assert answer is not None, f"{data} by {teller.name} was not answered"
    return plain(answer.text or "")


async def journal_and_state(story: Story, mission: Mission) -> tuple[list[str], Mission]:
    return await story.journal(mission.id), await story.mission_now(mission.id)


async def lived(story: Story) -> tuple[Mission, Screens]:
    """A mission from the offer to the close, and every button it showed."""
    screens = Screens(story, "Amina", "Bruno", "Claire", "Marc", "Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    screens.look()
    for name, label in (
        ("Amina", "ACCEPTER · 20 min"),
        ("Amina", "Changer l'heure"),
        ("Amina", "Je ne peux plus y aller"),
        ("Amina", "Non, je la garde"),
        ("Léa", "Autre…"),
        ("Claire", "Autre heure"),
        ("Claire", "J'accepte"),
        ("Claire", "Changer l'heure"),
        ("Amina", "Sur place"),
        ("Amina", "Créer la visio"),
        ("Amina", "Ça ne marche pas"),
        ("Léa", "Patient prévenu"),
        ("Amina", "Visite terminée"),
        ("Amina", "Aucun → TLD"),
        ("Amina", "Reste à domicile"),
        ("Amina", "Remise"),
        ("Claire", "Tout est fait"),
    ):
        await screens.taps(name, label)
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED
    return mission, screens


# Buttons


async def test_every_button_of_a_closed_mission_says_so_and_changes_nothing(story: Story) -> None:
    mission, screens = await lived(story)
    before = await journal_and_state(story, mission)
    buttons = [b for b in screens.seen.values() if b.verb not in STILL_GOOD]
    assert len(buttons) > 40
    for button in buttons:
        said = await answer_of(story, story.person(button.owner), button.view, button.data)
        assert len(said) > 8, f"{button.data} of {button.owner} is answered «{said}»"
    assert await journal_and_state(story, mission) == before
    story.person("Amina").sees_not("n'a pas pu être traité")


async def test_a_button_copied_from_somebody_else_does_nothing(story: Story) -> None:
    screens = Screens(story, "Amina", "Claire")
    mission = await story.mission(offered_to=["Amina"])
    screens.look()
    for name, label in (
        ("Amina", "ACCEPTER · 20 min"),
        ("Amina", "Changer l'heure"),
        ("Amina", "Je ne peux plus y aller"),
        ("Claire", "Autre heure"),
        ("Claire", "J'accepte"),
        ("Amina", "Sur place"),
        ("Amina", "Créer la visio"),
    ):
        await screens.taps(name, label)
    before = await journal_and_state(story, mission)
    david, sophie = story.person("David"), story.person("Sophie")
    stranger = Teller(story, story.telegram.add_user(9001, "Jules", "Petit"), "Jules", [9001])
    story.telegram.start(stranger.user)
    await story.settle()

    for button in screens.seen.values():
        for thief in (david, sophie, stranger):
            own = thief.messages()[-1]
            said = await answer_of(story, thief, own, button.data)
            assert len(said) > 8, f"{button.data} by {thief.name} is answered «{said}»"
            thief.sees_not("KELLER")

    assert await journal_and_state(story, mission) == before


async def test_a_doctor_who_taps_a_nurse_s_button_is_told_that_it_is_not_for_them(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    claire = story.person("Claire")
    said = await answer_of(story, claire, claire.messages()[-1], f"va:{mission.id}:0:")
    assert said == "Ce bouton n'est pas pour vous."


@pytest.mark.parametrize("data", ["nothing of ours", "sa:1:1", "zz9:1:1:", "sa:one:1:20"])
async def test_data_that_is_none_of_ours(story: Story, data: str) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    said = await answer_of(story, amina, amina.messages()[-1], data)
    assert said == "Ce bouton n'existe plus. Touchez la carte la plus récente."


async def test_a_button_of_a_mission_that_is_not_there(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    for verb in (Verb.ACCEPT, Verb.REFUSE, Verb.ARRIVE, Verb.GIVE_BACK, Verb.VISIO_CREATE, Verb.CLOSE_ACTS):
        said = await answer_of(story, amina, amina.messages()[-1], f"{verb}:4120:1:20")
        assert said in ("Cette mission n'existe plus.", "Cette mission n'est pas à vous."), verb


async def test_buttons_from_before_it_was_given_back(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    hers, his = amina.newest("visite +"), bruno.newest("visite +")
    await amina.taps("ACCEPTER · 20 min")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    assert (await story.mission_now(mission.id)).search.epoch == 2

    said = await answer_of(story, amina, hers, f"sa:{mission.id}:1:20")
    assert said.startswith("Vous avez rendu SMT 1. Pour la reprendre, appelez l'OSNP")
    assert await answer_of(story, amina, hers, f"sa:{mission.id}:2:20") == said
    said = await answer_of(story, bruno, his, f"sa:{mission.id}:1:20")
    assert said == "Cette proposition n'est plus valable."
    assert await answer_of(story, amina, hers, f"va:{mission.id}:0:") == "Cette mission n'est pas à vous."
    assert (await story.mission_now(mission.id)).search.state is SearchState.OFFERED

    await bruno.taps("ACCEPTER · 20 min")
    bruno.is_told_at_once("est à vous")


async def test_an_anonymous_administrator_is_told_how_to_be_somebody(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    story.telegram.set_anonymous(paul.user, story.group)
    card = paul.newest("nouvelle orientation ?")

    tap = story.telegram.tap(paul.user, card.chat, card.id, 0, 0, as_group=True)
    await story.settle()

    answer = story.telegram.answers[tap]
    assert answer.alert
    assert "Vous écrivez en anonyme" in plain(answer.text)
    assert "Rester anonyme" in plain(answer.text)
    assert (await story.mission_now(mission.id)).search.state is SearchState.UNANSWERED
    # Written words are not taken for anybody's, nor lost without a sentence.
    lea.looks_away()
    await paul.types("/mission", to=story.group.id)
    assert any("anonyme" in plain(view.text) for view in lea.new()), [v.text for v in lea.new()]


# Strangers


async def test_a_stranger_gets_one_polite_sentence(story: Story) -> None:
    user = story.telegram.add_user(9001, "Jules", "Petit")
    jules = Teller(story, user, "Jules", [user.id])
    await story.mission(offered_to=["Amina"])
    for act in ("/start", "Bonjour, je voudrais un médecin", "/mission", "/start wrong-token", PASTE):
        jules.looks_away()
        await story.wait(seconds=10)  # whoever writes without end gets silence
        await jules.types(act)
        told = [plain(view.text) for view in jules.new() if view.from_bot]
        assert len(told) == 1, (act, told)
        assert "SAS 68" in told[0]
    await jules.sends("photo", "carte.jpg")
    jules.sees(STRANGER, "+33 3 89 64 70 15")
    await no_draft(story)


async def no_draft(story: Story) -> None:
    """Nobody's words were taken for an opening."""
    async with story.storage.transaction() as tx:
        for person in await tx.people.all():
            assert not await tx.drafts.of_owner(person.id)


async def test_a_stranger_in_the_group_cannot_act(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    user = story.telegram.add_user(9001, "Jules", "Petit")
    story.telegram.join(user, story.group)
    jules = Teller(story, user, "Jules", [story.group.id])
    await story.settle()
    before = await story.mission_now(mission.id)

    card = next(view for view in jules._newest_first() if "Autre…" in str(view.buttons))
    await jules.taps("Autre…")

    assert card is not None
    jules.is_told_at_once(STRANGER)
    await jules.types("/chercher KELLER", to=story.group.id)
    await jules.types("/mission", to=story.group.id)
    assert await story.mission_now(mission.id) == before
    read = [view.text for view in jules.messages() if view.from_bot]
    assert not any("KELLER" in text or "94 ans" in text for text in read)
    lea.sees("Jules Petit")


# Words


async def test_a_nurse_without_a_mission_is_told_that_nothing_was_sent(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("TA 13/8 FC 72")
    amina.sees("Vous n'avez pas de mission en cours : rien n'a été envoyé.")
    amina.looks_away()
    await amina.sends("photo", "plaie.jpg")
    assert "rien n'a été envoyé" in plain(amina.new()[-1].text)


async def test_a_number_that_is_none_is_asked_again(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("Mme KELLER Odile 94 ans\n12 rue des Tanneurs 68200 Mulhouse\nchute hier")
    lea.sees("Un numéro de rappel ?")

    for wrong in ("06 39 98", "douze", "+999 12 34 56 78 90"):
        lea.looks_away()
        await lea.types(wrong)
        assert any("Un numéro de rappel ?" in plain(view.text) for view in lea.new()), wrong

    await lea.types("06 39 98 00 99")
    lea.sees("Qui a décidé ?", "+33 6 39 98 00 99")


async def test_ten_thousand_characters_that_name_nobody(story: Story) -> None:
    lea = story.person("Léa")
    lea.looks_away()
    told = "\n".join(f"Remarque {n} : le voisin a les clefs et le portail reste ouvert" for n in range(180))
    assert 10_000 < len(told) < 3 * 4096
    await lea.types(told)
    await story.wait(seconds=5)
    lea.sees("Collez ici toute la demande, ou écrivez le nom du patient")
    lea.sees("Non reconnu, gardé tel quel", "Remarque 0 : le voisin", "autres lignes, gardées au dossier")
    assert len([view for view in lea.new() if view.from_bot]) == 1
    await no_mission(story)


async def test_a_document_over_20_mb_goes_by_its_number(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_a_doctor(story)
    await amina.sends("document", "scanner.pdf", size=25 * 1024 * 1024)
    sent = next(view for view in claire._newest_first() if view.file == "document")
    own = next(view for view in amina._newest_first() if view.file == "document" and not view.from_bot)
    assert sent.file_id == own.file_id
    amina.sees("Plus de 20 Mo")
    assert "getFile" not in {call.method for call in story.telegram.calls}


async def test_an_old_message_edited_after_the_end_is_not_sent(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.types("Elle prend du Previscan")
    await amina.ends_the_visit()
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")
    await claire.taps("Tout est fait")
    await story.person("Léa").taps("Patient prévenu")
    before = await story.mission_now(mission.id)
    claire.looks_away()
    amina.looks_away()

    await amina.edits("Previscan", "Elle prend du Préviscan 20 mg")

    claire.sees_nothing_new()
    claire.sees_not("20 mg")
    assert any("close" in plain(view.text) for view in amina.new()), [v.text for v in amina.new()]
    assert await story.mission_now(mission.id) == before


async def test_words_after_the_end_are_not_sent_and_that_is_said(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_a_doctor(story)
    await amina.ends_the_visit()
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")
    await claire.taps("Tout est fait")
    claire.looks_away()

    await amina.replies("Elle est retombée", to_message_with="le patient")

    claire.sees_nothing_new()
    amina.sees("SMT 1 est close : rien n'a été envoyé")


@pytest.mark.parametrize("text", ["/nexistepas", "👍", "?", "/chercher", "/chercher 999"])
async def test_words_that_ask_for_nothing_known_get_an_answer(story: Story, text: str) -> None:
    for name in ("Léa", "Amina", "Claire"):
        teller = story.person(name)
        teller.looks_away()
        await teller.types(text)
        assert any(view.from_bot for view in teller.new()), f"{name} got no answer to «{text}»"
        teller.sees_not("n'a pas pu être traité")
