"""An invented morning at the SAS, in the shape the page receives it."""

import html
from typing import Any

from tests.sandbox.page_pictures import photo, voice

Json = dict[str, Any]

BOT = 7000000001
LEA, KARIM, ROTH, WEISS = 1001, 1002, 1010, 1020
AMINA, BRUNO, CELINE, DAVID, ELSA = 1101, 1102, 1103, 1104, 1105
MOREL, WEBER, SIMON, FISCHER = 1201, 1202, 1203, 1204
SOS, SELAS = 1301, 1302
DAUGHTER = 1401
GROUP, SOS_GROUP = -1001000000001, -1001000000002
SMT_412, SMT_413, SMT_411 = 5, 9, 3
NOW = "2026-10-06T07:43:05Z"

FILES: dict[str, tuple[str, bytes]] = {
    "1": ("image/png", photo(64, 120, 150)),
    "2": ("image/png", photo(150, 84, 60)),
    "3": ("image/png", photo(90, 130, 70)),
    "4": ("application/pdf", b"%PDF-1.4 invented"),
    "5": ("audio/wav", voice()),
}


def people() -> list[Json]:
    """Who is in the sandbox."""
    return [
        _person(LEA, "Léa Martin", "osnp", "OSNP", "opératrice"),
        _person(KARIM, "Karim Haddad", "osnp", "OSNP", "opérateur"),
        _person(ROTH, "Dr Jean Roth", "regulateur", "régulateur", "SAMURL68"),
        _person(WEISS, "Nathalie Weiss", "coordinateur", "coordinatrice", "SAS 68"),
        _person(AMINA, "Amina Benali", "idel", "IDEL", "Mulhouse"),
        _person(BRUNO, "Bruno Muller", "idel", "IDEL", "Rixheim"),
        _person(CELINE, "Céline Schmitt", "idel", "IDEL", "Thann"),
        _person(DAVID, "David Lang", "idel", "IDEL", "Altkirch"),
        _person(ELSA, "Elsa Meyer", "idel", "IDEL", "Colmar"),
        _person(MOREL, "Dr Claire Morel", "doctor", "médecin", "effecteur SAS"),
        _person(WEBER, "Dr Luc Weber", "doctor", "médecin", "sans Telegram", on_telegram=False),
        _person(SIMON, "Dr Paul Simon", "doctor", "médecin", "effecteur SAS"),
        _person(FISCHER, "Dr Anne Fischer", "doctor", "médecin", "de garde"),
        _person(SOS, "SOS médecin 68", "organisation", "organisation", "standard"),
        _person(SELAS, "Télémédical Solution", "organisation", "organisation", "SELAS"),
        _person(DAUGHTER, "Odile Keller", "patient", "patiente", "et sa fille", on_telegram=False),
    ]


def _person(ident: int, name: str, role: str, label: str, note: str, *, on_telegram: bool = True) -> Json:
    return {
        "id": ident,
        "name": name,
        "role": role,
        "label": label,
        "note": note,
        "phone": f"+3363998{ident:04d}",
        "on_telegram": on_telegram,
        "blocked": False,
    }


def chats() -> list[Json]:
    """The group with its topics, one organisation's group, everybody's chat with the bot."""
    group = {
        "id": GROUP,
        "type": "supergroup",
        "title": "SAS 68 · OSNP",
        "is_forum": True,
        "members": [LEA, KARIM, ROTH, WEISS],
        "person": None,
        "purpose": "osnp",
        "topics": [
            {"id": SMT_411, "name": "SMT 411 · Thann · close", "closed": True},
            {"id": SMT_412, "name": "SMT 412 · Mulhouse · visite 10:10", "closed": False},
            {"id": SMT_413, "name": "SMT 413 · Rixheim · recherche IDEL", "closed": False},
        ],
        "pinned": [{"message": 1, "thread": None}, {"message": 31, "thread": SMT_412}],
    }
    house = {
        **group,
        "id": SOS_GROUP,
        "title": "Téléconsultations SOS",
        "is_forum": False,
        "members": [SOS, SIMON],
        "purpose": "organisation",
        "topics": [],
        "pinned": [],
    }
    return [group, house, *(_private(person) for person in people() if person["on_telegram"])]


