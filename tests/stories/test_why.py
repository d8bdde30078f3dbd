"""`/pourquoi`: why somebody was asked, or was not, in the reasons that decided."""

from dataclasses import replace
from datetime import time, timedelta

from bot.domain.people import Role, WeeklyHours
from tests.stories.story import Story
from tests.stories.test_waves import FAR, neighbours, nurse, pause


async def works(story: Story, name: str, weekly: tuple[WeeklyHours, ...]) -> None:
    """When she may be asked."""
    person = await nurse(story, name)
    async with story.storage.transaction() as tx:
        await tx.people.save(replace(person, weekly=weekly))


async def test_a_nurse_reads_why_she_was_asked_or_was_not(story: Story) -> None:
    await neighbours(story)
    amina, emma, david = story.person("Amina"), story.person(FAR), story.person("David")
    await pause(story, "David", story.clock.now() + timedelta(hours=1))
    await story.mission(in_waves=True)
    await amina.taps("ACCEPTER · 20 min")

    await amina.types("/pourquoi")
    amina.sees(
        "SMT 1 · 06/10/2026 09:23 · Mulhouse · Chute", "sollicité(e) à 09:23 (1re vague), moins d'1 km"
    )
    await emma.types("/pourquoi")
    emma.sees("prise à 09:23 avant votre vague, vous êtes à 16 km")
    await david.types("/pourquoi")
    david.sees("pas sollicité(e) : en pause à 09:23, jusqu'à 10:23")


async def test_a_leave_and_hours_of_the_week_are_said_as_they_were_then(story: Story) -> None:
    lea, david, amina = story.person("Léa"), story.person("David"), story.person("Amina")
    await pause(story, "David", story.clock.now() + timedelta(days=3))
    tuesday = (WeeklyHours(1, time(14), time(18)), WeeklyHours(1, time(19), time(21)))
    await works(story, "Amina", tuesday)
    await works(story, "Bruno", (WeeklyHours(4, time(8), time(12)),))
    mission = await story.mission()
    await pause(story, "David", None)
    await works(story, "Amina", ())

    await david.types("/pourquoi")
    david.sees("en pause à 09:23, jusqu'au vendredi 09/10, 09:23")
    await amina.types("/pourquoi")
    amina.sees("hors de vos heures à 09:23 (14:00–18:00, 19:00–21:00)")
    await lea.types(f"/pourquoi {mission.number} amina benali")
    lea.sees("hors de ses heures à 09:23 (14:00–18:00, 19:00–21:00)")
    await story.person("Bruno").types("/pourquoi")
    story.person("Bruno").sees("hors de vos heures à 09:23 (aucune ce jour-là)")


async def test_where_the_service_is_closed_that_is_said(story: Story) -> None:
    amina = story.person("Amina")
    await story.wait(hours=13)
    await story.mission()
    await amina.types("/pourquoi")
    amina.sees("service fermé à 22:23, vous n'êtes pas sollicité(e) hors service")


async def test_whoever_has_a_mission_reads_that_she_is_busy(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await story.mission()
    await amina.types("/pourquoi 2")
    amina.sees("SMT 2", "pas sollicité(e) : déjà en mission à 09:23")


async def test_who_waits_for_her_wave_reads_when_it_comes(story: Story) -> None:
    await neighbours(story)
    await story.mission(in_waves=True)
    await story.person(FAR).types("/pourquoi 1")
    story.person(FAR).sees("votre vague vient : la prochaine à 09:28, vous êtes à 16 km")


async def test_the_rule_is_said_with_the_values_of_the_region(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(in_waves=True)
    await amina.types("/pourquoi")
    amina.sees(
        "1. L'IDEL habituel(le) d'abord.",
        "toutes les 5 min au plus : à moins de 10 km, 20 km, 40 km, puis tous",
        "8 IDEL au moins",
        "À 5 km près, qui a été le moins souvent en 1re vague depuis 30 jours",
        "Hors de ses secteurs : dernière vague",
        "Vous : 1 fois parmi les premiers sollicités (1re vague) depuis 30 jours",
    )


async def test_where_nothing_was_written_down_of_her_that_is_said(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Bruno"])  # by an earlier version, which kept no reasons
    await amina.types("/pourquoi 1")
    amina.sees("raison inconnue")


async def test_whoever_was_not_registered_yet_reads_that(story: Story) -> None:
    await neighbours(story)
    await story.mission(in_waves=True)
    await neighbours(story, ("Nouvelle",))
    await story.person("Nouvelle").types("/pourquoi 1")
    story.person("Nouvelle").sees("pas encore inscrit(e) à 09:23")


async def test_the_answer_names_no_patient_and_goes_to_nobody_else(story: Story) -> None:
    await neighbours(story)
    emma = story.person(FAR)
    await story.mission(in_waves=True)
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await emma.types("/pourquoi 1")
    for secret in ("KELLER", "Odile", "94 ans", "rue des Tanneurs", "Amina", "Femme"):
        emma.sees_not(secret)
    story.person("Léa").sees_not("Pourquoi sollicité(e)")


async def test_osnp_read_the_waves_and_why_somebody_was_not_in_them(story: Story) -> None:
    await neighbours(story)
    lea, group = story.person("Léa"), story.group.id
    await pause(story, "David", story.clock.now() + timedelta(hours=1))
    await story.mission(in_waves=True)
    await story.wait(minutes=6)

    await lea.types("/pourquoi 1")
    lea.sees(
        "SMT 1 · qui a été sollicité",
        "1re vague 09:23 : 11 sollicités, 1 ensuite",
        "2e vague 09:28 : 1 sollicité",
        "Pas sollicités : 1 en pause",
    )
    await lea.types("/pourquoi 1 david lang", to=group)
    lea.sees("SMT 1 · pourquoi David L.", "pas sollicité(e) : en pause à 09:28")
    await lea.types("/pourquoi 1 personne")
    lea.sees("Aucun(e) IDEL de ce nom")
    await lea.types("/pourquoi")
    lea.sees("Quelle mission ?")
    await lea.types("/pourquoi 99")
    lea.sees("SMT 99 : inconnue")


async def test_a_doctor_is_told_that_it_is_not_for_them(story: Story) -> None:
    claire = story.person("Claire")
    await story.mission()
    await claire.types("/pourquoi 1")
    claire.sees("/pourquoi répond aux IDEL et aux OSNP")
    claire.sees_not("1re vague")


async def test_the_reasons_stay_true_when_she_is_free_again(story: Story) -> None:
    await pause(story, "David", story.clock.now() + timedelta(hours=1))
    await story.mission()
    await pause(story, "David", None)
    assert (await nurse(story, "David")).role is Role.IDEL
    await story.person("David").types("/pourquoi")
    story.person("David").sees("pas sollicité(e) : en pause à 09:23")
