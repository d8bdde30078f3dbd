"""Duty rosters: brought in by the coordinateur, followed by the cascade, read by OSNP."""

import shutil
from dataclasses import replace
from datetime import timedelta

import msgspec

from bot.domain.mission import CascadeState, DoctorOfferState, StepState
from bot.domain.people import CascadeStep, Line, MissionId
from bot.region import SHIPPED
from tests.stories.story import Story, plain

HEADER = "step,sector,who,begins,ends"
SAINT_LOUIS, SECTOR = "68297", "Saint-Louis Agglomération"  # without a maison médicale de garde

MORNING = f"garde,{SECTOR},Sophie HAAS,2026-10-06 08:00,2026-10-06 14:00"
NIGHT = f"garde,{SECTOR},Dr Haas Sophie,2026-10-06 20:00,2026-10-07 08:00"
ELSEWHERE = "garde,Vallée de Munster,06 39 98 00 22,2026-10-06 08:00,2026-10-06 20:00"


async def import_roster(story: Story, *lines: str) -> None:
    """Nadia sends the file and confirms."""
    nadia = story.person("Nadia")
    await nadia.sends_file("gardes.csv", "\n".join([HEADER, *lines]))
    await nadia.taps("Importer")
    nadia.sees("importé")


async def at_the_garde(story: Story, **options: object) -> MissionId:
    """A mission at Saint-Louis that Amina has accepted, and no effecteur wants."""
    options = {"commune": SAINT_LOUIS, **options}
    mission = await story.mission(offered_to=["Amina"], **options)  # type: ignore[arg-type]
    await story.person("Amina").taps("ACCEPTER · 40 min")
    for name in ("Claire", "Marc"):
        await story.person(name).taps("REFUSER")
    return mission.id


async def step_of(story: Story, mission: MissionId, wanted: CascadeStep = CascadeStep.GARDE) -> object:
    found = await story.mission_now(mission)
    return next(step for step in found.cascade.steps if step.step is wanted)


async def with_region(story: Story, *changes: tuple[str, str]) -> None:
    """The bot comes back with a region file of its own."""
    folder = story.folder / "region"
    shutil.copytree(SHIPPED.parent, folder)
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "own.toml").write_text(text, encoding="utf-8")
    story.settings = msgspec.structs.replace(story.settings, region=folder / "own.toml")
    await story.the_bot_restarts()


def channels(step: str, how: str) -> tuple[str, str]:
    return f'step = "{step}"\n', f'step = "{step}"\nchannels = {how}\n'


# The file