def _private(person: Json) -> Json:
    topics = [{"id": 2, "name": "SMT 412 · Mulhouse", "closed": False}] if person["id"] == MOREL else []
    return {
        "id": person["id"],
        "type": "private",
        "title": person["name"],
        "is_forum": False,
        "members": [person["id"]],
        "person": person["id"],
        "purpose": "private",
        "topics": topics,
        "pinned": [],
    }


def message(chat: int, ident: int, sender: int, text: str, at: str = "07:31:07", **more: Any) -> Json:
    """One message as the server gives it; ``at`` is the UTC time of the sandbox's day."""
    names = {person["id"]: person["name"] for person in people()}
    return {
        "chat": chat,
        "id": ident,
        "thread": None,
        "from": {"id": sender, "name": names.get(sender, "SMT 68"), "is_bot": sender == BOT},
        "date": f"2026-10-06T{at}Z",
        "edited": None,
        "text": text,
        "html": html.escape(text, quote=False).replace("\n", "<br>"),
        "reply_to": None,
        "quote": None,
        "buttons": [],
        "keyboard": None,
        "file": None,
        "album": None,
        "silent": False,
        "protected": False,
        "service": None,
        **more,
    }


def taps(*rows: str) -> list[list[Json]]:
    """Rows of callback buttons, their words parted by «|»."""
    return [
        [{"text": text, "kind": "callback", "url": None, "copy": None} for text in row.split("|")]
        for row in rows
    ]


def file(ident: str, kind: str, name: str) -> Json:
    """A file the server can give."""
    mime, content = FILES[ident]
    return {"kind": kind, "name": name, "mime": mime, "size": len(content), "url": f"/api/file/{ident}"}


def messages() -> list[Json]:
    """Everything said so far."""
    return [*_group(), *_idels(), *_doctors(), *_house()]


def _group() -> list[Json]:
    board = (
        "📌 3 missions ouvertes\n🟢 SMT 412 Mulhouse · visite 10:10, visio 10:25\n"
        "🟠 SMT 413 Rixheim · IDEL avant 10:08"
    )
    gate = "Le portail est cassé, passer par la cour."
    card = (
        "🩺 SMT 412 · recherche du médecin\nIDEL sur place 10:10 → visio dès 10:25\n"
        "✖ 1 Médecin traitant · refus 09:41 (en visite)\n⏳ 2 Effecteurs · 3 demandés, 1 refus → 09:56\n"
        "⏭ 3 Garde · commence 20:00, limite 15:23\n○ 4 SOS médecin 68 · à 09:56\n"
        "○ 5 Télémédical Solution · à 10:06"
    )
    here = {"thread": SMT_412}
    return [
        message(GROUP, 1, BOT, board, "07:20:00", silent=True, edited="2026-10-06T07:41:00Z"),
        message(GROUP, 2, LEA, "/mission", "07:21:00"),
        message(
            GROUP,
            3,
            BOT,
            "Nouvelle mission : le dialogue se passe dans votre discussion privée.",
            "07:21:01",
            reply_to=2,
            quote="/mission",
            buttons=[
                [{"text": "Ouvrir", "kind": "url", "url": "https://t.me/smt68_bot?start=m", "copy": None}]
            ],
        ),
        message(GROUP, 30, BOT, "", "07:23:00", service="Le bot a créé le sujet « SMT 412 »", **here),
        message(
            GROUP,
            31,
            BOT,
            card,
            "07:23:04",
            edited="2026-10-06T07:41:02Z",
            buttons=taps("Réponse par tél.|Étape suivante", "Revenir|Pause 10 min"),
            **here,
        ),
        message(GROUP, 32, KARIM, gate, "07:33:00", **here),
        message(GROUP, 33, LEA, "Noté, je préviens Amina.", "07:33:40", reply_to=32, quote=gate, **here),
        message(
            GROUP,
            34,
            BOT,
            "🟠 SMT 412 · patient à prévenir de l'heure : 10:10\nLéa, avant 09:45",
            "07:34:00",
            buttons=taps("Patient prévenu"),
            **here,
        ),
        message(
            GROUP,
            35,
            BOT,
            "📎 SMT 412 · 3 photos, Amina B. 09:39",
            "07:39:00",
            silent=True,
            buttons=taps("Voir"),
            **here,
        ),
        message(
            GROUP,
            40,
            BOT,
            "🟠 SMT 413 · 20 min sans IDEL. 24 sollicités, 9 refus, 2 injoignables : préparer la suite.",
            "07:40:00",
            thread=SMT_413,
        ),
        message(
            GROUP,
            41,
            BOT,
            "🏁 SMT 411 · close 09:12. Maintenue à domicile.",
            "07:12:00",
            thread=SMT_411,
            silent=True,
        ),
    ]


