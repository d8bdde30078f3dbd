"""What OSNP decide by hand: who has the mission, what was said on the phone, who holds it, notes."""

import asyncio

import pytest

from bot.domain import search_answers
from bot.domain.mission import CascadeState, EndReason, IdelOfferState, MissionState, SearchState, VisitState
from bot.domain.outcome import to_group
from bot.domain.people import Person, PersonId, Role
from bot.flows import control as control_flow
from bot.flows import search as search_flow
from bot.flows.record import record
from tests.stories.story import Story, Teller, plain
from tests.stories.test_races import one_has_it
from tests.stories.test_waves import neighbours


async def denise(story: Story) -> PersonId:
    """A nurse whom only the telephone reaches."""
    person = Person(
        PersonId(0), Role.IDEL, "ROUX", "Denise", phone="+33639980019", commune="68224", on_telegram=False
    )
    async with story.storage.transaction() as tx:
        return await tx.people.add(person)


async def somebody(story: Story, name: str) -> Person:
    """As they stand in the list of people."""
    async with story.storage.transaction() as tx:
        return next(p for p in await tx.people.all() if p.first_name == name)


async def opens(teller: Teller, *pages: str) -> None:
    """«Autre…», and from page to page."""
    await teller.taps("Autre…")
    for page in pages:
        await teller.taps(page)


def topic_of(story: Story, teller: Teller, number: int) -> int:
    """The topic of a mission in the group."""
    views = [
        v for v in teller.messages() if v.chat == story.group.id and v.thread and f"SMT {number}" in v.text
    ]
    assert views[-1].thread is not None
    return views[-1].thread


async def in_topic(story: Story, teller: Teller, number: int, text: str) -> None:
    """Typed in the mission's topic."""
    await teller.types(text, to=story.group.id, thread=topic_of(story, teller, number))


# Assigned by hand


async def test_a_nurse_who_agrees_on_the_phone_has_the_mission_as_if_she_had_tapped(story: Story) -> None:
    lea, amina, bruno, claire = (story.person(name) for name in ("Léa", "Amina", "Bruno", "Claire"))
    mission = await story.mission(offered_to=["Amina", "Bruno"])

    await opens(lea, "IDEL…", "Attribuer, réponse")
    lea.sees("quel(le) IDEL ?")
    await lea.taps("⏳ Amina B.")
    lea.sees("Amina B.", "+33 6 39 98 00 11", "Elle accepte au téléphone")
    await lea.taps("Oui · 40 min")

    lea.is_told_at_once("est à Amina B., accord par téléphone")
    amina.rang("est à vous")
    amina.sees("est à vous", "Attribuée par Léa M. (accord par téléphone)", "Arrivée annoncée 10:03")
    amina.sees("Odile KELLER", "12 rue des Tanneurs")
    bruno.sees("prise à 09:23 par un(e) collègue")
    bruno.sees_no_button("ACCEPTER · 20 min")
    lea.sees("Amina B. y va, sur place 10:03", "Léa : prévenir le patient")
    lea.sees("attribuée, accord par téléphone (Léa M., 09:23)")
    claire.sees("téléconsultation avec IDEL")
    now = await story.mission_now(mission.id)
    assert now.visit.state is VisitState.PLANNED
    assert "control.assigned" in await story.journal(mission.id)
    async with story.storage.transaction() as tx:
        assert (await tx.people.engaged()).get(now.visit.idel or PersonId(0)) == mission.id


async def test_a_nurse_who_was_never_asked_or_has_refused_can_have_it_too(story: Story) -> None:
    lea, david = story.person("Léa"), story.person("David")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Bruno").taps("REFUSER")
    await opens(lea, "IDEL…", "Attribuer, réponse")
    lea.sees_button("✖ Bruno F.")

    await lea.taps("David L.")
    lea.sees("Pas encore demandée")
    await lea.taps("Oui · 1 h")

    david.rang("est à vous")
    now = await story.mission_now(mission.id)
    assert (now.search.asked, now.search.refused) == (3, 1)


