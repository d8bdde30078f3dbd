"""What OSNP do for a nurse whom only the telephone reaches: her video, what she notes, what she must hear."""

from dataclasses import replace

from bot.channels.sms import DryRunSms
from bot.domain.mission import Mission
from bot.domain.people import Party, PersonId
from bot.flows import visio as visio_flow
from bot.ports import SmsAccepted, SmsRejected, SmsRetry
from bot.sandbox.files import UploadedFile
from tests.stories.story import Story, Teller, plain
from tests.stories.test_control import denise, in_topic, opens, somebody
from tests.stories.test_questionnaire import answers_of
from tests.stories.test_visio import link_of, urls

HER_MOBILE = "+33639980019"


async def hers(story: Story, *, phone: str | None = HER_MOBILE) -> Mission:
    """A mission that Denise said yes to on the telephone."""
    nurse = await denise(story)
    async with story.storage.transaction() as tx:
        person = await tx.people.get(nurse)
        assert person is not None
        await tx.people.save(replace(person, phone=phone))
    mission = await story.mission(offered_to=["Denise"])
    await opens(story.person("Léa"), "IDEL…", "Attribuer, réponse", "📵 Denise R.", "Oui · 20 min")
    return mission


async def with_a_doctor(story: Story, *, phone: str | None = HER_MOBILE) -> Mission:
    """Likewise, and Claire has accepted."""
    mission = await hers(story, phone=phone)
    await story.person("Claire").taps("J'accepte")
    return mission


def denise_of(nurse: PersonId | None) -> Party:
    """The nurse's side, in the journal."""
    assert nurse is not None
    return Party.person(nurse)


def texts_to_her(story: Story) -> list[str]:
    """The text messages with a link, to her mobile."""
    return [text.text for text in story.sms.texts if text.to == HER_MOBILE and "Lien personnel" in text.text]


def sees_no_link(teller: Teller, story: Story) -> None:
    """No address of a room stands in the group."""
    shown = [view.text for view in teller.messages() if view.chat == story.group.id]
    assert not any("visio.example" in text for text in shown)


# The video


async def test_osnp_make_the_video_of_a_nurse_without_telegram_and_her_link_goes_by_text(
    story: Story,
) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_a_doctor(story)

    await lea.taps("Créer la visio")

    (text,) = texts_to_her(story)
    assert len(text) <= 160
    assert f"visio SMT {mission.number} a " in text
    link = await link_of(story, text.partition("personnel: ")[2].split()[0])
    assert link is not None
    nurse = (await story.mission_now(mission.id)).visit.idel
    assert (link.purpose, link.mission, link.person) == ("visio", mission.id, nurse)
    claire.sees(f"🎥 SMT {mission.number} · visio", "Réseau, caméra, micro, son, batterie : vérifiez")
    assert urls(story, "Claire")[0].split("#")[0] == text.partition("personnel: ")[2].split("#")[0]
    lea.sees(f"🎥 SMT {mission.number} · visio prête pour", "Lien de Denise R. : SMS remis", "Telegram")
    lea.sees_not("n'a pas été remis")
    sees_no_link(lea, story)
    lea_herself = await somebody(story, "Léa")
    assert await actors(story, mission, "visio.created") == [f"{lea_herself.party} for {denise_of(nurse)}"]


async def actors(story: Story, mission: Mission, kind: str) -> list[str]:
    """Who did that, as the journal has it."""
    async with story.storage.transaction() as tx:
        return [line.actor or "" for line in await tx.journal.of_mission(mission.id) if line.kind == kind]


