"""Activity, indemnities and one's own missions: as text and as a file, from the journal."""

import csv
import io

from bot.domain.people import MissionId
from tests.stories.story import Story, Teller


async def one_mission(story: Story, *, act: str = "Aucun → TLD", exercise: bool = False) -> MissionId:
    """From the déclenchement to the close."""
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"], exercise=exercise)
    await amina.taps("ACCEPTER · 20 min")
    await claire.taps("J'accepte")
    await story.wait(minutes=20)
    await amina.taps("Sur place")
    await amina.taps("Créer la visio")
    await story.wait(minutes=30)
    await amina.ends_the_visit()
    for answer in (act, "Reste à domicile", "Remise"):
        await amina.taps(answer)
    await claire.taps("Tout est fait")
    return mission.id


def sheet(story: Story, reader: Teller, words: str) -> list[list[str]]:
    """The file that came with the newest message with these words."""
    view = reader.newest(words)
    assert view.file == "document"
    assert view.file_id is not None
    kept = story.telegram.world.files.find(view.file_id)
    assert kept is not None
    content = kept.content
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


async def test_the_activity_of_the_month(story: Story) -> None:
    lea = story.person("Léa")
    await one_mission(story)
    await one_mission(story, exercise=True)
    await story.mission(offered_to=["Bruno"])
    await story.wait(minutes=31)

    await lea.types("/activite")

    report = lea.sees("📊 Activité 10/2026", "2 missions")
    assert "Sans IDEL dans le délai : 1 sur 2 (50 %)" in report.text
    assert "Maintenus à domicile : 1 sur 1 (100 %)" in report.text
    assert "Exercices, hors chiffres : 1" in report.text
    rows = {row[0]: row[1:] for row in sheet(story, lea, "📊 Activité")}
    assert rows["Missions déclenchées"][0] == "2"
    assert rows["Échecs techniques"][1] == "%"


async def test_the_statement_of_the_month_nurse_by_nurse(story: Story) -> None:
    nadia, amina = story.person("Nadia"), story.person("Amina")
    await one_mission(story)
    await amina.taps("Corriger")
    for answer in ("Oui → TLS + acte", "Reste à domicile", "Remise"):
        await amina.taps(answer)

    await nadia.types("/indemnites 2026-10")

    nadia.sees("💶 Indemnités 10/2026", "Amina BENALI : 1 ligne · dû 27 €")
    rows = sheet(story, nadia, "💶 Indemnités")
    assert [row[4] for row in rows[1:]] == ["remplacée", "correction", "TOTAL dû", "TOTAL à arbitrer"]
    assert rows[1][13] == "TLD"
    assert rows[2][13] == "TLS"
    assert rows[2][2] == "99900000011"
    assert rows[3][17] == "27,00"
    assert not any("KELLER" in cell or "Odile" in cell for row in rows for cell in row)


async def test_a_nurse_sees_her_own_and_nobody_elses(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await one_mission(story)
    number = (await story.mission_now(mission)).number

    await amina.types("/mes_missions")
    await bruno.types("/mes_missions")

    amina.sees("🗂 Vos missions 10/2026", f"SMT {number} · Mulhouse · TLD 15 € · Indemnité 27 € : due")
    bruno.sees("🗂 Vos missions 10/2026", "Aucune")
    assert bruno.newest("🗂").file is None


async def test_a_doctor_sees_what_was_confirmed(story: Story) -> None:
    claire = story.person("Claire")
    mission = await one_mission(story)
    number = (await story.mission_now(mission)).number

    await claire.types("/mes_missions")

    claire.sees("🗂 Vos missions", f"SMT {number} · Mulhouse · TCG+SNP 40 €")


async def test_asked_in_the_group_it_is_answered_in_private(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    await one_mission(story)

    await lea.types("/indemnites", to=story.group.id)

    assert lea.newest("💶 Indemnités").chat == lea.user.id
    hugo.sees("Envoyé dans votre discussion")
    hugo.sees_not("💶")


async def test_who_may_not_read_a_statement_is_told_so(story: Story) -> None:
    amina, paul = story.person("Amina"), story.person("Paul")
    await amina.types("/indemnites")
    amina.sees("pas pour vous")
    await paul.types("/indemnites")
    paul.sees("pas pour vous")
    await paul.types("/activite n'importe quoi")
    paul.sees("Période non comprise")


async def test_the_month_before_by_one_tap(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("/activite")
    await lea.taps("◀ 09/2026")
    lea.sees("📊 Activité 09/2026", "Aucune mission déclenchée")