async def test_the_coordinateur_sends_a_roster_and_nothing_changes_before_the_tap(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    await nadia.sends_file("gardes.csv", f"{HEADER}\n{MORNING}\n{NIGHT}\n{ELSEWHERE}")
    nadia.sees("3 tours de garde à importer : rien n'est encore changé", f"Garde · {SECTOR} : 2")
    await lea.types("/gardes")
    lea.sees("Pas de tableau importé", "Dr Sophie HAAS")

    await nadia.taps("Importer")

    nadia.is_told_at_once("3 tours de garde importés")
    nadia.sees("✅ 3 tours de garde importés")
    nadia.sees_no_button("Importer")
    await lea.types("/gardes")
    roster = lea.sees("📅 Gardes · 06/10/2026", SECTOR, "Dr Sophie HAAS, jusqu'à 14:00", "+33 6 39 98 00 23")
    assert "puis Dr Sophie HAAS, dès 20:00" in plain(roster.text)
    lea.sees("Vallée de Munster", "Dr Marc ADAM, jusqu'à 20:00")
    lea.sees("Secteurs MMG :", "Mulhouse Alsace Agglomération")


async def test_a_roster_with_a_bad_line_changes_nothing_and_says_which(story: Story) -> None:
    nadia = story.person("Nadia")
    await import_roster(story, MORNING)
    unknown = f"garde,{SECTOR},Dr Paul INCONNU,2026-10-07 20:00,2026-10-08 08:00"
    backwards = f"garde,{SECTOR},Sophie HAAS,2026-10-08 20:00,2026-10-08 08:00"

    await nadia.sends_file("gardes.csv", f"{HEADER}\n{NIGHT}\n{unknown}\n{backwards}")

    nadia.sees(
        "Rien n'a été changé : 2 lignes refusées",
        "Ligne 3 : personne d'inscrit sous « Dr Paul INCONNU »",
        "Ligne 4 : finit avant de commencer (08/10/2026 20:00)",
    )
    nadia.sees_no_button("Importer")
    await story.person("Léa").types(f"/gardes {SECTOR}")
    story.person("Léa").sees("jusqu'à 14:00")


async def test_a_file_left_aside_changes_nothing_and_an_old_card_imports_nothing(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.sends_file("gardes.csv", f"{HEADER}\n{MORNING}")
    old = nadia.newest("1 tour de garde à importer")
    await nadia.taps("Annuler")
    nadia.sees("Fichier laissé de côté : rien n'a été changé")

    # A card of another file, while this one waits
    await nadia.sends_file("gardes.csv", f"{HEADER}\n{NIGHT}")
    await nadia.taps_old(old, "gd:0:1:yes")

    nadia.is_told_at_once("n'attend plus")
    async with story.storage.transaction() as tx:
        assert await tx.duties.of_source("gardes.csv") == 0


async def test_the_same_file_again_replaces_its_turns(story: Story) -> None:
    nadia = story.person("Nadia")
    await import_roster(story, MORNING, ELSEWHERE)
    await nadia.sends_file("gardes.csv", f"{HEADER}\n{NIGHT}")
    nadia.sees("Remplace 2 tours de garde du même fichier.")
    await nadia.taps("Importer")
    async with story.storage.transaction() as tx:
        assert await tx.duties.of_source("gardes.csv") == 1


async def test_a_caption_may_name_a_commune_and_what_it_says_otherwise_is_shown(story: Story) -> None:
    nadia = story.person("Nadia")
    whole = "garde,,Sophie HAAS,2026-10-06 20:00,2026-10-07 08:00"
    await nadia.sends_file("a.csv", f"{HEADER}\n{whole}", caption="effecteurs, Altkirch")
    nadia.sees("Garde · Sundgau : 1")  # its lines have their own step
    await nadia.sends_file("b.csv", f"{HEADER}\n{whole}", caption="planning d'octobre")
    nadia.sees("Garde · tout le territoire : 1", "Non compris dans la légende : « planning d'octobre »")


async def test_turns_that_are_over_are_counted_or_refused(story: Story) -> None:
    nadia = story.person("Nadia")
    over = "garde,,Sophie HAAS,2025-10-06 20:00,2025-10-07 08:00"
    await nadia.sends_file("a.csv", f"{HEADER}\n{over}")
    nadia.sees("tous les tours sont passés, le dernier le 07/10/2025 ; vérifiez l'année")
    await nadia.sends_file("b.csv", f"{HEADER}\n{over}\n{NIGHT}")
    nadia.sees("2 tours de garde à importer", "Déjà passés : 1")


async def test_a_spreadsheet_is_no_roster_and_how_to_save_it_is_said(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.sends_file("gardes.xlsx", "PK")
    nadia.sees("« Enregistrer sous » CSV UTF-8", "Rien n'a été changé")


async def test_the_same_turn_in_two_files_is_read_once(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    for name in ("octobre.csv", "octobre (1).csv"):
        await nadia.sends_file(name, f"{HEADER}\n{NIGHT}")
        await nadia.taps("Importer")
    await lea.types("/gardes")
    assert lea.sees("Gardes ·").text.count("Sophie HAAS") == 1


async def test_a_postal_code_of_several_sectors_asks_which(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("/gardes 68130")
    lea.sees("« 68130 » : quel secteur ?", "Sundgau")
    await lea.types("/gardes altkirsh")
    lea.sees("« altkirsh » : quel secteur ? Sundgau")


async def test_a_calendar_is_a_roster_too(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    calendar = "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//gardes//",
            "BEGIN:VEVENT",
            "UID:1",
            "SUMMARY:Garde : Dr Sophie Haas",
            f"LOCATION:{SECTOR}",
            "DTSTART;TZID=Europe/Paris:20261006T080000",
            "DTEND;TZID=Europe/Paris:20261006T140000",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
    await nadia.sends_file("octobre.ics", calendar)
    await nadia.taps("Importer")
    await lea.types("/gardes Saint-Louis")
    lea.sees(f"· {SECTOR}", "Dr Sophie HAAS, jusqu'à 14:00")


async def test_only_the_coordinateur_brings_a_roster(story: Story) -> None:
    for name in ("Léa", "Claire"):
        teller = story.person(name)
        await teller.sends_file("gardes.csv", f"{HEADER}\n{MORNING}")
        teller.sees_no_button("Importer")
    story.person("Léa").sees("Réservé au coordinateur")
    await story.person("Amina").types("/gardes")
    story.person("Amina").sees_not("Gardes ·")


# The cascade


async def test_who_is_on_duty_in_the_sector_is_asked_and_no_hour_lies_behind_the_turn(story: Story) -> None:
    sophie = story.person("Sophie")
    await import_roster(story, MORNING.replace("14:00", "12:00"), ELSEWHERE)

    mission = await at_the_garde(story)

    sophie.sees("téléconsultation avec IDEL", "Répondre avant")
    await sophie.taps("Autre heure")
    hours = [label for row in sophie.newest("téléconsultation").buttons for label in row]
    assert hours.index("J'accepte 11:50") > hours.index("J'accepte 10:20")
    assert not [hour for hour in hours if hour.startswith("J'accepte 12:")]
    assert (await step_of(story, mission)).state is StepState.ASKED  # type: ignore[attr-defined]
    await sophie.taps("J'accepte 10:20")
    story.person("Amina").sees("Dr Sophie HAAS")


async def test_without_a_turn_the_step_is_skipped_and_the_card_says_why(story: Story) -> None:
    await import_roster(story, ELSEWHERE)
    await at_the_garde(story)
    story.person("Léa").sees("⏭ 3 Garde · personne de garde")
    story.person("Sophie").sees_not("téléconsultation")


async def test_a_turn_that_begins_behind_the_limit_says_when(story: Story) -> None:
    await import_roster(story, NIGHT)
    await at_the_garde(story)
    story.person("Léa").sees("⏭ 3 Garde · commence 20:00, limite 15:23")


async def test_a_turn_that_begins_before_the_limit_is_asked_for_hours_inside_it(story: Story) -> None:
    await import_roster(story, f"garde,{SECTOR},Sophie HAAS,2026-10-06 12:00,2026-10-06 20:00")
    await at_the_garde(story)
    story.person("Sophie").sees_button("J'accepte 12:00")
    story.person("Sophie").sees_no_button("J'accepte 10:20")


async def test_without_a_roster_the_doctors_of_the_list_are_asked_when_a_garde_begins(story: Story) -> None:
    await at_the_garde(story)
    story.person("Léa").sees("⏭ 3 Garde · commence 20:00, limite 15:23")
    story.person("Sophie").sees_not("téléconsultation")


async def test_somebody_on_duty_who_has_paused_is_left_alone(story: Story) -> None:
    await import_roster(story, MORNING)
    await change(story, "Sophie", paused_for=timedelta(hours=2))
    await at_the_garde(story)
    story.person("Sophie").sees_not("téléconsultation")
    story.person("Léa").sees("⏭ 3 Garde · en pause")


async def change(
    story: Story, name: str, *, paused_for: timedelta | None = None, free_for: timedelta | None = None
) -> None:
    """A doctor pauses, or says «disponible»."""
    now = story.clock.now()
    async with story.storage.transaction() as tx:
        (person,) = [p for p in await tx.people.all() if p.first_name == name]
        await tx.people.save(
            replace(
                person,
                paused_until=now + paused_for if paused_for else person.paused_until,
                available_until=now + free_for if free_for else person.available_until,
            )
        )


async def test_effecteurs_who_pause_are_not_asked_and_who_is_free_is_named_to_osnp(story: Story) -> None:
    claire, marc, lea = story.person("Claire"), story.person("Marc"), story.person("Léa")
    await change(story, "Claire", paused_for=timedelta(hours=2))
    await change(story, "Marc", paused_for=timedelta(hours=2), free_for=timedelta(minutes=30))

    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")

    marc.sees("téléconsultation avec IDEL")
    claire.sees_not("téléconsultation")
    lea.sees("⏳ 2 Effecteurs · 1 demandé", "Dr Adam · disponible jusqu'à 09:53")


async def test_all_effecteurs_paused_is_the_reason_on_the_card(story: Story) -> None:
    for name in ("Claire", "Marc"):
        await change(story, name, paused_for=timedelta(hours=2))
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    story.person("Léa").sees("⏭ 2 Effecteurs · en pause")


# Channels and lines


async def test_a_step_by_sms_texts_the_doctor_and_leaves_osnp_the_call(story: Story) -> None:
    await with_region(story, channels("effecteur_sas", '["sms", "phone"]'))
    claire, lea = story.person("Claire"), story.person("Léa")

    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")

    claire.sees_not("téléconsultation")
    assert [(to, text) for to, text, _ in story.sms_sent()] == [
        (
            number,
            "SAS 68: visio demandee, SMT 1, IDEL sur place 10:03. Reponse avant 09:38: OSNP 0353010010",
        )
        for number in ("+33639980021", "+33639980022")
    ]
    lea.rang("appeler Effecteurs")
    lea.sees("Dr Claire MOREL · SMS en route", "+33 6 39 98 00 21")
    await lea.taps("✔ Dr Morel")
    await lea.taps("10:20")
    found = await story.mission_now(mission.id)
    assert found.cascade.state is CascadeState.FOUND


async def test_a_step_by_phone_writes_to_nobody(story: Story) -> None:
    await with_region(story, channels("effecteur_sas", '["phone"]'))
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    story.person("Claire").sees_not("téléconsultation")
    story.person("Marc").sees_not("téléconsultation")
    assert story.sms_sent() == []
    story.person("Léa").rang("appeler Effecteurs")


async def test_by_phone_alone_osnp_say_the_hour_and_dictate_the_link(story: Story) -> None:
    await with_region(story, channels("effecteur_sas", '["phone"]'))
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await lea.taps("✔ Dr Morel")
    await lea.taps("10:20")

    lea.sees("À dire au médecin : visio 10:20, on le rappelle avec le lien", "+33 6 39 98 00 21")
    await amina.taps("Créer la visio")

    amina.sees("Lien au médecin : l'OSNP le lui dicte au téléphone")
    lea.rang("visio 10:20 : Léa, appeler le médecin")
    lea.sees("À dire au médecin : visio 10:20, puis le lien", "Sans image, il appelle l'IDEL : Amina BENALI")
    await lea.taps("Lien à dicter")
    lea.sees("lien du médecin, visio 10:20", "Pour Dr Claire MOREL seul(e)", "https://")
    assert story.sms_sent() == []

    # A new room: what was dictated no longer opens anything
    await amina.taps("Ça ne marche pas")
    await story.wait(minutes=2)
    await amina.taps("Nouveau lien")
    lea.sees("lien remplacé, voir plus bas")
    assert story.sms_sent() == []


async def test_a_step_without_texts_sends_the_link_to_telegram_alone(story: Story) -> None:
    await with_region(story, channels("effecteur_sas", '["telegram", "phone"]'))
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("J'accepte 10:20")
    await amina.taps("Créer la visio")
    story.person("Claire").sees("🎥 SMT 1 · visio 10:20")
    assert story.sms_sent() == []


async def test_a_landline_gets_no_text_and_osnp_get_the_call(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    async with story.storage.transaction() as tx:
        (jean,) = [p for p in await tx.people.all() if p.first_name == "Jean"]
        await tx.people.save(replace(jean, phone="+33353010024"))
    await story.mission(offered_to=["Amina"], medecin_traitant="Jean")
    await amina.taps("ACCEPTER · 40 min")
    await lea.taps("Accepte")
    await lea.taps("10:20")
    lea.sees("+33 3 53 01 00 24", "À dire au médecin : visio 10:20", "Aucun SMS ne lui part")
    await amina.taps("Créer la visio")
    lea.rang("Léa, appeler le médecin")
    assert story.sms_sent() == []


async def test_who_has_telegram_is_not_texted_where_telegram_comes_first(story: Story) -> None:
    await with_region(story, channels("effecteur_sas", '["telegram", "sms", "phone"]'))
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    story.person("Claire").sees("téléconsultation avec IDEL")
    assert story.sms_sent() == []


async def test_the_lines_of_a_house_are_phoned_in_their_order(story: Story) -> None:
    lea = story.person("Léa")
    async with story.storage.transaction() as tx:
        (sos,) = [h for h in await tx.people.organisations() if h.cascade_step is CascadeStep.SOS_MEDECIN]
        lines = (Line("Secrétariat", "+33353010068"), Line("Nuit", "+33353010070"))
        await tx.people.save_organisation(replace(sos, lines=lines))
    mission = await at_the_garde(story)
    lea.sees("appeler SOS médecin 68", "Secrétariat\n+33 3 53 01 00 68\nNuit\n+33 3 53 01 00 70")

    await lea.taps("Ne répond pas")

    lea.is_told_at_once("appelez la ligne suivante")
    lea.sees("✖ Secrétariat : pas de réponse\nNuit\n+33 3 53 01 00 70")
    sos_step = await step_of(story, mission, CascadeStep.SOS_MEDECIN)
    assert sos_step.state is StepState.ASKED  # type: ignore[attr-defined]

    # A tap that came twice passes over no line
    await lea.taps_old(lea.newest("appeler SOS médecin"), f"ps:{mission}:0:o{sos.id}")
    lea.is_told_at_once("déjà fait")

    await lea.taps("Ne répond pas")
    sos_step = await step_of(story, mission, CascadeStep.SOS_MEDECIN)
    assert sos_step.state is StepState.REFUSED  # type: ignore[attr-defined]
    assert sos_step.offers[0].state is DoctorOfferState.REFUSED  # type: ignore[attr-defined]
    lea.rang("appeler Télémédical Solution")


async def test_effecteurs_go_by_a_roster_too_as_long_as_it_is_known(story: Story) -> None:
    await import_roster(story, "effecteur_sas,,Claire MOREL,2026-10-06 08:00,2026-10-06 12:00")
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    story.person("Claire").sees("téléconsultation avec IDEL")
    story.person("Marc").sees_not("téléconsultation")
