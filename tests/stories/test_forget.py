"""Whoever has left a mission has nothing of its patient in the chat, once nobody may undo it any more."""

import pytest

from tests.stories.story import Story, Teller
from tests.stories.test_cascade import with_a_nurse
from tests.stories.test_control import opens

OF_THE_PATIENT = (
    "KELLER",
    "rue des Tanneurs",
    "+33 3 53 01 00 12",
    "Anne Keller",
    "chute hier",
    "Elle a mal",
)


def sees_nothing_of_the_patient(teller: Teller) -> None:
    for words in OF_THE_PATIENT:
        teller.sees_not(words)


async def test_a_nurse_who_gives_back_has_nothing_of_the_patient_after_ten_minutes(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await with_a_nurse(story)
    await amina.types("Elle a mal")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    amina.sees("Odile KELLER", "12 rue des Tanneurs")

    await bruno.taps("ACCEPTER · 20 min")
    await story.wait(minutes=11)

    sees_nothing_of_the_patient(amina)
    amina.sees(f"SMT {mission} rendue à 09:23")
    bruno.sees("Odile KELLER", "12 rue des Tanneurs")
    bruno.sees("Elle a mal")


async def test_a_doctor_who_withdraws_has_nothing_of_the_patient_after_ten_minutes(story: Story) -> None:
    claire, amina = story.person("Claire"), story.person("Amina")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await amina.types("Elle a mal")
    claire.sees("Facturation")
    await claire.taps("Me retirer")
    await claire.taps("Oui, je me retire")
    claire.sees("Odile KELLER")

    await story.wait(minutes=11)

    sees_nothing_of_the_patient(claire)
    claire.sees_not("Facturation")
    claire.sees("retrait noté")
    amina.sees("Odile KELLER")


@pytest.mark.parametrize("gets_it_again", [False, True])
async def test_a_nurse_from_whom_osnp_take_it_keeps_it_where_they_give_it_again(
    story: Story, *, gets_it_again: bool
) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await with_a_nurse(story)
    await amina.types("Elle a mal")
    await opens(lea, "IDEL…", "Relancer la recherche…", "Injoignable")
    amina.sees("Odile KELLER")

    if gets_it_again:
        await story.wait(minutes=5)
        await opens(lea, "IDEL…", "Attribuer, réponse", "Amina B.", "Oui · 20 min")
    await story.wait(minutes=11)

    if not gets_it_again:
        sees_nothing_of_the_patient(amina)
        return
    amina.sees("Odile KELLER", "12 rue des Tanneurs")
    amina.sees("Elle a mal")
    await story.wait(hours=41)
    sees_nothing_of_the_patient(amina)


async def test_a_doctor_noted_by_mistake_who_then_accepts_keeps_the_patient(story: Story) -> None:
    lea, claire, amina = story.person("Léa"), story.person("Claire"), story.person("Amina")
    await with_a_nurse(story)
    await opens(lea, "Médecin…", "Attribuer à…", "Dr Claire MOREL", "10:20")
    await amina.types("Elle a mal")
    await opens(lea, "Défaire…", "Oui, défaire")
    claire.rang("votre accord avait été noté par erreur")

    await claire.taps("J'accepte 10:20")
    await story.wait(minutes=11)

    claire.sees("Odile KELLER")
    claire.sees("Elle a mal")


async def test_what_was_still_owed_to_a_nurse_who_has_left_goes_as_soon(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await amina.taps("Je ne peux plus y aller")
    story.telegram.send_text(claire.user, claire.user.id, "Elle a mal où ?")
    await story.bot.intake.receive(story.telegram.take_updates())
    await story.bot.intake.work_all()  # owed to Amina, and not yet sent
    await amina.taps("Véhicule")

    await story.wait(minutes=11)

    amina.sees_not("Elle a mal où ?")