def _idels() -> list[Json]:
    offer = (
        "🏠 SMT 413 · visite + téléconsultation\nHomme, 71 ans · Rixheim · 6 km\n"
        "Demande du médecin régulateur, 09:38\nRépondre avant 10:08\nÊtre sur place avant 15:38\n"
        "TLD ou TLS + acte\n27 € à arbitrer (hors période financée)"
    )
    choices = taps("ACCEPTER · 20 min|ACCEPTER · 40 min", "ACCEPTER · 1 h|ACCEPTER · + tard", "REFUSER")
    receipt = (
        "✅ SMT 412 est à vous (09:31:07)\nArrivée annoncée 10:10, limite 15:23\n"
        "Médecin : recherche en cours\nOSNP : +33 3 53 01 00 10 · urgence : 15"
    )
    identity = (
        "Mme Odile KELLER, 03/02/1932 (94 ans)\n12 rue des Tanneurs, 68200 Mulhouse\n"
        "2e étage, code 4B71, la fille ouvre\n+33 3 53 01 00 12 (patiente)\n+33 6 39 98 00 12 (fille)\n"
        "Motif : chute hier, ne marche plus\nMT Dr Weber · IDEL habituelle : aucune"
    )
    linked = (
        html.escape(identity)
        .replace("12 rue des Tanneurs, 68200 Mulhouse", "<code>12 rue des Tanneurs, 68200 Mulhouse</code>")
        .replace("\n", "<br>")
    )
    vitals = (
        "📊 SMT 412 · constantes de 09:40\nTA 130/80 mmHg · FC 72/min\n"
        "SpO2 96 % air ambiant\nT° 37,2 °C · EVA 3/10"
    )
    album = {"album": "a1"}
    return [
        message(AMINA, 10, AMINA, "/start", "07:00:00"),
        message(
            AMINA,
            11,
            BOT,
            "🔒 SMT 412 · prise à 09:31 par vous. Merci.",
            "07:23:05",
            edited="2026-10-06T07:31:07Z",
        ),
        message(AMINA, 12, BOT, receipt, "07:31:07"),
        message(
            AMINA,
            13,
            BOT,
            identity,
            "07:31:08",
            html=linked,
            silent=True,
            protected=True,
            buttons=taps("En route|Sur place", "Changer l'heure", "Je ne peux plus y aller"),
        ),
        message(AMINA, 14, AMINA, "", "07:39:00", file=file("1", "photo", "salon.png"), **album),
        message(
            AMINA,
            15,
            AMINA,
            "Ordonnances en cours",
            "07:39:00",
            file=file("2", "photo", "ordonnance.png"),
            **album,
        ),
        message(AMINA, 16, AMINA, "", "07:39:00", file=file("3", "photo", "traitement.png"), **album),
        message(
            AMINA,
            17,
            AMINA,
            "TA 13/8 FC 72 SpO2 96 T 37,2 EVA 3",
            "07:40:10",
            edited="2026-10-06T07:40:40Z",
        ),
        message(
            AMINA,
            18,
            BOT,
            vitals,
            "07:40:12",
            reply_to=17,
            quote="TA 13/8 FC 72 SpO2 96 T 37,2 EVA 3",
            buttons=taps("Corriger|Nouvelle série"),
        ),
        message(AMINA, 19, AMINA, "", "07:41:30", file=file("5", "voice", "note.wav")),
        *(message(idel, 20, BOT, offer, "07:38:04", buttons=choices) for idel in (BRUNO, CELINE, ELSA)),
        message(DAVID, 20, BOT, "SMT 411 · refusée. Merci d'avoir répondu.", "07:02:00", silent=True),
    ]