async def test_whoever_taps_after_an_assigned_nurse_gave_back_is_not_told_that_osnp_assigned_it(
    story: Story,
) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Amina B.", "Oui · 20 min")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")

    await bruno.taps("ACCEPTER · 20 min")

    bruno.sees("est à vous")
    bruno.sees_not("Attribuée par")


async def test_the_usual_nurse_without_telegram_is_told_by_osnp_too(story: Story) -> None:
    lea = story.person("Léa")
    nurse = await denise(story)
    mission = await story.mission(offered_to=["Denise"])
    given = story.bot.given
    async with story.storage.transaction() as tx:
        offer = await tx.offers.get(mission.id, nurse)
        person = await tx.people.get(nurse)
        assert offer is not None
        assert person is not None
        won = search_answers.win(mission, offer, person, 20, given.now())  # as at the opening: she said yes
        await record(given, tx, won, "p1")
    story.bot.wake()
    await story.settle()

    lea.rang("Léa : appeler Denise R.")
    lea.sees_not("ne peut pas lui écrire")


async def test_nobody_is_assigned_what_somebody_has_taken_meanwhile(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Bruno F.")
    menu = lea.newest("Elle accepte au téléphone")
    await amina.taps("ACCEPTER · 20 min")

    bruno = next(p for p in await story.registered(Role.IDEL) if p.first_name == "Bruno")
    await lea.taps_old(menu, f"za:{mission.id}:0:{bruno.id}.20")

    lea.is_told_at_once("déjà prise")
    assert (await story.mission_now(mission.id)).visit.idel != bruno.id


async def test_of_a_tap_and_an_assignment_at_the_same_moment_one_wins_and_the_other_knows(
    story: Story,
) -> None:
    await story.mission(offered_to=["Amina"])  # another one: whoever wins the second holds it alone
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    given = story.bot.given
    amina, bruno, lea = [await somebody(story, name) for name in ("Amina", "Bruno", "Léa")]

    tapped, assigned = await asyncio.gather(
        search_flow.accept(given, amina, mission.id, 1, 20),
        control_flow.assign(given, lea, mission.id, to_group(mission.id), bruno.id, 20),
    )

    winner = await one_has_it(story, mission.id)
    kinds = (tapped.kind, assigned.kind)
    if winner == amina.id:
        assert kinds == ("search.yours", "control.taken")
    else:
        assert kinds == ("search.too_late", "control.assigned")


async def test_a_nurse_with_another_mission_is_not_given_a_second_one(story: Story) -> None:
    lea = story.person("Léa")
    first = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    second = await story.mission(offered_to=["Bruno"])
    amina = (await story.mission_now(first.id)).visit.idel
    await opens(lea, "IDEL…", "Attribuer, réponse", "⛔ Amina B.")
    lea.sees("A déjà une mission en cours")
    lea.sees_no_button("Oui · 20 min")

    await lea.taps_old(lea.newest("A déjà une mission"), f"za:{second.id}:0:{amina}.20")

    lea.is_told_at_once(f"a déjà SMT {first.number} : une mission à la fois")
    assert (await story.mission_now(second.id)).search.state is SearchState.OFFERED


async def test_only_the_group_assigns(story: Story) -> None:
    bruno = story.person("Bruno")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    offer = bruno.newest("visite + téléconsultation")

    await bruno.taps_old(offer, f"za:{mission.id}:0:1.20")
    bruno.is_told_at_once("pas pour vous")
    await bruno.taps_old(offer, f"mm:{mission.id}:0:nurses.0")
    bruno.is_told_at_once("pas à vous")
    assert (await story.mission_now(mission.id)).search.state is SearchState.OFFERED


async def test_a_mission_of_a_nurse_without_telegram_is_lived_to_its_end_by_osnp(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    nurse = await denise(story)
    mission = await story.mission(offered_to=["Denise"])
    lea.sees("IDEL à appeler, que le bot ne joint pas", "Denise ROUX")

    await opens(lea, "IDEL…", "Attribuer, réponse", "📵 Denise R.", "Oui · + tard")
    lea.rang("Léa : appeler Denise R.")
    lea.sees("Léa : appeler Denise R.", "+33 6 39 98 00 19", "À dicter : le patient")
    lea.sees("Denise R. : heure d'arrivée ?")
    lea.sees_not("n'a pas été remis")
    await lea.taps("40 min")
    await lea.taps("Patient prévenu")
    await claire.taps("J'accepte 10:20")
    lea.sees("À dire : Dr Claire MOREL, visio 10:20")

    await opens(lea, "IDEL…")
    await lea.taps("En route")
    await lea.taps("Sur place")
    assert (await story.mission_now(mission.id)).visit.state is VisitState.ON_SITE
    await lea.taps("Visite terminée")
    await lea.taps("Oui, terminée")

    lea.sees("3 questions", "Acte infirmier associé ?")
    await lea.taps("Aucun → TLD")
    await lea.taps("Reste à domicile")
    await lea.taps("Remise")
    lea.sees(f"✅ SMT {mission.number} close")
    await claire.taps("Tout est fait")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.visit.idel == nurse
    assert "billing.idel" in await story.journal(mission.id)
    async with story.storage.transaction() as tx:
        assert nurse not in await tx.people.engaged()


async def test_a_doctor_proposes_an_hour_and_osnp_answer_for_a_nurse_without_telegram(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    await denise(story)
    mission = await story.mission(offered_to=["Denise"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "📵 Denise R.", "Oui · 20 min")
    await claire.taps("J'accepte 10:00")
    await claire.taps("Changer l'heure")
    await claire.taps("10:15")
    lea.rang("visio 10:15, d'accord pour Denise R. ?")

    await lea.taps("OK 10:15")

    now = await story.mission_now(mission.id)
    assert now.cascade.proposal is None
    assert story.local(now.cascade.video_at) == "10:15"  # type: ignore[arg-type]


async def test_any_doctor_can_be_assigned_whatever_the_step(story: Story) -> None:
    lea, sophie, claire, amina = (story.person(name) for name in ("Léa", "Sophie", "Claire", "Amina"))
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    claire.sees("téléconsultation avec IDEL")

    await opens(lea, "Médecin…", "Attribuer à…", "Dr Sophie HAAS", "10:20")

    sophie.rang("c'est à vous, visio 10:20")
    sophie.sees("Odile KELLER")
    amina.sees("médecin trouvé, visio 10:20")
    claire.sees("un(e) collègue l'a prise à")
    now = await story.mission_now(mission.id)
    assert now.cascade.state is CascadeState.FOUND
    assert now.cascade.doctor is not None
    assert now.cascade.doctor.step == "garde"


async def test_a_doctor_who_phones_to_withdraw_is_taken_out_and_the_search_goes_on(story: Story) -> None:
    lea, claire, marc, amina = (story.person(name) for name in ("Léa", "Claire", "Marc", "Amina"))
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await claire.taps("J'accepte 10:20")
    marc.looks_away()

    await opens(lea, "Médecin…", "Le médecin se retire", "Oui, il se retire")

    lea.is_told_at_once("retrait noté")
    amina.sees("le médecin s'est retiré")
    marc.sees("téléconsultation avec IDEL")
    assert (await story.mission_now(mission.id)).cascade.state is CascadeState.RUNNING


# Answers on the phone


async def test_a_refusal_on_the_phone_is_noted_and_her_card_says_so(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])

    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Amina B.", "Refuse")

    lea.is_told_at_once("refus de Amina B. noté")
    amina.sees("refusée")
    now = await story.mission_now(mission.id)
    assert now.search.refused == 1
    async with story.storage.transaction() as tx:
        offers = {o.person: o for o in await tx.offers.of_mission(mission.id)}
        lines = [
            line for line in await tx.journal.of_mission(mission.id) if line.kind == "control.nurse_refused"
        ]
    assert [o.reason for o in offers.values() if o.state is IdelOfferState.REFUSED] == ["phone"]
    assert [line.facts["by"] for line in lines] == ["Léa M."]


async def test_nobody_answering_her_phone_leaves_the_offer_open(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Amina B.", "Ne répond pas")
    lea.is_told_at_once("ne répond pas, noté")

    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Amina B.")
    lea.sees("Ne répond pas au téléphone")
    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("est à vous")


# Searched again


async def test_osnp_take_the_mission_back_and_search_again(story: Story) -> None:
    lea, amina, bruno, claire = (story.person(name) for name in ("Léa", "Amina", "Bruno", "Claire"))
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")
    await claire.taps("J'accepte 10:00")

    await opens(lea, "IDEL…", "Relancer la recherche…", "Injoignable")

    lea.is_told_at_once("recherche relancée")
    amina.rang("reprise par l'OSNP")
    amina.sees("reprise par l'OSNP à 09:2", "Vous n'avez plus à y aller")
    lea.sees("reprise à Amina B. par Léa M. (injoignable)", "prévenir le patient")
    claire.sees("l'IDEL ne peut plus venir")
    await bruno.taps("ACCEPTER · 40 min")
    now = await story.mission_now(mission.id)
    assert now.visit.state is VisitState.PLANNED
    assert now.cascade.doctor is not None


# Who holds it


async def test_a_mission_taken_over_is_visible_to_all_and_the_former_is_told(story: Story) -> None:
    lea, hugo, paul = (story.person(name) for name in ("Léa", "Hugo", "Paul"))
    mission = await story.mission(offered_to=["Amina"])
    lea.sees("Tenue par Léa")

    await opens(hugo, "Suivi…", "Je prends la main")

    hugo.is_told_at_once("tenue par Hugo")
    paul.sees("Tenue par Hugo")
    lea.rang("tenue par Hugo depuis")
    assert "control.handed_over" in await story.journal(mission.id)
    await story.person("Amina").taps("ACCEPTER · 20 min")
    hugo.sees("Hugo : prévenir le patient")


async def test_a_mission_is_given_to_another_operator_who_is_rung(story: Story) -> None:
    lea, ines = story.person("Léa"), story.person("Inès")
    mission = await story.mission(offered_to=["Amina"])

    await opens(lea, "Suivi…", "Transférer…", "Inès")

    ines.rang("à vous, transférée par Léa")
    given = ines.newest("à vous, transférée par Léa")
    assert given.buttons == [["Voir le patient", "Fiche"]]  # what grows stale stands in the topic alone
    lea.sees("tenue par Inès à partir de")
    held = await story.mission_now(mission.id)
    inès = next(p for p in await story.registered(Role.OSNP) if p.first_name == "Inès")
    assert held.operator == inès.id


async def test_every_change_of_the_holder_is_news_in_the_topic_and_on_the_board(story: Story) -> None:
    lea, hugo, ines, paul = (story.person(name) for name in ("Léa", "Hugo", "Inès", "Paul"))
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    paul.sees("OSNP Léa")

    for teller, pages, holder, former in (
        (hugo, ("Je prends la main",), "Hugo", lea),
        (hugo, ("Transférer…", "Inès"), "Inès", None),
        (lea, ("Je prends la main",), "Léa", ines),
    ):
        await story.wait(minutes=1)
        paul.looks_away()
        await opens(teller, "Suivi…", *pages)
        await story.wait(minutes=1)

        news = [view for view in paul.new() if f"tenue par {holder} à partir de" in plain(view.text)]
        assert [view.thread for view in news] == [topic_of(story, paul, mission.number)]
        board = paul.newest("mission en cours")
        assert f"OSNP {holder}" in plain(board.text)
        assert f"Tenue par {holder}" in plain(paul.newest("Déclenchée 09:23").text)
        if former is not None:
            former.rang(f"tenue par {holder} depuis")
    assert (await story.journal(mission.id)).count("control.handed_over") == 3
    ines.rang("à vous, transférée par Hugo")
    paul.sees("tenue par Inès à partir de", "(Hugo)")


# Notes


async def test_a_note_is_read_in_private_and_never_shown_in_the_group(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])

    await lea.types(f"/note {mission.number} Les clés sont chez la voisine")

    lea.sees("note gardée")
    hugo.sees("📝 1 note")
    hugo.sees_not("voisine")
    await hugo.taps("Voir le patient")
    hugo.sees("Léa M. : Les clés sont chez la voisine")
    assert hugo.newest("voisine").protected
    async with story.storage.transaction() as tx:
        lines = await tx.journal.of_mission(mission.id)
    assert not any("voisine" in str(line.facts) for line in lines)


async def test_in_its_topic_a_note_needs_no_number_and_may_begin_with_one(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])

    await in_topic(story, lea, mission.number, "/note 2 chiens dans la cour")

    await story.bot.delivery.purge.purge_due()
    hugo.sees_not("chiens")  # the line that was typed is no longer there
    await hugo.taps("Voir le patient")
    hugo.sees("Léa M. : 2 chiens dans la cour")


async def test_a_note_by_button_is_typed_in_private(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "Suivi…", "Note")
    lea.sees("écrivez la note ici")
    await lea.types("Sonner deux fois")
    lea.sees("note gardée")
    assert (await story.mission_now(mission.id)).notes == 1


# Cancelled with a reason


async def test_another_reason_is_typed_and_the_group_sees_it(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await opens(lea, "Annuler la mission", "Autre motif…")
    lea.sees("pourquoi l'annuler ?")

    await lea.types("route coupée par la neige")

    lea.sees("annulée (autre motif)", "Motif : route coupée par la neige", "Léa : prévenir le patient")
    amina.sees("annulée à")
    amina.sees_not("neige")
    now = await story.mission_now(mission.id)
    assert now.end is not None
    assert (now.end.reason, now.end.detail) == (EndReason.CANCELLED, "other")


async def test_the_reason_typed_in_the_topic_counts_after_a_yes(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "Annuler la mission", "Autre motif…")

    await in_topic(story, hugo, mission.number, "la fille a rappelé")  # nobody asked him
    lea.sees_not("Motif : la fille a rappelé")
    await in_topic(story, lea, mission.number, "route coupée par la neige")

    lea.sees(f"Annuler SMT {mission.number} ?", "Motif : route coupée par la neige")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN
    await in_topic(story, lea, mission.number, "je rappelle la patiente")  # asked no more
    await lea.taps("Oui, annuler")
    now = await story.mission_now(mission.id)
    assert now.end is not None
    assert (now.end.detail, now.end.text) == ("other", "route coupée par la neige")


async def test_the_reason_as_an_answer_to_the_question_in_the_topic_counts_too(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "Annuler la mission", "Autre motif…")

    await lea.replies("partie chez son fils", to_message_with=f"Annuler SMT {mission.number} ?")

    lea.sees("Motif : partie chez son fils")
    await lea.taps("Oui, annuler")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


@pytest.mark.parametrize("pages", [("Annuler la mission", "Autre motif…"), ("Suivi…", "Note")])
async def test_the_next_request_pasted_where_words_were_asked_opens_its_own_mission(
    story: Story, pages: tuple[str, ...]
) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, *pages)

    await lea.types(
        "Mme WEISS Berthe née le 01/01/1941\n5 rue principale 68110 Illzach\n03 53 01 00 68\nfièvre"
    )

    lea.sees("Nouvelle mission", "Berthe WEISS")
    lea.sees_not("Motif : Mme WEISS")
    now = await story.mission_now(mission.id)
    assert (now.state, now.end, now.notes) == (MissionState.OPEN, None, 0)

    await lea.taps("Abandonner")
    await lea.taps("Oui, effacer")
    await lea.types("bonjour")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


async def test_words_that_come_long_after_they_were_asked_cancel_nothing(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "Annuler la mission", "Autre motif…")
    await story.wait(minutes=11)

    await lea.types("bonjour")

    lea.sees("Pour ouvrir une mission")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


@pytest.mark.parametrize(
    ("button", "said", "is_owed"),
    [
        ("Déjà hospitalisé", "déjà hospitalisé", False),
        ("Médecin venu", "un médecin est venu", False),
        ("Erreur d'ouverture", "erreur d'ouverture", True),
        ("Patient refuse", "le patient refuse", False),
    ],
)
async def test_each_reason_has_its_words_and_knows_whether_the_patient_waits(
    story: Story, button: str, said: str, is_owed: bool
) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "Annuler la mission", button)
    lea.sees(f"annulée ({said})")
    assert bool((await story.mission_now(mission.id)).patient_calls) is is_owed


# Timers put off


async def test_a_request_is_put_off_with_an_end_and_the_card_shows_it(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")

    await opens(lea, "Suivi…", "Rappeler plus tard…", "20 min")

    lea.is_told_at_once("rappel à")
    hugo.sees("⏰ Rappel à 09:4")
    await story.wait(minutes=18)
    assert "watch.rung" not in await story.journal(mission.id)
    await story.wait(minutes=4)
    assert "watch.rung" in await story.journal(mission.id)


async def test_the_cascade_is_paused_for_as_long_as_wanted_and_goes_on_by_itself(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")

    await opens(lea, "Médecin…", "Pause 30 min")

    lea.is_told_at_once("pause jusqu'à 09:5")
    await story.wait(minutes=28)
    assert (await story.mission_now(mission.id)).cascade.state is CascadeState.PAUSED
    await story.wait(minutes=3)
    assert (await story.mission_now(mission.id)).cascade.state is CascadeState.RUNNING


# Commands


async def test_assign_by_command_opens_the_page_of_whom_the_words_mean(story: Story) -> None:
    lea, chloe = story.person("Léa"), story.person("Chloé")
    mission = await story.mission(offered_to=["Amina"])

    await lea.types(f"/attribuer {mission.number} chloe")
    lea.sees("Chloé M.", "Pas encore demandée")
    await lea.taps("Oui · 20 min")
    chloe.rang("est à vous")

    await lea.types(f"/attribuer {mission.number} haas")
    lea.sees("Dr Sophie HAAS : à quelle heure ?")
    await lea.types(f"/attribuer {mission.number} personne")
    lea.sees("Personne ne s'appelle « personne » ici")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("/attribuer amina", "Elle accepte au téléphone"),
        ("/annuler", "Annuler SMT 1 ?"),
        ("/defaire", "rien à défaire"),
        ("/transferer hugo", "tenue par Hugo à partir de"),
        ("/note", "écrivez la note ici"),
    ],
)
async def test_a_command_in_the_topic_is_answered_once(story: Story, command: str, shown: str) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    lea.looks_away()

    await in_topic(story, lea, mission.number, command)

    lea.sees(shown)
    for phrase in ("Choisissez ci-dessous", "Confirmez ci-dessous", "tous le voient"):
        lea.sees_not(phrase)


async def test_of_two_operators_who_note_a_doctor_the_second_is_told_that_one_is_there(story: Story) -> None:
    lea, hugo, amina = story.person("Léa"), story.person("Hugo"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await opens(lea, "Médecin…", "Attribuer à…", "Dr Sophie HAAS")
    page = hugo.newest("à quelle heure ?")
    await lea.taps("10:20")

    sophie = await somebody(story, "Sophie")
    hour = (await story.mission_now(mission.id)).cascade.video_at
    assert hour is not None
    await hugo.taps_old(page, f"zd:{mission.id}:0:{sophie.party}.{int(hour.timestamp()) // 60}")

    hugo.is_told_at_once("un médecin l'a déjà")


async def test_a_nurse_who_types_a_command_of_osnp_is_told_what_she_may_do(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await amina.types(f"/annuler {mission.number}")
    amina.sees("C'est l'OSNP qui décide cela", "Je ne peux plus y aller")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


async def test_the_hour_by_command(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")

    await in_topic(story, lea, mission.number, "/heure 10h30")
    lea.sees("arrivée 10:30 (Léa M.)", "prévenir le patient")
    amina.sees("Arrivée annoncée 10:30")

    await lea.types(f"/heure {mission.number} 25h")
    lea.sees("Heure non comprise")
    await lea.types(f"/heure {mission.number} 8h")
    lea.sees("Cette heure est passée")
    await lea.types(f"/heure {mission.number}")
    lea.sees("heure d'arrivée ?")


async def test_the_hour_of_another_mission_is_typed_in_a_topic_with_its_number(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    first = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    second = await story.mission(offered_to=["Bruno"])

    await in_topic(story, lea, second.number, f"/heure {first.number} 10h15")

    expected = (await story.mission_now(first.id)).visit.expected_at
    assert expected is not None
    assert story.local(expected) == "10:15"
    lea.sees("fait : heure d'arrivée")
    await story.person("Bruno").taps("ACCEPTER · 20 min")
    await in_topic(story, lea, second.number, "/heure 11 30")
    expected = (await story.mission_now(second.id)).visit.expected_at
    assert expected is not None
    assert story.local(expected) == "11:30"


async def test_no_wave_is_asked_for_a_mission_that_somebody_has(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await lea.types(f"/elargir {mission.number}")
    lea.sees(f"SMT {mission.number} : déjà prise.")
    await opens(lea, "Annuler la mission", "Doublon")
    await lea.types(f"/elargir {mission.number}")
    lea.sees(f"SMT {mission.number} est terminée")


async def test_without_a_nurse_no_doctor_is_asked_for_an_hour(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await lea.types(f"/attribuer {mission.number} morel")
    lea.sees("le médecin, pas encore", "Il faut d'abord un(e) IDEL et son heure.")
    await amina.taps("ACCEPTER · 20 min")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    lea.looks_away()
    await lea.types(f"/attribuer {mission.number} morel")
    lea.sees("le médecin, pas encore", "Il faut d'abord un(e) IDEL et son heure.")
    lea.sees_not("à quelle heure ?")


async def test_a_mission_nobody_has_takes_no_hour_and_is_not_called_over(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await in_topic(story, lea, mission.number, "/heure 10h30")
    lea.sees("SMT 1 : aucun IDEL ne l'a")
    lea.sees_not("SMT 1 est terminée")


async def test_an_operator_answers_the_question_of_the_hour_with_an_hour(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await lea.taps("Changer l'heure")

    await lea.replies("10h45", to_message_with="heure d'arrivée ?")

    lea.sees("arrivée 10:45 (Léa M.)")
    amina.sees("Arrivée annoncée 10:45")
    now = await story.mission_now(mission.id)
    assert story.local(now.visit.expected_at) == "10:45"  # type: ignore[arg-type]


async def test_the_next_wave_is_asked_now_by_a_button_and_by_a_command(story: Story) -> None:
    lea, emma = story.person("Léa"), story.person("Emma")
    await neighbours(story)
    mission = await story.mission(in_waves=True)
    emma.sees_not("visite + téléconsultation")

    await opens(lea, "IDEL…", "Élargir")

    emma.sees_button("ACCEPTER · 20 min")
    await lea.types(f"/elargir {mission.number}")
    lea.sees("tous les IDEL disponibles sont déjà sollicités")


async def test_transfer_and_cancel_by_command(story: Story) -> None:
    lea, hugo, amina = story.person("Léa"), story.person("Hugo"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])

    await lea.types(f"/transferer {mission.number} hug")
    hugo.rang("à vous, transférée par Léa")
    await hugo.types(f"/annuler {mission.number}")
    hugo.sees(f"Annuler SMT {mission.number} ?")
    hugo.sees(f"SMT {mission.number} : la suite se touche dans son sujet")
    await hugo.taps("Doublon")
    amina.sees("annulée à")


async def test_words_behind_a_typed_number_cancel_only_after_a_yes_that_names_the_mission(
    story: Story,
) -> None:
    lea, hugo, amina = story.person("Léa"), story.person("Hugo"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")

    await lea.types(f"/annuler {mission.number} route coupée par la neige")

    assert (await story.mission_now(mission.id)).state is MissionState.OPEN
    lea.sees(
        f"Annuler SMT {mission.number} ?",
        "Femme, 94 ans · Mulhouse · O. K.",
        "Seront prévenus : Amina B.",
        "Motif : route coupée par la neige",
    )
    lea.sees_no_button("Doublon")
    await lea.types("Bonjour à tous")  # waits for no words
    await hugo.taps("Oui, annuler")  # a colleague may say yes
    now = await story.mission_now(mission.id)
    assert now.end is not None
    assert (now.end.reason, now.end.text) == (EndReason.CANCELLED, "route coupée par la neige")
    amina.sees("Vous n'avez plus à y aller")


async def test_a_number_typed_wrong_cancels_nobodys_visit(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await lea.types(f"/annuler {mission.number} doublon", to=story.group.id)
    lea.sees("Seront prévenus : 1 IDEL sollicité", "Motif : doublon")
    await lea.taps("Non")
    lea.sees("rien n'est changé")
    lea.sees_no_button("Oui, annuler")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


async def test_in_its_own_topic_the_reason_suffices(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await in_topic(story, lea, mission.number, "/annuler doublon")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.end is not None
    assert (now.end.detail, now.end.text) == ("duplicate", None)
    lea.sees("annulée (doublon)")


async def test_a_typed_reason_that_has_its_button_is_that_reason(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await lea.types(f"/annuler {mission.number} Médecin venu")
    await lea.taps("Oui, annuler")
    now = await story.mission_now(mission.id)
    assert now.end is not None
    assert (now.end.detail, now.end.text) == ("doctor_came", None)


async def test_what_a_typed_number_decided_is_shown_with_its_patient_and_taken_back_there(
    story: Story,
) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")

    for place in (story.group.id, None):
        await lea.types(f"/heure {mission.number} 11h00", to=place)
        lea.sees("fait : heure d'arrivée", "Femme, 94 ans · Mulhouse · O. K.")
        await lea.taps("Défaire")
        expected = (await story.mission_now(mission.id)).visit.expected_at
        assert expected is not None
        assert story.local(expected) == "10:03"
        lea.sees_not("✔ SMT 1 · fait")
    await lea.types(f"/transferer {mission.number} hugo")
    lea.sees("fait : transfert")
    await lea.taps("Défaire")
    hugo.rang("tenue par Léa depuis")
    assert (await story.mission_now(mission.id)).operator == mission.operator


async def test_in_its_own_topic_a_typed_hour_needs_no_second_look(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await in_topic(story, lea, mission.number, "/heure 11h00")
    lea.sees_not("✔ SMT 1 · fait")


async def test_a_command_without_a_mission_or_with_a_wrong_number_says_so(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"])
    for command in ("attribuer", "annuler", "note", "transferer", "heure", "elargir", "rouvrir", "defaire"):
        await lea.types(f"/{command}")
        lea.sees("Quelle mission ?")
        await lea.types(f"/{command} 99")
        lea.sees("Aucune mission au numéro 99")
    await amina.types("/annuler 1")
    amina.sees_not("Annuler SMT")


async def test_a_wrong_number_in_a_topic_never_touches_the_mission_of_that_topic(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await in_topic(story, lea, mission.number, "/annuler 77")
    lea.sees("Aucune mission au numéro 77")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


# The menu


async def test_every_page_leads_back_and_an_older_menu_is_deleted(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await opens(lea, "IDEL…", "Attribuer, réponse")
    for page in ("quel(le) IDEL", "l'IDEL", "que se passe-t-il"):
        lea.sees(page)
        if page != "que se passe-t-il":
            await lea.taps("Retour")

    await opens(lea)
    await story.wait(minutes=1)

    menus = [v for v in lea.messages() if "que se passe-t-il" in plain(v.text)]
    assert len(menus) == 1
