"""The buttons of documents and messages."""

from bot.buttons import Press, Verb
from bot.domain.mission import MissionState
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: How many documents keep their «Voir» on the group's card.
SHOWN_IN_GROUP = 8

#: The words of «Voir», by kind and label.
_SEE = {
    "photo": "see_photo",
    "document": "see_document",
    "voice": "see_voice",
    "audio": "see_audio",
    "video": "see_video",
}


def label(keys: Keys) -> Rows:
    """What was it? Under the sender's own receipt."""
    extra, mission = keys.sheet.extra, keys.mission
    document = extra["document"]
    if document is None or mission.state is MissionState.CLOSED or extra["forgotten"]:
        return ()

    def button(words: str, value: str) -> Button:
        return keys.tap(Verb.DOCUMENT_LABEL, words, f"{document.id}.{value}")

    if extra["voice"] == "doctor":
        if document.label == "ordonnance":
            return rows((button("label_not_ordonnance", "other"),))
        return rows((button("label_ordonnance", "ordonnance"),))
    if extra["voice"] == "osnp" or document.label == "vitale":
        return ()
    vitale = button("label_vitale", "vitale")
    if document.label != "none":
        return rows((vitale,))
    return rows((vitale, button("label_ordonnance", "ordonnance")), (button("label_other", "other"),))


def ordonnance(keys: Keys) -> Rows:
    """What became of the doctor's ordonnance."""
    extra = keys.sheet.extra
    if extra["document"] is None or extra["handed"] or keys.mission.state is MissionState.CLOSED:
        return ()
    document = extra["document"].id
    return rows(
        (keys.tap(Verb.PRESCRIPTION_DONE, "handed_given", f"{document}.given"),),
        (keys.tap(Verb.PRESCRIPTION_DONE, "handed_sent", f"{document}.sent"),),
    )


def group(keys: Keys) -> Rows:
    """«Voir» for each document, the messages and the constantes."""
    extra = keys.sheet.extra
    shown = [
        piece["document"]
        for piece in extra["files"]
        if not piece["empty"] and piece["document"].label != "vitale"
    ]
    buttons = [
        keys.tap(
            Verb.DOCUMENT_SEE,
            "see_ordonnance" if document.label == "ordonnance" else _SEE[document.kind.value],
            document.id,
            hour=keys.words.hour(document.at),
        )
        for document in shown[-SHOWN_IN_GROUP:]
    ]
    if any(not piece["empty"] for piece in extra["texts"]):
        buttons.append(keys.tap(Verb.DOCUMENT_SEE, "see_messages", "t"))
    if extra["vitals_at"] is not None:
        buttons.append(keys.tap(Verb.DOCUMENT_SEE, "see_vitals", "v"))
    return in_rows_of(2, buttons)


def which(keys: Keys) -> Rows:
    """Which mission is it for?"""
    key = str(keys.sheet.f["key"])
    buttons = [
        Button(
            keys.words.label("for_mission", number=mission.number),
            data=Press(Verb.DOCUMENT_TO, mission.id, arg=key).pack(),
        )
        for mission in keys.sheet.extra["missions"]
    ]
    nobody = Button(keys.words.label("for_nobody"), data=Press(Verb.DOCUMENT_TO, arg=key).pack())
    return (*in_rows_of(2, buttons), (nobody,))