def _doctors() -> list[Json]:
    here = {"thread": 2}
    offer = (
        "🩺 SMT 412 · téléconsultation avec IDEL\nFemme, 94 ans · 68200 Mulhouse\n"
        "IDEL sur place 10:10, constantes avant\nRépondre avant 09:56\nTCG 25 € + SNP 15 €"
    )
    told = (
        "Mme Odile KELLER, 03/02/1932, 68200 Mulhouse\n+33 3 53 01 00 12 (patiente)\n"
        "IDEL Amina BENALI\n+33 6 39 98 00 11\nConstantes et documents arrivent ici."
    )
    copies = [[{"text": "Copier la facturation", "kind": "copy", "url": None, "copy": "KELLER Odile"}]]
    visio = [
        [
            {
                "text": "ENTRER EN VISIO",
                "kind": "url",
                "url": "https://smt.example/v/invente",
                "copy": None,
            }
        ]
    ]
    return [
        message(MOREL, 1, MOREL, "/start", "06:50:00"),
        message(MOREL, 2, BOT, "Bonjour Dr Morel, vous êtes enregistrée comme effecteur SAS.", "06:50:01"),
        message(
            MOREL,
            3,
            BOT,
            offer,
            "07:42:00",
            buttons=taps("J'accepte 10:25|J'accepte 10:45", "Autre heure"),
            **here,
        ),
        message(MOREL, 4, BOT, "✅ SMT 412 · c'est à vous, visio 10:25", "07:42:20", **here),
        message(MOREL, 5, BOT, told, "07:42:21", silent=True, protected=True, buttons=copies, **here),
        message(
            MOREL,
            6,
            BOT,
            "Courrier de sortie",
            "07:42:30",
            file=file("4", "document", "courrier-de-sortie.pdf"),
            **here,
        ),
        message(
            MOREL,
            7,
            BOT,
            "🎥 SMT 412 · visio 10:25, IDEL sur place\nRéseau, caméra, micro, son, batterie : vérifiez",
            "07:42:40",
            buttons=visio + taps("Ça ne marche pas"),
            **here,
        ),
        message(SIMON, 3, BOT, offer, "07:41:00", buttons=taps("J'accepte 10:25|J'accepte 10:45", "REFUSER")),
        message(
            FISCHER,
            3,
            BOT,
            "Pour vous reconnaître, partagez votre numéro.",
            "07:10:00",
            keyboard=[[{"text": "Partager mon numéro", "request_contact": True}]],
        ),
    ]


def _house() -> list[Json]:
    return [
        message(
            SOS_GROUP,
            3,
            BOT,
            "🩺 SMT 412 · téléconsultation avec IDEL\nRépondre avant 10:06",
            "07:42:50",
            buttons=taps("Accepter, médecin à préciser", "Visite à la place|REFUSER"),
        )
    ]


def sms() -> list[Json]:
    """What the telephones have received."""
    weber, patient = (person["phone"] for person in people() if not person["on_telegram"])
    asked = (
        "SAS 68: visio demandee, SMT 412, IDEL sur place. "
        "Reponse avant 09:56: https://smt.example/d/invente OSNP 0353010010"
    )
    told = "SAS 68: une IDEL vient chez vous vers 10:10. OSNP 0353010010"
    return [
        text_message(1, weber, "Dr Luc Weber", asked, "07:32:00"),
        text_message(2, patient, "Odile Keller", told, "07:34:00"),
    ]


def text_message(ident: int, number: str, name: str, text: str, at: str = "07:44:00") -> Json:
    """One SMS."""
    sent = f"2026-10-06T{at}Z"
    return {"id": ident, "to": number, "to_name": name, "text": text, "at": sent, "ref": f"412-{ident}"}


def state() -> Json:
    """The answer of ``GET /api/state``."""
    return {
        "seq": 100,
        "now": NOW,
        "bot": {"id": BOT, "name": "SMT 68", "username": "smt68_bot", "alive": True},
        "people": people(),
        "chats": chats(),
        "messages": messages(),
        "sms": sms(),
    }
