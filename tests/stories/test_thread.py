"""Documents and messages between nurse and doctor, as people live them."""

from dataclasses import replace

from bot.domain.mission import Mission
from bot.domain.people import Role
from tests.stories.story import Story, plain

CARD = "📎 SMT"


async def with_both(story: Story) -> Mission:
    """Amina goes, Dr Morel will do the video."""
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("J'accepte 10:20")
    return mission


async def with_two(story: Story) -> tuple[Mission, Mission]:
    """Amina holds two missions; Dr Morel has the first, Dr Adam the second."""
    async with story.storage.transaction() as tx:
        amina = next(p for p in await tx.people.all(Role.IDEL) if p.first_name == "Amina")
        await tx.people.save(replace(amina, several_missions=True))
    first = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("J'accepte 10:20")
    second = await story.mission(offered_to=["Amina"], commune="68271")
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await story.person("Marc").taps("J'accepte 10:40")
    return first, second


async def test_a_text_reaches_the_doctor_with_its_author_and_the_nurse_knows(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await with_both(story)

    await amina.types("La patiente est fatiguée depuis hier")

    relayed = claire.sees("💬 SMT 1 · Amina BENALI, IDEL", "fatiguée depuis hier")
    assert plain(relayed.text).splitlines()[0] == "💬 SMT 1 · Amina BENALI, IDEL"
    assert relayed.protected
    claire.rang("fatiguée")
    assert amina.sees("message : transmis au Dr Claire MOREL, 09:23").silent
    lea.sees(CARD, "1 message")
    lea.sees_not("fatiguée")

    await claire.types("Depuis quand exactement ?")
    amina.sees("Dr Claire MOREL", "Depuis quand exactement ?")
    amina.rang("Depuis quand")


async def test_an_album_arrives_whole_in_order_and_rings_once(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await with_both(story)
    claire.looks_away()

    await amina.sends("photo", "1.jpg", "2.jpg", "3.jpg", caption="ordonnances en cours")

    photos = claire.new()
    assert [view.file for view in photos] == ["photo"] * 3
    assert [view.silent for view in photos] == [False, True, True]
    assert "ordonnances en cours" in photos[0].text
    assert "ordonnances" not in photos[1].text
    amina.sees("3 photos : transmis au Dr Claire MOREL")
    lea.sees(CARD, "3 documents")
    lea.sees_not("ordonnances en cours")


async def test_every_kind_of_file_is_relayed(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    for kind, name in (("document", "bilan.pdf"), ("voice", "v.ogg"), ("audio", "a.mp3"), ("video", "v.mp4")):
        await amina.sends(kind, name)
        assert claire._newest_first()[0].file == kind
    amina.sees("transmis au Dr Claire MOREL")


async def test_a_document_over_20_mb_is_relayed_and_that_is_said(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)

    await amina.sends("document", "scanner.pdf", size=25 * 1024 * 1024)

    claire.sees("📄 SMT 1 · Amina BENALI, IDEL")
    amina.sees("Plus de 20 Mo : transmis tel quel, aucune copie ne peut être gardée.")


async def test_what_cannot_be_relayed_is_said(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    claire.looks_away()

    story.telegram.share_contact(amina.user, amina.user.id)
    await story.settle()

    amina.sees("Un contact n'est pas transmis : écrivez le numéro.")
    claire.sees_nothing_new()


async def test_edits_and_replies_follow(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    await amina.types("Elle prend du Previscan")
    claire.looks_away()

    await amina.edits("Previscan", "Elle prend du Préviscan 20 mg")
    claire.sees("modifié 09:23", "Préviscan 20 mg")
    claire.sees_nothing_new()

    await claire.replies("Dernier INR ?", to_message_with="Préviscan")
    answer = amina.newest("Dernier INR ?")
    assert answer.reply_to == amina.newest("Elle prend du Préviscan 20 mg").id


async def test_before_there_is_a_doctor_everything_is_kept_then_delivered_in_order(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 40 min")
    await amina.sends("photo", "plaie.jpg", caption="talon gauche")
    await amina.types("Elle a mal")
    amina.sees("photo : gardé", "Envoyé au médecin dès qu'il est trouvé.")
    claire.looks_away()

    await claire.taps("J'accepte 10:20")

    texts = [plain(view.text) for view in claire.new()]
    photo = next(i for i, text in enumerate(texts) if "talon gauche" in text)
    words = next(i for i, text in enumerate(texts) if "Elle a mal" in text)
    assert photo < words
    amina.sees("photo : transmis au Dr Claire MOREL")
    amina.sees("message : transmis au Dr Claire MOREL")


async def test_a_carte_vitale_is_shown_anew_protected_and_never_to_the_group(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await with_both(story)
    await amina.sends("photo", "carte.jpg")
    lea.sees_button("Voir photo 09:23")
    first = claire._newest_first()[0]
    assert not first.protected  # an attachment may leave the doctor's chat

    await amina.taps("Carte Vitale")
    await story.wait(minutes=1)

    shown = claire.sees("Carte Vitale · effacée à la fin de la visio")
    assert shown.protected
    assert first.id not in {view.id for view in claire.messages()}
    lea.sees_no_button("Voir photo 09:23")
    amina.sees("Jamais dans le groupe")


async def test_the_doctors_ordonnance_reaches_the_nurse_and_is_handed_over(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await with_both(story)

    await claire.sends("document", "ordonnance.pdf")

    arrived = amina.sees("Dr Claire MOREL", "Ordonnance")
    assert arrived.file == "document"
    assert not arrived.protected  # it is printed or shown to the pharmacist
    claire.sees("ordonnance : transmis à Amina BENALI")

    await amina.taps("Remise au patient")
    amina.is_told_at_once("Ordonnance remise")
    claire.sees("Remise au patient.")
    amina.sees_no_button("Envoyée autrement")
    assert lea.has_button("Voir ordo. 09:23")


async def test_osnp_see_a_document_in_their_own_chat_and_it_is_journalled(story: Story) -> None:
    amina, lea, hugo = story.person("Amina"), story.person("Léa"), story.person("Hugo")
    mission = await with_both(story)
    await amina.sends("photo", "plaie.jpg", caption="talon gauche")
    hugo.looks_away()

    await lea.taps("Voir photo 09:23")

    assert lea.sees("talon gauche").protected
    hugo.sees_not("talon gauche")
    assert "disclosure.seen" in await story.journal(mission.id)

    await amina.types("Elle a mal")
    await lea.taps("Lire les messages")
    lea.sees("Amina BENALI, IDEL", "Elle a mal")


async def test_osnp_write_by_answering_the_bot_and_talk_among_themselves(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await with_both(story)
    await amina.types("Elle a mal")
    topic = lea.newest(CARD).thread
    amina.looks_away()

    await lea.types("tu l'as appelée ?", to=story.group.id, thread=topic)
    amina.sees_nothing_new()

    await lea.replies("La fille arrive dans dix minutes", to_message_with=CARD)
    amina.sees("Léa MARTIN, SAS 68", "La fille arrive")
    claire.sees("Léa MARTIN, SAS 68", "La fille arrive")
    lea.sees(CARD, "SAS 68 : 1 message")

    await lea.types("@médecin merci de conclure", to=story.group.id, thread=topic)
    claire.sees("merci de conclure")
    amina.sees_not("merci de conclure")


async def test_with_two_missions_one_question_and_nothing_lands_on_the_wrong_one(story: Story) -> None:
    amina, claire, marc = story.person("Amina"), story.person("Claire"), story.person("Marc")
    await with_two(story)
    claire.looks_away()
    marc.looks_away()

    await amina.types("La porte est fermée")
    amina.sees("Message : pour quelle mission ?", "SMT 1 · Mulhouse", "Rien n'est parti.")
    claire.sees_nothing_new()
    marc.sees_nothing_new()

    await story.the_bot_restarts()
    await amina.edits("La porte est fermée", "La porte du bas est fermée")
    await amina.taps("SMT 2")

    amina.is_told_at_once("SMT 2 : envoyé")
    marc.sees("La porte du bas est fermée")
    claire.sees_nothing_new()


async def test_with_two_missions_an_answer_needs_no_question(story: Story) -> None:
    amina, claire, marc = story.person("Amina"), story.person("Claire"), story.person("Marc")
    await with_two(story)
    marc.looks_away()

    await amina.replies("Elle dort", to_message_with="Mme Odile KELLER")
    amina.sees_not("Elle dort : pour quelle mission")
    shown = [p for p in (claire, marc) if any("Elle dort" in v.text for v in p.messages())]
    assert len(shown) == 1

    await claire.types("Bien")
    await amina.replies("TA 13/8 FC 70", to_message_with="Bien")
    claire.sees("SMT 1 · constantes de")
    assert not any("constantes de" in view.text for view in marc.messages())


async def test_with_two_missions_an_album_is_one_question(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_two(story)
    claire.looks_away()

    await amina.sends("photo", "1.jpg", "2.jpg")
    amina.sees("2 envois : pour quelle mission ?")
    await amina.taps("SMT 1")

    assert [view.file for view in claire.new()] == ["photo", "photo"]


async def test_what_is_for_no_mission_can_be_dropped(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_two(story)
    claire.looks_away()
    await amina.types("Pardon, erreur")

    await amina.taps("Ne rien envoyer")

    amina.is_told_at_once("Rien n'a été envoyé")
    claire.sees_nothing_new()


async def test_without_a_mission_one_kind_sentence(story: Story) -> None:
    bruno = story.person("Bruno")
    await bruno.types("Bonjour")
    bruno.sees("Vous n'avez pas de mission en cours : rien n'a été envoyé.")


async def test_a_request_answered_in_words_is_not_accepted_and_that_is_said(story: Story) -> None:
    amina, bruno, claire = story.person("Amina"), story.person("Bruno"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await bruno.types("ok j'y vais, dans 20 min")
    bruno.sees("SMT 1 attend votre réponse : touchez un bouton de la demande.", "+33 3 53 01 00 10")
    bruno.sees_not("pas de mission en cours")
    await amina.taps("ACCEPTER · 20 min")
    await claire.types("dans 20 min")
    claire.sees("SMT 1 attend votre réponse")
    await bruno.types("alors ?")
    bruno.sees("Vous n'avez pas de mission en cours")
    assert (await story.mission_now(mission.id)).cascade.doctor is None


async def test_a_doctor_without_the_bot_is_said_with_the_number(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await story.mission(offered_to=["Amina"], medecin_traitant="Jean")
    await amina.taps("ACCEPTER · 40 min")
    await lea.taps("Accepte")
    await lea.taps("10:20")

    await amina.types("Elle a mal")

    amina.sees("message : gardé, pas transmis", "Dr Jean WEBER n'a pas le bot", "+33 6 39 98 00 24")


async def test_a_doctor_who_blocked_the_bot_is_said_at_once(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    story.telegram.block(claire.user)

    await amina.types("Vous êtes là ?")

    amina.rang("pas remis au Dr Claire MOREL")
    amina.sees("Appelez", "+33 6 39 98 00 21")


async def test_a_house_speaks_by_answering_and_gossips_in_peace(story: Story) -> None:
    amina = story.person("Amina")
    emma = await story.house("SOS médecin 68", "Emma")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("REFUSER")
    await story.person("Marc").taps("REFUSER")
    await emma.taps("J'accepte 10:20")
    house = story.houses["SOS médecin 68"]
    amina.looks_away()
    await emma.types("Dr Paul Haas", to=house)
    await emma.types("on mange où ?", to=house)
    amina.sees_not("on mange où")

    await amina.types("Elle a mal")
    await emma.replies("Depuis quand ?", to_message_with="Elle a mal")
    amina.sees("SOS médecin 68 (Emma KLEIN)", "Depuis quand ?")


async def test_in_topics_of_the_private_chat_the_thread_says_which_mission(story: Story) -> None:
    story.telegram.world.switches.topics_in_private = True
    amina, claire, marc = story.person("Amina"), story.person("Claire"), story.person("Marc")
    await with_two(story)
    marc.looks_away()
    thread = next(v.thread for v in amina._newest_first() if "SMT 1" in v.text and v.thread)

    await amina.types("Elle a mal", thread=thread)

    claire.sees("Elle a mal")
    marc.sees_nothing_new()


async def test_originals_are_purged_like_their_copies(story: Story) -> None:
    amina = story.person("Amina")
    await with_both(story)
    await amina.types("Elle a mal")
    await story.wait(hours=41)
    amina.sees_not("Elle a mal")


async def test_a_closed_mission_takes_nothing_and_says_so(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await with_both(story)
    await amina.types("Elle a mal")
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Patient refuse")
    claire.looks_away()

    await amina.replies("Encore une chose", to_message_with="Elle a mal")

    amina.sees("SMT 1 est close : rien n'a été envoyé.")
    assert not any("Encore une chose" in view.text for view in claire.new())


async def test_a_live_position_is_relayed_once_as_text(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await with_both(story)
    story.telegram._write(
        amina.user, amina.user.id, None, None, extra={"location": {"latitude": 47.75, "longitude": 7.33}}
    )
    await story.settle()
    claire.sees("📍 SMT 1", "47.75000, 7.33000")


async def test_a_nurse_who_takes_over_finds_the_whole_thread(story: Story) -> None:
    amina, bruno, claire = story.person("Amina"), story.person("Bruno"), story.person("Claire")
    await with_both(story)
    await amina.types("TA 13/8 FC 96")
    await amina.types("Elle a mal")
    await claire.types("Donnez-lui à boire")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    await claire.types("Prenez aussi le dextro")
    claire.sees("message : gardé", "Envoyé à l'IDEL dès qu'un(e) collègue y va.")

    await bruno.taps("ACCEPTER · 20 min")

    bruno.sees("Amina BENALI, IDEL", "Elle a mal")
    bruno.sees("Dr Claire MOREL", "Donnez-lui à boire")
    bruno.sees("Dr Claire MOREL", "Prenez aussi le dextro")
    bruno.sees("TA 130/80 mmHg · FC 96/min")
    amina.sees_not("Prenez aussi le dextro")
    claire.sees("message : transmis à Bruno FISCHER")


async def test_the_ordonnance_handed_over_answers_the_last_closing_question(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_both(story)
    await amina.taps("Sur place")
    await claire.sends("document", "ordonnance.pdf")
    await amina.ends_the_visit()
    await amina.taps("Aucun → TLD")
    await amina.taps("Reste à domicile")

    await amina.taps("Remise au patient")

    closing = (await story.mission_now(mission.id)).closing
    assert closing.prescription is not None
    assert closing.idel_done_at is not None


async def test_an_anonymous_administrator_is_told_how_to_be_heard(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await with_both(story)
    await amina.types("Elle a mal")
    story.telegram.set_anonymous(lea.user, story.group)

    await lea.replies("La fille arrive", to_message_with=CARD)

    lea.sees("Vous écrivez en anonyme")
    amina.sees_not("La fille arrive")
