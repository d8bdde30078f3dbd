"""One whole mission played without a person, from the call to the close, and printed as people see it."""

from bot.sandbox import example
from bot.sandbox.cast import Cast
from bot.sandbox.pictures import PDF, PHOTO
from bot.sandbox.player import NotSeen, Player, plain

OPERATOR, REGULATEUR = "Léa", "Paul ROTH"
NURSE, OTHER_NURSE, THIRD_NURSE = "Amina", "Bruno", "Chloé"
DOCTOR, OTHER_DOCTOR = "Claire MOREL", "Marc ADAM"

__all__ = ["NotSeen", "every_chat", "summary", "whole_mission"]


async def whole_mission(p: Player) -> None:
    """Every line must be seen; raises NotSeen at the first that is not."""
    await opening(p)
    await nurse(p)
    await doctor(p)
    await visit(p)
    await video(p)
    await close(p)


async def opening(p: Player) -> None:
    """Léa pastes what the caller said, and triggers."""
    await p.moment("before the opening")
    await example.open_mission(p, example.EXAMPLES[0], OPERATOR)
    await p.moment("after the déclenchement")
    await p.sees(NURSE, "visite + téléconsultation", "Femme, 94 ans · Mulhouse")
    await p.sees(OTHER_NURSE, "visite + téléconsultation")


async def nurse(p: Player) -> None:
    """Bruno refuses, Amina accepts, Chloé is told; Léa calls the patient."""
    await p.taps(OTHER_NURSE, "REFUSER")
    await p.taps(OTHER_NURSE, "Trop loin")
    await p.moment("before the acceptance")
    await p.taps(NURSE, "ACCEPTER · 40 min")
    await p.moment("after the acceptance")
    await p.sees(NURSE, "est à vous", "Arrivée annoncée")
    await p.sees(NURSE, "Odile KELLER", "12 rue des Tanneurs")
    await p.sees(THIRD_NURSE, "par un(e) collègue")
    await p.sees(OPERATOR, "Amina B. y va")
    await p.taps(OPERATOR, "Patient prévenu")
    await p.sees(OPERATOR, "patient prévenu")


async def doctor(p: Player) -> None:
    """The médecin traitant refuses on the phone, an effecteur refuses, another accepts."""
    await p.sees(OPERATOR, "appeler le médecin traitant", "Dr Jean WEBER")
    await p.moment("before the phone answer")
    await p.taps(OPERATOR, "Refuse")
    await p.sees(DOCTOR, "téléconsultation avec IDEL", "Femme, 94 ans · 68200 Mulhouse")
    await p.taps(OTHER_DOCTOR, "REFUSER")
    await p.moment("before the doctor accepts")
    await p.taps(DOCTOR, "J'accepte")
    await p.moment("after the doctor accepts")
    await p.sees(DOCTOR, "c'est à vous, visio")
    await p.sees(DOCTOR, "Odile KELLER", "68200 Mulhouse")
    await p.sees(NURSE, "médecin trouvé, visio")
    await p.sees(NURSE, "Dr Claire MOREL", "+33 6 39 98 00 21")


async def visit(p: Player) -> None:
    """Amina drives, arrives, takes the constantes and sends a photo."""
    await p.taps(NURSE, "En route")
    await p.later(35)
    await p.moment("before the arrival")
    await p.taps(NURSE, "Sur place")
    await p.sees(OPERATOR, "sur place")
    await p.moment("before the constantes")
    await p.types(NURSE, "TA 13/8 FC 96 SpO2 93 T 38,4 FR 22 EVA 6")
    await p.sees(DOCTOR, "constantes de", "TA 130/80", "SpO2 93 %")
    await p.moment("after the constantes")
    await p.sends(NURSE, "photo", "ordonnance.png", PHOTO, "ordonnance en cours")
    await p.sees(DOCTOR, "ordonnance en cours")


async def video(p: Player) -> None:
    """The link goes to both; the doctor sends an ordonnance and a conclusion."""
    await p.taps(NURSE, "Créer la visio")
    await p.moment("after the link")
    await p.sees(NURSE, "visio prête")
    await p.sees(DOCTOR, "visio", "IDEL sur place")
    await p.sends(DOCTOR, "document", "ordonnance.pdf", PDF)
    await p.sees(NURSE, "ordonnance")
    await p.moment("after the ordonnance")
    await p.taps(NURSE, "Remise")
    await p.taps(DOCTOR, "Reste à domicile")
    await p.sees(NURSE, "Reste à domicile")
    await p.taps(NURSE, "Lu")


async def close(p: Player) -> None:
    """Three questions for the nurse, one for the doctor; the group learns how it ended."""
    await p.later(20)
    await p.moment("before the end of the visit")
    await p.taps(NURSE, "Visite terminée")
    await p.taps(NURSE, "Aucun")
    await p.taps(NURSE, "Reste à domicile")
    await p.sees(NURSE, "close", "TLD", "Indemnité 27 €")
    await p.moment("before the doctor's closing")
    await p.taps(DOCTOR, "Tout est fait")
    await p.sees(OPERATOR, "close", "domicile")
    await p.types(OPERATOR, "/activite")
    await p.sees(OPERATOR, "Activité")


def every_chat(p: Player) -> str:
    """Every chat and telephone, as people see them."""
    cast: Cast = p.cast
    pages = [
        _page(p, f"{user.first_name} {user.last_name}", user.id, user.id)
        for user in cast.people.values()
        if user.on_telegram
    ]
    for title, group in [("SAS 68 · SMT (groupe)", cast.group), *cast.houses.items()]:
        if group is not None:
            pages.append(_page(p, title, group.members[0], group.id))
    return "\n\n".join(page for page in pages if page)


def _page(p: Player, title: str, reader: int, chat: int) -> str:
    views = [v for v in p.telegram.visible(reader, chat) if v.text or v.file]
    if not views:
        return ""
    lines = [f"━━ {title} ━━"]
    for view in views:
        mark = "◀" if view.from_bot else "▶"
        sound = "🔕 " if view.silent else ""
        text = plain(view.text).replace("\n", "\n     ")
        lines.append(f"{mark}  {sound}{f'[{view.file}] ' if view.file else ''}{text}")
        lines += [f"     [ {' ] [ '.join(plain(b) for b in row)} ]" for row in view.buttons]
    return "\n".join(lines)


def summary(p: Player) -> str:
    """Taps and typed characters of each."""
    names = sorted(set(p.taps_of) | set(p.typed_by))
    rows = [f"   {name:14} {p.taps_of[name]:3} appuis, {p.typed_by[name]:4} caractères" for name in names]
    return "\n".join(["", "━━ Mission jouée en entier ━━", *rows])
