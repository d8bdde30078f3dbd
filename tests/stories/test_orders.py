"""The doctor's conclusion and nursing acts, as people live them."""

from tests.stories.story import Story
from tests.stories.test_thread import with_both


async def test_a_tapped_conclusion_reaches_the_nurse_who_acknowledges(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_both(story)

    await claire.taps("Conclusion")
    await claire.taps("Reste à domicile, surveillance")

    assert amina.sees("conclusion du médecin", "Reste à domicile, surveillance").protected
    amina.rang("conclusion du médecin")
    claire.sees("Envoyée à Amina BENALI, pas encore lue.")

    await story.wait(minutes=2)
    await amina.taps("Lu")
    claire.sees("Lue par Amina BENALI, 09:25")
    assert (await story.mission_now(mission.id)).closing.conclusion_read_at is not None


async def test_several_lines_and_own_words_replace_what_is_unread(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    await claire.taps("Conclusion")
    await claire.taps("Reste à domicile, surveillance")
    amina.looks_away()

    await claire.taps("Urgences si aggravation")
    await claire.taps("Écrire…")
    await claire.types("Paracétamol 1 g x 3, pas d'AINS")

    amina.sees("Reste à domicile", "Urgences si aggravation", "pas d'AINS")
    amina.sees_nothing_new()
    await amina.taps("Lu")

    await claire.taps("Médecin traitant sous 48 h")
    amina.rang("Revoir le médecin traitant sous 48 h")
    amina.sees_button("Lu")


async def test_the_next_text_is_a_message_again(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    await claire.taps("Conclusion")
    await claire.taps("Écrire…")
    await story.wait(minutes=16)

    await claire.types("Je vous appelle dans une minute")

    amina.sees("💬 SMT 1 · Dr Claire MOREL", "Je vous appelle")
    amina.sees_not("conclusion du médecin")


async def test_nursing_acts_are_settled_at_the_bedside(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    mission = await with_both(story)

    await claire.taps("Acte infirmier")
    await claire.taps("24 h")
    amina.rang("acte infirmier sous 24 h")
    await claire.types("Prise de sang NFS CRP")
    amina.sees("Prise de sang NFS CRP", "Le matériel est-il là ?")

    await amina.taps("Demander l'ordonnance de matériel")
    claire.rang("ordonnance demandée")
    await amina.taps("Je le fais")
    claire.sees("l'IDEL le fait")
    lea.sees("Acte infirmier sous 24 h : l'IDEL le fait")
    lea.sees_not("Prise de sang")

    visit = (await story.mission_now(mission.id)).visit
    assert (visit.acts_ordered, visit.acts_by) == ("24h", "me")


async def test_the_doctor_takes_an_act_back(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    await claire.taps("Acte infirmier")
    await claire.taps("48 h")

    await claire.taps("Annuler l'acte")

    amina.sees("acte retiré par le médecin")
    amina.sees_no_button("Je le fais")


async def test_only_the_chosen_doctor_concludes(story: Story) -> None:
    marc = story.person("Marc")
    mission = await with_both(story)
    await marc.taps_old(marc.newest("SMT 1"), f"dc:{mission.id}:0:home")
    marc.is_told_at_once("n'est pas à vous")
