"""What is said late: words whose mission has moved on, cards of people who were away."""

from bot.domain.mission import SearchState
from tests.soak import truth
from tests.soak.field import Field


async def test_every_notice_of_a_mission_may_come_after_nurse_and_doctor_are_gone(field: Field) -> None:
    amina, claire = field.person("Amina"), field.person("Claire")
    mission = await field.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")
    await field.let_pass(300)
    await claire.taps("J'accepte")
    await field.let_pass(300)
    spoken = [notice for notice in field.spoken if notice.mission == mission.id]
    assert {"search.taken", "visit.doctor_found", "doctor.billing"} <= {notice.kind for notice in spoken}

    await amina.taps("Un problème ?")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    await field.let_pass(60)

    assert (await field.mission_now(mission.id)).search.state is SearchState.OFFERED
    assert await truth.words_come_late(field, spoken) == []
    await claire.taps("Me retirer")
    assert (await field.mission_now(mission.id)).cascade.doctor is None
    assert await truth.words_come_late(field, spoken) == []


async def test_whoever_lets_the_bot_in_again_sees_what_has_become_of_their_missions(field: Field) -> None:
    amina, bruno, claire, lea = (field.person(name) for name in ("Amina", "Bruno", "Claire", "Léa"))
    mission = await field.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")
    await claire.taps("J'accepte")
    await field.let_pass(60)
    for teller in (amina, bruno, claire):
        field.telegram.block(teller.user)
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Doublon")
    await field.let_pass(120)
    for teller in (amina, claire):
        teller.sees_not("annulée")

    field.telegram.unblock(amina.user)
    field.telegram.unblock(claire.user)
    await field.let_pass(120)

    amina.sees(f"⛔ SMT {mission.number} · annulée")
    claire.sees(f"⛔ SMT {mission.number} · annulée")
    amina.sees_no_button("En route")
    bruno.sees_not("annulée")
