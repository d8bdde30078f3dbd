"""The video: a link for each, told by chat and text message, trouble and its ways out."""

import re

from bot.domain.mission import Mission, MissionState
from bot.ports import Link
from tests.stories.story import Story


async def with_a_doctor(story: Story) -> Mission:
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await story.person("Claire").taps("J'accepte")
    return mission


def urls(story: Story, name: str) -> list[str]:
    """The addresses of the buttons this person has, newest first."""
    return [
        detail["url"]
        for view in sorted(story.person(name).messages(), key=lambda view: -view.id)
        for row in view.details
        for detail in row
        if detail.get("url")
    ]


async def link_of(story: Story, url: str) -> Link | None:
    async with story.storage.transaction() as tx:
        return await tx.links.find(url.partition("#")[2])


async def test_one_room_and_a_link_for_each(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)

    await amina.taps("Créer la visio")

    hers, theirs = urls(story, "Amina")[0], urls(story, "Claire")[0]
    assert hers != theirs
    assert hers.split("#")[0] == theirs.split("#")[0]
    room = re.fullmatch(r"https://visio\.example/([\w-]+)#[\w-]+", theirs)
    assert room is not None
    assert len(room[1]) >= 22
    link = await link_of(story, theirs)
    assert link is not None
    assert link.mission == mission.id
    assert link.expires_at is not None
    claire.rang("visio")
    amina.sees_no_button("Créer la visio")


async def test_the_nurse_sees_that_the_doctor_has_the_link(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)

    await amina.taps("Créer la visio")

    amina.sees(
        f"🎥 SMT {mission.number} · visio prête pour", "Lien reçu par le médecin : Telegram", "SMS remis"
    )
    amina.sees_button("ENTRER EN VISIO")
    claire.sees(f"🎥 SMT {mission.number} · visio", "Réseau, caméra, micro, son, batterie : vérifiez")
    text = next(t for t in story.sms.texts if "Lien personnel" in t.text)
    assert text.to == "+33639980021"
    assert re.fullmatch(
        rf"SAS 68: visio SMT {mission.number} a \d\d:\d\d\. Lien personnel: https://visio\.example/\S+"
        r" Probleme: OSNP 0353010010",
        text.text,
    )
    assert "KELLER" not in text.text


async def test_the_tokens_are_not_to_be_read_in_the_journal(story: Story) -> None:
    amina = story.person("Amina")
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")

    async with story.storage.transaction() as tx:
        lines = await tx.journal.of_mission(mission.id)
    token = urls(story, "Claire")[0].partition("#")[2]
    assert not any(token in str(line.facts) for line in lines)


async def test_trouble_gives_the_other_side_both_numbers(story: Story) -> None:
    lea, amina, claire = (story.person(name) for name in ("Léa", "Amina", "Claire"))
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")

    await amina.taps("Ça ne marche pas")

    amina.is_told_at_once("l'autre côté est prévenu")
    claire.sees(
        f"⚠ SMT {mission.number} · la visio bloque chez l'IDEL", "+33 6 39 98 00 11", "+33 6 39 98 00 21"
    )
    claire.rang("la visio bloque")
    amina.sees("+33 6 39 98 00 21")
    lea.sees("ça bloque chez l'IDEL")
    assert "visio.trouble" in await story.journal(mission.id)


async def test_a_new_link_is_another_room(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_a_doctor(story)
    await amina.taps("Créer la visio")
    former = urls(story, "Claire")[0]
    await claire.taps("Ça ne marche pas")
    amina.sees("la visio bloque chez le médecin")

    await story.wait(minutes=2)
    await amina.taps("Nouveau lien")

    assert urls(story, "Claire")[0].split("#")[0] != former.split("#")[0]
    assert former not in urls(story, "Claire")
    claire.sees("lien remplacé, voir plus bas")
    assert urls(story, "Amina")[0].split("#")[0] == urls(story, "Claire")[0].split("#")[0]


async def test_a_quarter_of_an_hour_later_in_the_same_room(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")
    before = await story.mission_now(mission.id)
    await amina.taps("Ça ne marche pas")

    await claire.taps("Décaler 15 min")

    after = await story.mission_now(mission.id)
    assert before.cascade.video_at is not None
    assert after.cascade.video_at is not None
    assert (after.cascade.video_at - before.cascade.video_at).total_seconds() == 15 * 60
    claire.is_told_at_once("visio décalée à")
    amina.sees("visio décalée à")
    claire.sees("visio décalée à")
    assert after.visio is not None
    assert before.visio is not None
    assert after.visio.room == before.visio.room


async def test_giving_up_asks_why_and_ends_the_mission(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.taps("Sur place")
    await amina.taps("Créer la visio")
    await amina.taps("Ça ne marche pas")

    await claire.taps("Abandonner (technique)")
    await claire.taps("Lien visio")

    amina.sees("Arrêt technique (lien visio)")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSING
    assert now.visio is not None
    assert now.visio.ended


async def test_the_link_dies_with_the_mission(story: Story) -> None:
    lea, amina, claire = (story.person(name) for name in ("Léa", "Amina", "Claire"))
    await with_a_doctor(story)
    await amina.taps("Créer la visio")

    await lea.taps("Autre…")
    await lea.taps("Autre effecteur")
    await lea.taps("Oui, un autre y va")

    for teller in (amina, claire):
        teller.sees("visio terminée, le lien ne sert plus")
        teller.sees_no_button("ENTRER EN VISIO")
        teller.sees_no_button("Ça ne marche pas")


async def test_the_link_of_a_doctor_who_withdraws_dies(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")

    await claire.taps("Me retirer")
    await claire.taps("Oui, je me retire")

    claire.sees("le lien ne sert plus")
    claire.sees_no_button("ENTRER EN VISIO")
    now = await story.mission_now(mission.id)
    assert now.visio is not None
    assert now.visio.ended


async def test_a_doctor_without_telegram_gets_only_the_text_message(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"], medecin_traitant="Jean")
    await amina.taps("ACCEPTER · 20 min")
    await lea.taps("Accepte")
    label = next(
        words
        for view in reversed(lea.messages())
        for row in view.buttons
        for words in row
        if re.fullmatch(r"\d\d:\d\d", words)
    )
    await lea.taps(label)

    await amina.taps("Créer la visio")

    texts = [t for t in story.sms.texts if "Lien personnel" in t.text]
    assert [t.to for t in texts] == ["+33639980024"]
    amina.sees("Lien reçu par le médecin : SMS remis")
    assert "Telegram" not in amina.newest(f"🎥 SMT {mission.number}").text