async def test_a_nurse_with_a_landline_has_her_link_dictated(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_doctor(story, phone="+33353010019")

    await lea.taps("Créer la visio")

    assert texts_to_her(story) == []
    lea.sees("Léa, appeler Denise R.", "+33 3 53 01 00 19", "ni Telegram ni SMS", "+33 6 39 98 00 21")
    await lea.taps("Lien à dicter")
    lea.is_told_at_once("dans votre discussion")
    private = lea.newest("lien de l'IDEL, visio")
    assert private.chat == lea.user.id
    link = await link_of(story, private.text.split("https://")[1].split()[0])
    assert link is not None
    assert link.person == (await story.mission_now(mission.id)).visit.idel
    sees_no_link(lea, story)
    assert "disclosure.seen" in await story.journal(mission.id)


async def test_without_a_gateway_nothing_is_said_to_be_on_its_way(story: Story) -> None:
    lea = story.person("Léa")
    story.has_gateway = False
    await story.the_bot_restarts()
    await with_a_doctor(story)

    await lea.taps("Créer la visio")

    assert isinstance(story.bot.sms, DryRunSms)
    assert not [text for text in story.bot.sms.texts if "Lien personnel" in text.text]
    lea.sees("Léa, appeler Denise R.", "ni Telegram ni SMS")


class NobodyThere(DryRunSms):
    """A gateway that knows none of the numbers."""

    async def send(self, to: str, text: str, ref: str) -> SmsAccepted | SmsRejected | SmsRetry:
        """Refused."""
        return SmsRejected("unknown number")


async def test_a_text_that_is_refused_is_told_and_the_link_is_dictated(story: Story) -> None:
    lea = story.person("Léa")
    story.sms = NobodyThere()
    await story.the_bot_restarts()
    await with_a_doctor(story)

    await lea.taps("Créer la visio")

    lea.sees("Denise ROUX : SMS refusé, appelez", "+33 6 39 98 00 19")
    lea.sees("Son lien ne part pas (SMS refusé)")
    await lea.taps("Lien à dicter")
    lea.sees("lien de l'IDEL, visio")


async def test_she_says_on_the_phone_that_it_does_not_work_and_osnp_send_another_link(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_a_doctor(story)
    await lea.taps("Créer la visio")
    former = urls(story, "Claire")[0]

    await lea.taps("Ça ne marche pas")
    lea.is_told_at_once("l'autre côté est prévenu")
    claire.sees("la visio bloque chez l'IDEL", "+33 6 39 98 00 19")
    await story.wait(minutes=2)
    await lea.taps("Nouveau lien")

    first, second = texts_to_her(story)
    assert first.split("#")[0] != second.split("#")[0]
    assert urls(story, "Claire")[0].split("#")[0] != former.split("#")[0]
    lea.sees("lien remplacé, voir plus bas")
    await lea.taps("Décaler 15 min")
    lea.sees("visio décalée à")
    assert len(texts_to_her(story)) == 3
    assert "visio.moved" in await story.journal(mission.id)


async def test_when_it_does_not_work_for_the_doctor_osnp_phone_the_nurse(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    await with_a_doctor(story)
    await lea.taps("Créer la visio")

    await claire.taps("Ça ne marche pas")

    claire.is_told_at_once("appelez l'autre côté")
    lea.rang("Léa : appeler Denise R.")
    lea.sees("la visio bloque chez le médecin")
    lea.sees_not("n'est pas parti")


async def test_her_link_dies_with_the_mission(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_doctor(story)
    await lea.taps("Créer la visio")
    await lea.taps("Lien à dicter")

    await lea.taps("Autre…")
    await lea.taps("Autre effecteur")
    await lea.taps("Oui, un autre y va")

    lea.sees_no_button("Lien à dicter")
    lea.sees_no_button("Nouveau lien")
    assert not any("visio.example" in view.text for view in lea.messages())
    now = await story.mission_now(mission.id)
    assert now.visio is not None
    assert now.visio.ended


async def test_a_nurse_whom_the_bot_does_not_reach_any_more_gets_her_link_by_text_too(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await story.person("Claire").taps("J'accepte")
    await opens(lea, "IDEL…")
    lea.sees_no_button("Créer la visio")
    story.telegram.block(amina.user)
    await story.settle()

    await opens(lea, "IDEL…", "Créer la visio")

    texted = {text.to for text in story.sms.texts if "Lien personnel" in text.text}
    assert texted == {"+33639980021", "+33639980011"}
    lea.sees(f"🎥 SMT {mission.number} · visio prête pour", "Lien de Amina B. : SMS remis")


async def test_osnp_do_not_make_the_video_of_a_nurse_who_has_it_in_her_chat(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await story.person("Claire").taps("J'accepte")
    card = lea.newest("Dr Claire MOREL")

    for data in (f"xc:{mission.id}:0:", f"xd:{mission.id}:0:"):
        await lea.taps_old(card, data)
        lea.is_told_at_once("le bot la joint")

    assert (await story.mission_now(mission.id)).visio is None
    operator = await somebody(story, "Léa")
    said = await visio_flow.trouble(story.bot.given, operator, mission.id)
    assert said.kind == "visio.not_yours"


# The questionnaire


async def test_osnp_note_the_answers_she_gives_on_the_phone(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_a_doctor(story)
    await opens(lea, "IDEL…")
    lea.sees_no_button("Questionnaire")
    await lea.taps("Sur place")

    await opens(lea, "IDEL…", "Questionnaire")
    lea.sees(f"📋 SMT {mission.number} · questionnaire, au téléphone", "Denise R. répond", "État général ?")
    await lea.taps("Altéré")

    lea.is_told_at_once("noté")
    lea.sees("1 réponse, noté par Léa M. (téléphone)")
    asked = lea.newest("questionnaire, au téléphone")
    assert asked.chat == story.group.id
    assert "ltéré" not in asked.text
    claire.sees("état général : altéré")
    assert await answers_of(story, mission) == {"etat": "altere"}
    nurse = denise_of((await story.mission_now(mission.id)).visit.idel)
    lea_herself = await somebody(story, "Léa")
    assert await actors(story, mission, "questionnaire.answered") == [f"{lea_herself.party} for {nurse}"]

    await lea.taps("✎ État général")
    await lea.taps("Très altéré")
    assert await answers_of(story, mission) == {"etat": "grave"}
    await lea.taps("Visite terminée")
    await lea.taps("Oui, terminée")
    lea.sees("questionnaire, au téléphone", "Clos.")
    lea.sees_no_button("✎ État général")


async def test_osnp_answer_for_no_nurse_who_can_answer_herself(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await amina.taps("Sur place")
    await opens(lea, "IDEL…")
    lea.sees_no_button("Questionnaire")

    for arg in ("*", "etat.grave", "etat.", ""):
        await lea.taps_old(lea.newest("IDEL"), f"iq:{mission.id}:0:{arg}")
        lea.is_told_at_once("pas à vous")
    assert await answers_of(story, mission) == {}


# What she must hear


async def calls_of(story: Story, mission: Mission) -> list[str]:
    """What OSNP still owe her."""
    return [call.why for call in (await story.mission_now(mission.id)).nurse_calls]


async def test_what_she_must_hear_is_one_request_settled_by_one_tap(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_doctor(story)
    assert await calls_of(story, mission) == ["assigned", "doctor"]
    call = lea.newest("Léa : appeler Denise R.")
    lea.rang("Léa : appeler Denise R.")
    for words in (
        "+33 6 39 98 00 19",
        "À dicter : le patient",
        "Dr Claire MOREL, visio",
        "+33 6 39 98 00 21",
    ):
        assert words in plain(call.text)
    lea.sees("📞 Denise R. à appeler : 2 choses à dire")

    await lea.taps("C'est dit")

    lea.is_told_at_once("elle le sait")
    lea.sees("Denise R. : c'est dit (Léa M.")
    lea.sees_not("choses à dire")
    assert await calls_of(story, mission) == []
    assert "control.idel_told" in await story.journal(mission.id)


async def test_a_call_nobody_makes_is_asked_for_again(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_doctor(story)
    await lea.taps("Patient prévenu")

    await story.wait(minutes=6)

    lea.sees("⏰", "Léa : appeler Denise R.", "Demandé à")
    lea.sees("Denise ROUX", "+33 6 39 98 00 19", "Quoi : voir")
    await lea.taps("C'est dit")
    assert await calls_of(story, mission) == []
    lea.sees("✔", "suite donnée")


async def test_a_tap_settles_only_what_was_on_the_screen(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await hers(story)
    first = lea.newest("Léa : appeler Denise R.")
    await claire.taps("J'accepte")

    nurse = (await story.mission_now(mission.id)).visit.idel
    await lea.taps_old(first, f"zi:{mission.id}:0:{nurse}.1")

    assert await calls_of(story, mission) == ["doctor"]
    lea.sees_button("C'est dit")
    await lea.taps_old(first, f"zi:{mission.id}:0:{nurse}.1")
    lea.is_told_at_once("déjà noté")


async def test_a_doctor_who_goes_takes_the_hour_with_him_before_she_heard_of_it(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_a_doctor(story)

    await claire.taps("Me retirer")
    await claire.taps("Oui, je me retire")

    assert await calls_of(story, mission) == ["assigned", "doctor_gone"]
    lea.sees("Léa : appeler Denise R.", "À dicter : le patient", "le médecin s'est retiré")


async def test_a_mission_that_is_cancelled_is_told_to_her_even_when_it_is_closed(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_doctor(story)
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Régulateur")

    assert await calls_of(story, mission) == ["ended"]
    lea.sees("Léa : appeler Denise R.", "Elle n'a plus à y aller")
    if lea.has_button("Patient prévenu"):
        await lea.taps("Patient prévenu")
    await story.wait(minutes=6)
    lea.sees("⏰", "appeler Denise R.")

    await lea.taps("C'est dit")
    assert await calls_of(story, mission) == []
    lea.looks_away()
    await story.wait(hours=2)
    assert not [view for view in lea.new() if "appeler Denise" in view.text]


async def test_what_the_doctor_writes_and_what_the_cahier_says_is_read_to_her(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_a_doctor(story)
    await lea.taps("C'est dit")

    await claire.types("Merci de prendre la tension debout")
    await claire.types("liaison : chien enfermé")

    assert await calls_of(story, mission) == ["message", "liaison"]
    lea.sees("À lire : message ou document", "À lire : cahier de liaison")
    lea.sees_not("tension debout")
    lea.sees_not("n'est pas parti")
    claire.sees("l'OSNP le dit à l'IDEL")
    await lea.taps("C'est dit")
    assert await calls_of(story, mission) == []


async def test_nobody_but_osnp_says_that_she_knows(story: Story) -> None:
    claire = story.person("Claire")
    mission = await with_a_doctor(story)
    nurse = (await story.mission_now(mission.id)).visit.idel

    await claire.taps_old(claire.newest("c'est à vous"), f"zi:{mission.id}:0:{nurse}.9")

    claire.is_told_at_once("pas pour vous")
    assert await calls_of(story, mission) == ["assigned", "doctor"]


# The constantes she dictates


async def with_her_at_the_patients(story: Story) -> Mission:
    """Claire has accepted, and Denise has said that she is there."""
    mission = await with_a_doctor(story)
    await opens(story.person("Léa"), "IDEL…", "Sur place")
    return mission


async def test_a_line_of_constantes_in_the_topic_is_hers_and_goes_to_the_doctor(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)

    await in_topic(story, lea, mission.number, "constantes : TA 13/8 FC 72 SpO2 96 aa")

    claire.rang("constantes de")
    claire.sees("TA 130/80 mmHg", "FC 72/min", "SpO2 96 % air ambiant", "notées par Léa M.")
    own = lea.newest("Dictées au téléphone, notées par Léa M.")
    assert own.chat == lea.user.id
    lea.sees("constantes envoyées au médecin")
    async with story.storage.transaction() as tx:
        (row,) = await tx.documents.vitals(mission.id)
    nurse = denise_of((await story.mission_now(mission.id)).visit.idel)
    lea_herself = await somebody(story, "Léa")
    assert row.author == nurse
    assert await actors(story, mission, "vitals.sent") == [f"{lea_herself.party} for {nurse}"]
    lea.sees_not("n'est pas parti")


async def test_a_line_typed_for_her_is_corrected_and_goes_when_the_dossier_goes(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    await in_topic(story, lea, mission.number, "constantes : TA 13/8 FC 96")

    await lea.edits("FC 96", "constantes : TA 13/8 FC 69")

    claire.sees("FC 96 → 69 (erreur de saisie)")
    await opens(lea, "Annuler la mission")
    await lea.taps("Régulateur")
    await story.wait(hours=48)
    lea.sees_not("TA 13/8")
    claire.sees_not("FC 69")


async def test_an_odd_value_is_asked_of_the_operator_before_it_leaves(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)

    await in_topic(story, lea, mission.number, "Constantes: SpO2 68 TA 13/8")

    lea.sees("La suite est dans votre discussion")
    asked = lea.newest("c'est bien ça ?")
    assert asked.chat == lea.user.id
    claire.sees_not("SpO2 68")
    await lea.taps("Oui, 68 %")
    claire.sees("SpO2 68 %", "notées par Léa M.")


async def test_what_is_no_constante_is_said_and_nothing_leaves(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    claire.looks_away()

    await in_topic(story, lea, mission.number, "constantes : rien de particulier")

    lea.sees("Non compris, rien n'est envoyé")
    claire.sees_nothing_new()


async def test_the_constantes_are_tapped_for_her_too(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    await with_her_at_the_patients(story)

    await opens(lea, "IDEL…", "Constantes")
    assert lea.newest("constantes, pas encore envoyées").chat == lea.user.id
    await lea.types("TA 13/8 FC 72")
    await lea.taps("Envoyer")

    claire.sees("TA 130/80 mmHg", "FC 72/min", "notées par Léa M.")


async def test_nobody_dictates_for_a_mission_without_a_nurse(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])

    await in_topic(story, lea, mission.number, "constantes : TA 13/8")

    lea.sees("aucun IDEL ne l'a, rien n'est noté")
    async with story.storage.transaction() as tx:
        assert await tx.documents.vitals(mission.id) == []


# What the doctor wants of her before leaving


async def test_osnp_read_the_conclusion_out_to_her_and_the_doctor_sees_that_she_knows_it(
    story: Story,
) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    await lea.taps("C'est dit")

    await claire.taps("Conclusion")
    await claire.taps("Reste à domicile, surveillance")
    claire.sees("Denise ROUX n'a pas le bot", "l'OSNP la lui lit au téléphone")
    lea.sees("À lire : conclusion du médecin")
    await lea.taps("Lire la conclusion")
    aloud = lea.newest("conclusion, à lire à Denise R.")
    assert aloud.chat == lea.user.id
    assert "Reste à domicile, surveillance" in aloud.text
    assert aloud.protected
    assert "disclosure.seen" in await story.journal(mission.id)
    assert not [v for v in lea.messages() if v.chat == story.group.id and "surveillance" in v.text]

    await lea.taps("Lu à l'IDEL")
    lea.is_told_at_once("le médecin le voit")
    claire.sees("Lue au téléphone à Denise ROUX par Léa M., 09:")
    lea.sees("Conclusion lue par l'IDEL")
    lea.sees_no_button("Lu à l'IDEL")
    lea.sees_no_button("Lire la conclusion")
    assert await calls_of(story, mission) == []
    nurse = denise_of((await story.mission_now(mission.id)).visit.idel)
    lea_herself = await somebody(story, "Léa")
    assert await actors(story, mission, "orders.conclusion_read") == [f"{lea_herself.party} for {nurse}"]


async def test_what_is_said_to_her_was_read_and_a_changed_conclusion_is_to_be_read_again(
    story: Story,
) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    await claire.taps("Conclusion")
    await claire.taps("Reste à domicile, surveillance")

    await lea.taps("C'est dit")
    claire.sees("Lue au téléphone à Denise ROUX par Léa M.")
    await claire.taps("Urgences si aggravation")

    claire.sees("l'OSNP la lui lit au téléphone")
    assert (await story.mission_now(mission.id)).closing.conclusion_read_at is None
    assert await calls_of(story, mission) == ["conclusion"]

    await lea.taps("Lire la conclusion")
    aloud = lea.newest("conclusion, à lire à Denise R.")
    await claire.taps("Médecin traitant sous 48 h")
    nurse_called = (await story.mission_now(mission.id)).nurse_called
    await lea.taps_old(aloud, f"dr:{mission.id}:0:{nurse_called - 1}")
    lea.is_told_at_once("la conclusion a changé")
    assert await calls_of(story, mission) == ["conclusion"]


async def test_osnp_note_what_she_answers_about_the_acts(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    await lea.taps("C'est dit")

    await claire.taps("Acte infirmier")
    await claire.taps("24 h")
    await claire.types("Prise de sang NFS CRP")
    claire.sees("Réponse de l'IDEL attendue")
    lea.sees("À dire : actes infirmiers demandés, sous 24 h", "Notez sa réponse")
    assert not [v for v in lea.messages() if v.chat == story.group.id and "NFS" in v.text]

    await lea.taps("Acte : ordonnance de matériel")
    lea.is_told_at_once("noté, le médecin le voit")
    claire.rang("ordonnance demandée")
    claire.sees("Répondu au téléphone, noté par Léa M.")
    assert await calls_of(story, mission) == []
    await opens(lea, "IDEL…", "Acte : l'IDEL le fait")

    claire.sees("l'IDEL le fait", "noté par Léa M.")
    lea.sees("Acte infirmier sous 24 h : l'IDEL le fait")
    visit = (await story.mission_now(mission.id)).visit
    assert (visit.acts_ordered, visit.acts_by) == ("24h", "me")
    nurse = denise_of(visit.idel)
    lea_herself = await somebody(story, "Léa")
    assert await actors(story, mission, "orders.acts_answered") == [f"{lea_herself.party} for {nurse}"] * 2


async def test_an_act_that_is_taken_back_is_told_to_her(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    await claire.taps("Acte infirmier")
    await claire.taps("48 h")
    await lea.taps("C'est dit")
    lea.sees_button("Acte : l'IDEL le fait")

    await claire.taps("Annuler l'acte")

    lea.sees("À dire : l'acte infirmier demandé est retiré par le médecin.")
    assert await calls_of(story, mission) == ["acts"]
    await lea.taps("Acte : l'IDEL le fait")  # the message of before still had it
    lea.is_told_at_once("pas d'acte demandé")


async def test_osnp_answer_the_doctor_for_no_nurse_who_reads_herself(story: Story) -> None:
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await claire.taps("J'accepte")
    await claire.taps("Conclusion")
    await claire.taps("Reste à domicile, surveillance")
    await claire.taps("Acte infirmier")
    await claire.taps("24 h")

    for data in (f"dr:{mission.id}:0:", f"aa:{mission.id}:0:me"):
        await lea.taps_old(lea.newest("IDEL"), data)
        lea.is_told_at_once("pas à vous")
    now = await story.mission_now(mission.id)
    assert (now.closing.conclusion_read_at, now.visit.acts_by) == (None, None)


async def answers_with(
    story: Story, teller: Teller, kind: str, name: str, words: str, caption: str = ""
) -> None:
    """A file that answers the bot's message with these words."""
    view = teller.newest(words)
    file = UploadedFile(name, b"content of " + name.encode())
    story.telegram.send_files(
        teller.user, view.chat, kind, [file], caption=caption, thread=view.thread, reply_to=view.id
    )
    await story.settle()


async def test_what_she_has_sent_to_osnp_goes_to_the_doctor_as_passed_on_for_her(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await with_her_at_the_patients(story)
    await lea.taps("C'est dit")

    await answers_with(story, lea, "document", "ordonnance.pdf", "c'est dit")
    claire.sees(f"📄 SMT {mission.number} · Léa MARTIN pour Denise R., SAS 68")
    assert await calls_of(story, mission) == [], "nobody reads her own photo to her"

    await answers_with(story, lea, "photo", "hopital.jpg", "c'est dit", caption="@médecin de l'hôpital")
    claire.sees(f"📷 SMT {mission.number} · Léa MARTIN, SAS 68")
