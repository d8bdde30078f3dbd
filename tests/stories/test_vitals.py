"""Constantes, as nurse, doctor and OSNP live them."""

from bot.domain.mission import Mission
from tests.stories.story import Story, plain


async def at_the_bedside(story: Story, *, age: int = 94) -> Mission:
    """Amina is there, Dr Morel will do the video."""
    mission = await story.mission(offered_to=["Amina", "Bruno"], age=age)
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("J'accepte 10:20")
    await story.person("Amina").taps("Sur place")
    return mission


async def test_one_line_becomes_a_card_for_the_doctor(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await at_the_bedside(story)

    await amina.types("TA 13/8 FC 96 SpO2 93 aa FR 22 T 38,4 EVA 6 conscience A apyr")

    card = claire.sees(
        "constantes de 09:23",
        "TA 130/80 mmHg · FC 96/min",
        "SpO2 93 % air ambiant ⚠ · FR 22/min ⚠",
        "T° 38,4 °C ⚠ · EVA 6/10 · conscience A",
        "Non pris : dextro",
        "NEWS2 6 · aide, ne décide pas",
    )
    assert card.protected
    claire.rang("constantes de 09:23")
    amina.sees("Non compris, non envoyé : « apyr »", "Envoyées au Dr Claire MOREL")
    claire.sees_not("apyr")
    lea.sees("📊 Constantes 09:23")
    lea.sees_not("130/80")


async def test_an_odd_value_waits_for_a_yes_and_the_others_with_it(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)

    await amina.types("TA 13/8 SpO2 78")
    amina.sees("SpO2 78 % : c'est bien ça ?")
    claire.sees_not("constantes de")

    await amina.taps("Oui, 78 %")
    claire.sees("TA 130/80 mmHg", "SpO2 78 % ⚠")


async def test_an_odd_value_is_corrected_before_it_is_sent(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)
    await amina.types("TA 13/8 SpO2 78")

    await amina.taps("Corriger")
    await amina.taps("96")

    claire.sees("SpO2 96 %")
    claire.sees_not("78 %")


async def test_what_cannot_be_true_is_refused_with_the_range(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)

    await amina.types("FC 500")

    amina.sees("« FC 500 » n'est pas possible", "20 à 250", "Rien n'a été envoyé")
    claire.sees_not("constantes de")


async def test_sign_by_sign_with_a_written_value_a_skip_and_an_early_end(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)

    await amina.taps("Constantes")
    amina.sees("TA, le premier chiffre")
    await amina.taps("130")
    await amina.taps("80")
    await amina.taps("Passer")  # FC
    await amina.taps("Autre valeur")
    await amina.types("97")
    amina.sees("SpO2 97 %", "Oxygène")
    claire.sees_not("constantes de")
    await amina.taps("Envoyer")

    claire.sees("TA 130/80 mmHg", "SpO2 97 %", "Non pris : FC")


async def test_a_button_of_an_older_card_changes_nothing(story: Story) -> None:
    amina = story.person("Amina")
    mission = await at_the_bedside(story)
    await amina.taps("Constantes")
    card = amina.newest("premier chiffre")
    await amina.taps("130")

    await amina.taps_old(card, f"kc:{mission.id}:1:systolic=90")

    amina.is_told_at_once("Cette saisie a changé")
    amina.sees("TA 130/?")


async def test_editing_the_line_corrects_and_keeps_the_history(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)
    await amina.types("TA 13/8 FC 96")
    claire.looks_away()
    await story.wait(minutes=3)

    await amina.edits("FC 96", "TA 13/8 FC 69")

    claire.sees("FC 69/min", "✏️ 09:26 · FC 96 → 69 (erreur de saisie)")
    claire.sees_nothing_new()


async def test_a_correction_by_buttons(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)
    await amina.types("TA 13/8 FC 96")

    await amina.taps("Corriger")
    amina.sees("Quelle valeur corriger ?")
    await amina.taps("FC")
    await amina.taps("70")

    claire.sees("FC 96 → 70 (erreur de saisie)")


async def test_a_later_line_is_a_new_series_and_rings_again(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)
    await amina.types("TA 13/8 FC 96")
    await story.wait(minutes=25)
    claire.looks_away()

    await amina.types("9h40 TA 12/8 FC 88")

    assert [view.silent for view in claire.new()] == [False]
    claire.sees("constantes de 09:40", "FC 88/min")


async def test_an_hour_still_to_come_is_not_believed(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)

    await amina.types("11h40 TA 12/8 FC 88")

    claire.sees("constantes de 09:23")
    amina.sees("Non compris, non envoyé : « 11h40 »")


async def test_a_high_score_puts_the_regulateur_forward(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await at_the_bedside(story)
    await amina.types("TA 9/5 FC 135 SpO2 90 aa FR 28 T 39,5 conscience A")
    amina.sees("NEWS2 14", "Appelez le 15 si l'état vous inquiète.")

    await amina.taps("Prévenir le régulateur")

    amina.is_told_at_once("le régulateur est prévenu")
    lea.rang("Dr Roth : l'IDEL demande un avis maintenant")
    lea.sees("O. K.", "Amina BENALI")
    lea.sees_not("NEWS2")
    await amina.taps("Prévenir le régulateur")
    amina.is_told_at_once("Déjà prévenu à 09:23")

    await lea.taps("Voir constantes")
    assert lea.sees("TA 90/50 mmHg").protected
    assert "disclosure.seen" in await story.journal((await latest(story)).id)


async def latest(story: Story) -> Mission:
    async with story.storage.transaction() as tx:
        return (await tx.missions.unfinished())[-1]


async def test_a_child_has_no_score(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story, age=9)
    await amina.types("TA 9/5 FC 135 SpO2 90 aa FR 28 T 39,5 conscience A")
    claire.sees("constantes de")
    claire.sees_not("NEWS2")
    amina.sees_no_button("Prévenir le régulateur")


async def test_constantes_before_the_doctor_are_kept_and_delivered(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 40 min")
    await amina.types("TA 13/8 FC 96")
    amina.sees("Gardées : envoyées au médecin dès qu'il est trouvé.")

    await claire.taps("J'accepte 10:20")

    claire.rang("constantes de 09:23")
    amina.sees("Envoyées au Dr Claire MOREL")


async def test_a_message_with_values_in_it_is_relayed_whole_and_noted(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)
    words = "Elle a mal depuis hier soir, sa TA est à 12/7 et FC 70 ce matin, que faire ?"

    await amina.types(words)

    claire.sees(words)
    claire.sees("TA 120/70 mmHg · FC 70/min")


async def test_constantes_survive_a_restart(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await at_the_bedside(story)
    await amina.types("SpO2 78 FC 96")

    await story.the_bot_restarts()
    await amina.taps("Oui, 78 %")

    assert "FC 96/min" in plain(claire.newest("constantes de").text)
