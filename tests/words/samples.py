"""Which notice, to whom, in which states: every kind at least once, living cards in all of their moods."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bot.domain import watch
from bot.domain.joining import Trouble
from bot.domain.mission import EndReason, Mission, MissionState
from bot.domain.outcome import (
    BOARD,
    Fact,
    Notice,
    Place,
    PlaceKind,
    to_applicant,
    to_group,
    to_organisation,
    to_person,
)
from bot.domain.profile import Editing, Field
from bot.domain.sectors import Why as SectorWhy
from bot.flows.duty_file import Why
from bot.flows.joining import REASONS
from bot.flows.opening import KIND as OPENING_KIND
from bot.flows.profile import KIND as PROFILE_KIND
from bot.ports import Draft
from tests.words.scene import NOW, Scene, at, opening_drafts

Facts = Mapping[str, Fact | datetime]

URL = "https://visio.example/" + "r" * 22 + "#" + "t" * 22


@dataclass(frozen=True)
class Sample:
    """One notice to render."""

    name: str
    notice: Notice
    state: str | None = None
    draft: Draft | None = None  # saved just before


#: In which states, under which key, what must be done, by whom.
ASKED = (
    ("planned closed", "call", "call_patient", "operator"),
    ("unanswered exhausted worsened", "owner", "decide", "regulateur"),
    ("unanswered", "owner", "answer_late", "regulateur"),
    ("nobody_asked", "owner", "phone_idels", "operator"),
    ("usual", "owner", "answer_offer", "idel"),
    ("no_hour", "owner", "say_hour", "operator"),
    ("planned", "owner", "phone_idel", "operator"),
    ("en_route", "owner", "arrive", "idel"),
    ("proposal found_by_phone", "owner", "agree_hour", "doctor"),
    ("found_house", "owner", "name_doctor", "doctor"),
    ("to_phone", "owner", "phone_doctor", "operator"),
    ("paused", "owner", "resume", "operator"),
    ("on_site", "owner", "care", "idel"),
    ("by_voice", "nurse", "tell_idel", "operator"),
)


def _asked(key: str, deed: str, who: str, stage: str, others: str) -> Facts:
    """The facts of a request said again."""
    return {
        "key": key,
        "deed": deed,
        "who": who,
        "stage": stage,
        "others": others,
        "since": at(50),
        "hour": at(67),
    }


def _told(**facts: Fact | datetime) -> Facts:
    """Facts that a row computes."""
    return facts


def _division(moves: int, names: int) -> dict[str, object]:
    """What a table of sectors changes."""
    communes = ["Saint-Amarin", "Kirchberg", "Masevaux-Niederbruck", "Oberbruck", "Rimbach", "Sewen"][:names]
    return {
        "moved": moves * names,
        "moves": [
            ["Vallée de la Doller et du Soultzbach", f"Sud {n}", communes, names] for n in range(moves)
        ],
        "more": 7 if moves > 1 else 0,
        "mmg": [["Sundgau", True], ["Mulhouse", False]][:moves],
        "new": [[f"Secteur nouveau {n}", n == 0] for n in range(12 if moves > 1 else moves)],
        "gone": [f"Secteur ancien {n}" for n in range(12 if moves > 1 else moves)],
    }


MANY_SECTORS, ONE_SECTOR, NO_SECTOR = _division(12, 6), _division(1, 1), _division(0, 0)

#: Applications (`scene.applications`) as whoever asks sees them, and as OSNP do.
FORMS = (
    *("role", "name", "sure", "rpps", "phone", "commune", "communes", "abilities", "some", "email", "whole"),
    *("none", "fixing", "correcting", "waiting", "accepted", "refused", "withdrawn"),
    *(f"trouble_{trouble}" for trouble in Trouble),
)
CARDS = ("waiting", "refusing", "doctor", "known", "two", "staff", "accepted", "refused", "withdrawn")

#: kind: (whom, states, facts). «group», «board», «sms:jean», a person, a house. «✱» stands for every state.
NOTICES: tuple[tuple[str, str, str, Facts], ...] = (
    # Search
    (
        "search.offer",
        "amina",
        "offered usual unanswered prolonged planned oriented suspended end_cancelled",
        {},
    ),
    ("search.offer", "bruno", "offered planned reoriented exercise", {}),
    ("search.to_phone", "group", "offered nobody_asked planned end_cancelled", {}),
    ("search.nobody_to_ask", "paul", "nobody_asked", {}),
    ("search.taken", "group", "planned no_hour", {}),
    ("search.late", "group", "unanswered", {"person": "amina", "estimate": 20}),
    ("search.late", "group", "unanswered", {"person": "amina", "estimate": None}),
    ("search.late", "group", "unanswered", {"person": "amina", "answer": "no", "by": "Dr Roth"}),
    ("search.late", "group", "planned", {"person": "amina", "by": "Dr Roth"}),
    ("search.late_refused", "amina", "oriented", {}),
    ("search.all_refused", "group", "offered", {}),
    ("search.phone_usual", "group", "usual planned offered", {"until": at(10)}),
    ("search.unlikely", "group", "offered", {"answered": 3, "of": 10}),
    ("search.unlikely", "group", "offered", {"answered": 1, "of": 12}),
    ("search.warning", "group", "offered", {}),
    ("search.nobody", "group", "unanswered planned oriented", {}),
    ("search.nobody", "group", "unanswered", {"again": 1}),
    ("search.nobody", "group", "unanswered", {"by_phone": True, "person": None}),
    ("search.nobody", "group", "unanswered", {"by_phone": True, "person": "paul"}),
    ("search.ask_words", "lea", "unanswered", {}),
    ("search.decided", "paul", "oriented", {}),
    ("search.oriented", "group", "oriented", {"noted_by": None}),
    ("search.oriented", "group", "oriented", {"noted_by": "Léa M."}),
    ("search.prolonged", "group", "prolonged", {}),
    ("search.given_back", "group", "suspended", {"person": "amina", "reason": "vehicle"}),
    # Visit
    (
        "visit.card",
        "amina",
        "planned no_hour en_route on_site exhausted found visio night closing end_absent paused exercise",
        {},
    ),
    ("visit.identity", "amina", "planned found night", {}),
    ("visit.ask_hour", "amina", "no_hour", {}),
    ("visit.hour_set", "amina", "planned", {}),
    ("visit.hour_by_osnp", "amina", "planned", {"by": "Léa M."}),
    ("visit.hour_changed", "group", "planned", {"by": "Amina B."}),
    ("visit.no_hour", "group", "no_hour", {}),
    ("visit.patient_told", "group", "planned", {"at": at(10), "by": "Léa M."}),
    ("visit.on_site", "group", "on_site", {}),
    ("visit.late", "amina", "planned", {}),
    ("visit.group_late", "group", "planned", {}),
    ("visit.given_back", "amina", "suspended", {"at": at(27)}),
    ("visit.give_back", "amina", "planned", {}),
    ("visit.kept", "amina", "offered", {"given_back": True}),
    ("visit.kept", "amina", "planned", {}),
    ("visit.finish_sure", "amina", "found", {}),
    ("visit.finish_sure", "amina", "planned", {}),
    ("visit.doctor_found", "amina", "found found_house", {}),
    ("visit.doctor_contact", "amina", "found found_house found_by_phone found_traitant", {}),
    ("visit.doctor_withdrew", "amina", "on_site", {}),
    ("visit.hour_proposed", "amina", "proposal found", {}),
    ("visit.video_hour", "amina", "found suspended", {}),
    # The mission's cards
    ("mission.card", "group", "✱", {}),
    ("mission.topic", "group", "✱", {}),
    ("mission.thread", "amina", "planned", {}),
    ("mission.menu", "group", "planned", {}),
    ("mission.menu", "amina", "on_site", {}),
    ("mission.menu", "group", "assigned cancelled_words", {}),
    # What OSNP decide by hand
    *(
        ("control.page", "group", states, {"page": page, "arg": arg})
        for page, states, arg in (
            ("idel", "offered usual unanswered planned en_route on_site by_voice closed", ""),
            ("relaunch", "planned", ""),
            ("nurses", "offered unanswered planned", "0"),
            ("nurse", "offered unanswered", "amina"),
            ("doctor", "on_site paused found exhausted closed", ""),
            ("gone", "found found_house", ""),
            ("doctors", "on_site exhausted", "0"),
            ("party", "on_site", "claire"),
            ("party", "on_site", "sos"),
            ("follow", "planned assigned closed", ""),
            ("operators", "planned", ""),
            ("postpone", "planned", ""),
            ("undo", "planned cancelled_words", ""),
            ("reopen", "planned cancelled_words", ""),
        )
    ),
    ("control.page", "group", "assigned", {"page": "decided", "arg": "hour", "stamp": 0}),
    ("control.page", "group", "assigned", {"page": "undo", "arg": "", "person": "amina"}),
    *(
        ("control.page", "group", "planned", {"page": "done", "arg": what, "by": "Léa M.", "at": at(60)})
        for what in (
            "assigned",
            "noted",
            "relaunched",
            "doctor_assigned",
            "doctor_gone",
            "handed_over",
            "postponed",
            "reopened",
            "undone",
        )
    ),
    *(
        ("control.tell_idel", "group", state, _told(person="amina", whys=why, number=9))
        for why, state in (
            ("assigned", "by_voice"),
            ("doctor", "by_voice"),
            ("doctor_gone", "by_voice"),
            ("video", "by_voice"),
            ("trouble", "by_voice"),
            ("message", "by_voice"),
            ("ordonnance", "by_voice"),
            ("conclusion", "by_voice"),
            ("acts", "by_voice"),
            ("liaison", "by_voice"),
            ("other", "by_voice"),
            ("assigned,doctor,liaison", "by_voice"),
            ("", "by_voice"),
            ("nobody", "by_voice"),
            ("stays", "by_voice"),
            ("leaves", "by_voice"),
            ("ended", "cancelled_words"),
            ("call_15", "worsened"),
            ("night", "night"),
            ("taken_back", "by_voice"),
            ("goes_on", "by_voice"),
            ("false_alarm", "by_voice"),
        )
    ),
    ("control.hour_for_her", "group", "proposal found", {"person": "amina", "hour": at(75)}),
    ("control.taken_back", "amina", "suspended", {"at": at(40)}),
    ("control.goes_on", "amina", "planned", {}),
    ("control.goes_on", "claire", "found", {}),
    ("control.doctor_free", "claire", "on_site", {}),
    ("control.false_alarm", "amina", "on_site", {"by": "Léa M.", "at": at(60)}),
    ("control.false_alarm", "group", "on_site", {"by": "Léa M.", "at": at(60)}),
    ("control.reopened", "group", "planned found found_by_phone", {"by": "Léa M.", "at": at(60)}),
    ("control.reopened_regulateur", "paul", "planned", {"by": "Léa M.", "at": at(60)}),
    ("control.reopened", "group", "offered", {"by": "Léa M.", "at": at(60), "person": "amina"}),
    ("control.undone", "group", "planned", {"what": "assigned", "by": "Léa M.", "person": "amina"}),
    ("control.undone", "group", "planned", {"what": "worsened", "by": "Léa M.", "person": None}),
    *(
        ("control.undone", "group", "planned", {"what": what, "by": "Léa M.", "person": None})
        for what in ("prolonged", "paused", "returned", "handed_over", "noted", "postponed")
    ),
    ("control.note_withdrawn", "lea", "planned", {"by": "Hugo S.", "at": at(60)}),
    ("control.holder", "group", "planned", {"person": "lea", "by": "Paul", "at": at(60)}),
    ("control.yours", "lea", "planned", {"person": "lea", "by": "Nadia", "at": at(60)}),
    ("control.not_yours", "lea", "planned", {"person": "nadia", "by": "Nadia", "at": at(60)}),
    ("control.ask_words", "lea", "planned", {"kind": "note"}),
    ("control.ask_words", "lea", "planned", {"kind": "cancel"}),
    ("closing.over", "group", "cancelled_words", {}),
    ("closing.idel", "group", "by_voice", {"again": False}),
    ("closing.call_15", "amina", "on_site", {"by": "Léa M.", "at": at(60), "by_idel": False}),
    ("closing.worsened", "group", "on_site", {"by": "Léa M.", "at": at(60), "by_idel": False}),
    ("closing.worsened_doctor", "claire", "found", {"by": "Léa M.", "at": at(60), "by_idel": False}),
    ("search.given_back", "group", "suspended", {"person": "amina", "reason": "phone", "by": "Léa M."}),
    ("visit.card", "amina", "assigned", {}),
    ("mission.patient", "lea", "planned found", {}),
    ("dossier.sheet", "lea", "offered planned found found_house closed suspended", {}),
    ("dossier.sheet", "amina", "planned on_site visio exhausted night", {}),
    ("dossier.sheet", "claire", "found visio", {}),
    ("dossier.sheet", "sos", "found_house", {}),
    ("dossier.resources", "bruno", "", {}),
    ("liaison.notes", "lea", "offered found closed", {}),
    ("liaison.notes", "amina", "planned found", {}),
    ("liaison.notes", "claire", "found", {}),
    ("questionnaire.card", "amina", "on_site", {}),
    ("questionnaire.by_phone", "group", "by_voice closing", {}),
    ("questionnaire.by_phone", "group", "by_voice", {"question": "etat"}),
    ("questionnaire.card", "amina", "on_site closing", {"question": "etat"}),
    ("board.card", "board", "", {}),
    ("board.link", "lea", "", {"url": "https://smt.example/tableau/" + "t" * 43, "until": at(720)}),
    ("find.results", "lea", "", {"how": "empty", "count": 0, "reader": "lea", "missions": ""}),
    ("find.results", "lea", "", {"how": "nonsense", "count": 0, "reader": "lea", "missions": ""}),
    ("find.results", "lea", "", {"how": "number", "count": 0, "reader": "lea", "missions": ""}),
    ("find.results", "lea", "", {"how": "name", "count": 99, "reader": "lea", "missions": "open"}),
    ("find.mission", "lea", "planned closed", {}),
    ("why.own", "amina", "", {"mission": None}),
    ("why.own", "bruno", "", {"mission": "planned"}),
    ("why.mission", "lea", "", {"mission": "offered", "person": None}),
    ("why.mission", "group", "", {"mission": "planned", "person": "bruno"}),
    ("start.hello", "lea", "", {}),
    ("start.hello", "amina", "", {}),
    ("start.help", "lea", "", {"role": "osnp"}),
    ("start.help", "paul", "", {"role": "regulateur"}),
    ("start.help", "nadia", "", {"role": "coordinateur"}),
    ("start.help", "amina", "", {"role": "idel"}),
    ("start.help", "claire", "", {"role": "doctor"}),
    # Cascade
    (
        "cascade.offer",
        "claire",
        "on_site en_route found found_house suspended end_cancelled",
        {"party": "claire"},
    ),
    ("cascade.offer", "marc", "on_site found reoriented", {"party": "marc"}),
    ("cascade.offer", "sos", "on_site found_house", {"party": "sos"}),
    ("cascade.offer", "jean", "to_phone", {"party": "jean"}),
    (
        "cascade.call",
        "group",
        "to_phone phoned phone_suspended phone_over",
        {"step": "medecin_traitant", "again": None},
    ),
    ("cascade.call", "group", "to_phone", {"step": "medecin_traitant", "again": 1}),
    ("cascade.call", "group", "house_lines", {"step": "selas", "again": None}),
    ("cascade.sms", "sms:jean", "to_phone on_site exercise", {"phone": "+33639980024", "until": at(75)}),
    (
        "cascade.sms_over",
        "sms:jean",
        "found end_cancelled suspended",
        {"party": "jean", "phone": "+33639980024"},
    ),
    ("cascade.phone_answer", "group", "to_phone house_lines", {}),
    ("cascade.phone_hours", "group", "to_phone", {"party": "jean"}),
    ("cascade.exhausted", "group", "exhausted found", {}),
    ("cascade.nobody", "amina", "exhausted", {}),
    ("cascade.idel_stays", "amina", "exhausted", {}),
    ("cascade.idel_leaves", "amina", "exhausted", {}),
    ("cascade.found", "group", "found found_house", {}),
    ("cascade.tell_doctor", "group", "found_by_phone", {}),
    ("cascade.call_doctor", "group", "found_by_phone", {"why": "doctor.suspended"}),
    ("cascade.call_doctor", "group", "on_site", {"why": "control.doctor_free", "party": "jean"}),
    ("cascade.withdrawn", "group", "on_site", {"party": "claire"}),
    ("cascade.hour_to_agree", "group", "proposal found", {}),
    ("cascade.hour_declined", "group", "found", {"hour": at(97)}),
    # Who is on duty
    *(
        (
            "duty.check",
            "nadia",
            "",
            _told(
                source="gardes-octobre.csv",
                turns=turns,
                replaced=replaced,
                begins=at(0),
                ends=at(60 * 24 * 30),
                by_sector='[["garde", "Sundgau", 11], ["sos_medecin", null, 1]]',
                besides=others,
                past=replaced,
                unread="planning d'octobre" if replaced else "",
            ),
        )
        for turns, replaced, others in ((12, 0, "[]"), (1, 1, '[["septembre.ics", 3], ["garde.csv", 1]]'))
    ),
    ("duty.imported", "nadia", "", {"source": "gardes.csv", "turns": 12, "replaced": 10}),
    ("duty.imported", "nadia", "", {"source": "gardes.csv", "turns": 1, "replaced": 0}),
    ("duty.left", "nadia", "", {"source": "gardes.csv", "turns": 1}),
    *(
        (
            "duty.refused",
            "nadia",
            "",
            _told(
                source="gardes.csv",
                turns=turns,
                refused=refused,
                reasons=json.dumps([[n, why.value, "Dr Marie-Christine"] for n, why in enumerate(Why)]),
                more=more,
            ),
        )
        for turns, refused, more in ((12, 19, 0), (0, 1, 1), (1, 14, 7))
    ),
    ("duty.roster", "group", "", {"sector": ""}),
    ("duty.roster", "lea", "", {"sector": "Mulhouse Alsace Agglomération"}),
    # Doctor
    ("doctor.card", "claire", "found visio suspended closing end_worsened proposal night", {}),
    ("doctor.card", "sos", "found_house", {}),
    ("doctor.identity", "claire", "found", {}),
    ("doctor.billing", "claire", "found", {}),
    ("doctor.billing", "jean", "found_traitant", {}),
    ("doctor.seen", "jean", "to_phone", {}),
    ("doctor.sms", "sms:jean", "found_by_phone found", {}),
    ("doctor.suspended", "claire", "suspended found on_site", {}),
    ("doctor.withdraw", "claire", "found", {}),
    ("doctor.stays", "claire", "on_site", {"withdrawn": True}),
    ("doctor.stays", "claire", "found", {}),
    ("doctor.withdrawn", "claire", "on_site", {}),
    ("doctor.hours", "claire", "found", {}),
    ("doctor.hour_proposed", "claire", "proposal found", {"moved": True}),
    ("doctor.hour_agreed", "claire", "found", {}),
    ("doctor.named", "sos", "found_house", {}),
    # What could not be given, or not be worked
    ("delivery.unreachable", "group", "planned", {"person": "amina"}),
    ("delivery.unreachable", "board", "", {"organisation": "sos"}),
    ("delivery.refused", "group", "planned", {"person": "amina"}),
    ("delivery.refused", "board", "", {}),
    ("delivery.sms_failed", "group", "found_by_phone", {"person": "jean"}),
    ("delivery.sms_failed", "group", "found_house", {"phone": "+33639980031"}),
    ("delivery.sms_failed", "group", "closing", {}),
    ("delivery.group_lost", "lea", "", {"since": at(12), "reason": "bot was kicked"}),
    ("delivery.group_lost", "nadia", "", {"since": at(12), "reason": "chat not found"}),
    ("delivery.group_back", "lea", "", {}),
    ("delivery.not_said", "lea", "planned", {"kind": "visit.no_hour", "reason": "odd"}),
    ("delivery.not_said", "nadia", "", {"kind": "reports.activity", "reason": "odd"}),
    ("delivery.no_topics", "board", "", {"why": "right"}),
    ("delivery.group_moved", "board", "", {"old": -100, "new": -1001234567890}),
    ("delivery.purge_failed", "group", "closed", {"count": 3, "place": "person:4", "reason": "too old"}),
    # After an absence
    ("outage.account", "board", "", {"why": "bot", "since": at(10), "until": at(17), "said": at(67)}),
    ("outage.account", "board", "", {"why": "telegram", "since": at(-1440), "until": at(17), "said": at(67)}),
    (
        "outage.account",
        "board",
        "",
        {"why": "bot", "since": at(10), "until": at(17), "said": at(67), "by": "Léa", "at": at(68)},
    ),
    # Who must act and has not
    *(
        ("watch.again", "group", states, _asked(key, deed, who, stage, others))
        for states, key, deed, who in ASKED
        for stage, others in (("again", ""), ("operator", ""), ("fallback", "nadia lea"))
    ),
    *(
        ("watch.yours", "lea", states, _asked(key, deed, who, "fallback", ""))
        for states, key, deed, who in ASKED
    ),
    *(
        ("watch.sms", "sms:lea", states, _asked(key, deed, who, "fallback", ""))
        for states, key, deed, who in ASKED
    ),
    (
        "watch.again",
        "group",
        "nobody_asked",
        _asked("owner", "phone_idels", "operator", "fallback", "lea nadia paul"),
    ),
    ("watch.before", "group", "planned", {"hour": at(20)}),
    ("watch.care", "amina", "on_site", {}),
    ("watch.name", "sos", "found_house", {}),
    ("watch.forgotten", "group", "planned", {}),
    ("watch.timer_failed", "group", "planned", {"kind": "cascade.silent", "due": at(30)}),
    ("watch.timer_failed", "board", "", {"kind": "opening.paste", "due": at(30)}),
    ("intake.set_aside", "board", "", {"person": "amina", "update": 1}),
    ("intake.set_aside", "board", "", {"person": None, "update": 1}),
    ("intake.set_aside", "amina", "", {"person": "amina", "update": 1}),
    ("intake.unanswered", "amina", "", {}),
    # When somebody may be asked, and whether they can be reached
    *(
        ("availability.card", whom, "", {"person": about, "view": view, "days": 31, "by": by})
        for whom, about, by in (
            ("amina", "amina", None),
            ("amina", "amina", "Léa"),
            ("claire", "claire", None),
            ("lea", "amina", None),
        )
        for view in ("main", "leave", "week")
    ),
    ("availability.card", "amina", "", {"person": "amina", "view": "week", "days": 0, "by": None}),
    ("availability.away", "lea", "", {}),
    ("availability.which", "lea", "", {"among": "amina bruno"}),
    ("reach.check", "amina", "", {}),
    ("reach.test", "amina", "", {"asked": at(0), "seen": None, "phone": "+33639980011", "role": "idel"}),
    ("reach.test", "amina", "", {"asked": at(0), "seen": at(1), "phone": None, "role": "idel"}),
    ("reach.test", "lea", "", {"asked": at(0), "seen": None, "phone": None, "role": "osnp"}),
    ("reach.list", "group", "", {}),
    ("reach.list", "lea", "", {"all": True}),
    ("search.to_phone", "lea", "offered", {"all": True}),
    # Who is there
    ("presence.blocked", "board", "", {"person": "amina"}),
    ("presence.blocked", "board", "", {"person": "amina", "held": "12343, 12344"}),
    ("presence.back", "board", "", {"person": "amina"}),
    ("presence.stranger", "board", "", {"user": 77, "name": "Jeanne Inconnue", "state": "watched"}),
    ("presence.stranger", "board", "", {"user": 77, "name": "Léa M.", "state": "accepted"}),
    ("presence.stranger", "board", "", {"user": 77, "name": "Jeanne Inconnue", "state": "gone"}),
    # What the coordinateur changes of the region
    ("coordinator.delays", "nadia", "", {"may": True}),
    ("coordinator.delays", "board", "", {"may": True}),
    ("coordinator.delays", "lea", "", {"may": False}),
    ("coordinator.delay", "nadia", "", {"key": "delays.answer"}),
    ("coordinator.delay", "nadia", "", {"key": "delays.orientation_reminders"}),
    ("coordinator.delay", "board", "", {"key": "steps.effecteur_sas.delay"}),
    ("coordinator.days", "nadia", "", {"what": "close", "may": True, "day": None}),
    ("coordinator.days", "board", "", {"what": "open", "may": True, "day": None}),
    ("coordinator.days", "nadia", "", {"what": "open", "may": True, "day": "2026-12-26"}),
    ("coordinator.days", "lea", "", {"what": "open", "may": False, "day": None}),
    *(
        (
            "coordinator.changed",
            "board",
            "",
            {"change": 7, "changed": changed, "person": "nadia", "state": state, "kept": True, **more},
        )
        for changed, more in (
            ("delays.night_owner_before_close 45 min", {"before": "30 min"}),
            ("steps.sos_medecin.delay 12 min", {"before": "10 min"}),
            ("closed_days 2026-12-24", {"touched": "412, 413"}),
            ("open_days 2026-12-26 08:00-12:00 14:00-18:00", {"touched": ""}),
        )
        for state in ("standing", "replaced", "revoked")
    ),
    (
        "coordinator.today",
        "board",
        "",
        {
            "change": 8,
            "changed": "closed_days 2026-11-24",
            "person": "nadia",
            "state": "standing",
            "kept": True,
            "touched": "412",
        },
    ),
    ("coordinator.changes", "nadia", "", {"may": True}),
    ("coordinator.changes", "lea", "", {"may": False}),
    # Duty sectors
    ("sectors.table", "nadia", "", {"may": True}),
    ("sectors.table", "lea", "", {"may": False}),
    *(
        (
            "sectors.check",
            "nadia",
            "",
            _told(
                source="secteurs.csv",
                changes=json.dumps(changes),
                unlisted=unlisted,
                doctors="Dr Claire MOREL, Dr Marc ADAM" if unlisted else "",
                doctors_more=unlisted,
                duties="Sundgau" if unlisted else "",
            ),
        )
        for changes, unlisted in ((MANY_SECTORS, 3), (ONE_SECTOR, 1), (NO_SECTOR, 0))
    ),
    (
        "sectors.refused",
        "nadia",
        "",
        _told(
            source="secteurs.csv",
            refused=19,
            reasons=json.dumps([[n, why.value, "68224", "Sundgau"] for n, why in enumerate(SectorWhy)]),
            more=7,
        ),
    ),
    ("sectors.refused", "nadia", "", _told(source="s.csv", refused=1, reasons="[]", more=1)),
    ("sectors.left", "nadia", "", {}),
    ("sectors.left", "nadia", "", {"outdated": True}),
    *(
        (
            kind,
            to,
            "",
            _told(changes=json.dumps(changes), author=author, state=state, person=author),
        )
        for kind, to in (("sectors.imported", "nadia"), ("sectors.changed", "board"))
        for state in ("standing", "undone")
        for changes, author in ((MANY_SECTORS, None), (ONE_SECTOR, "nadia"), (NO_SECTOR, None))
    ),
    # Who asks to join, and what is known of a person
    *(("joining.form", f"applicant:{key}", "", {}) for key in FORMS),
    ("joining.contact", "applicant:phone", "", {}),
    ("joining.phone_noted", "applicant:commune", "", {"phone": "+33639980077"}),
    ("joining.over", "applicant:withdrawn", "", {}),
    *(("joining.card", "board", "", {"application": key}) for key in CARDS),
    ("joining.accepted", "amina", "", {"person": "amina"}),
    ("joining.accepted", "claire", "", {"person": "claire"}),
    *(("joining.refused", "applicant:refused", "", {"reason": reason}) for reason in REASONS),
    ("joining.may_ask_again", "applicant:refused", "", {}),
    ("profile.card", "amina", "", {"person": "amina"}),
    ("profile.card", "claire", "", {"person": "claire"}),
    ("profile.card", "lea", "", {"person": "lea"}),
    ("profile.card", "lea", "", {"person": "claire"}),
    ("profile.found", "lea", "", {"asked": False, "count": 0, "people": ""}),
    ("profile.found", "lea", "", {"asked": True, "count": 0, "people": ""}),
    ("profile.found", "board", "", {"asked": True, "count": 1, "people": "amina"}),
    ("profile.found", "lea", "", {"asked": True, "count": 12, "people": "amina bruno claire paul"}),
    *(("profile.changed", "amina", "", {"person": "amina", "field": field.value}) for field in Field),
    ("profile.goodbye", "amina", "", {"person": "amina"}),
    ("profile.goodbye", "lea", "", {"person": "lea"}),
    ("profile.erased", "applicant:withdrawn", "", {"kept": True}),
    ("profile.erased", "applicant:withdrawn", "", {"kept": False}),
    ("profile.left", "board", "", {"person": "amina", "by": None}),
    ("profile.left", "board", "", {"person": "claire", "by": "Léa M."}),
    ("profile.left", "board", "", {"person": "lea", "by": None, "last": True}),
    ("profile.forgotten", "board", "", {"person": "amina", "by": None, "kept": True}),
    ("profile.forgotten", "board", "", {"person": "amina", "by": "Léa M.", "kept": False}),
    # Reports
    *(
        (f"reports.{kind}", whom, "", {"start": start, "end": end})
        for kind, whom in (
            ("activity", "nadia"),
            ("indemnities", "nadia"),
            ("own", "amina"),
            ("own", "claire"),
        )
        for start, end in (
            ("2026-10-01", "2026-11-01"),
            ("2026-10-05", "2026-10-08"),
            ("2026-08-01", "2026-09-01"),
        )
    ),
    # Closing and exits
    ("closing.idel", "amina", "closing closing_half closed end_absent end_technical", {}),
    ("closing.idel", "amina", "closing", {"again": 1}),
    ("closing.doctor", "claire", "closing closed end_technical", {}),
    ("closing.doctor", "claire", "closing", {"again": 1, "detail": True}),
    ("closing.doctor", "jean", "found_traitant", {"detail": True}),
    ("closing.ended", "amina", "end_before_arrival end_technical end_cancelled", {}),
    ("closing.ended", "claire", "end_cancelled end_technical", {}),
    ("closing.over", "group", "end_✱ reoriented", {}),
    ("closing.orientation_over", "paul", "reoriented", {}),
    ("closing.ended_regulateur", "paul", "end_✱", {}),
    ("closing.closed", "group", "closed end_absent reoriented", {"at": at(90), "minutes": 90, "by": None}),
    ("closing.closed", "group", "closing", {"at": at(90), "minutes": 55, "by": "Léa M."}),
    ("closing.outcome", "paul", "closed end_other_effector", {}),
    ("closing.unanswered", "group", "closing closed", {}),
    *(
        ("closing.confirm", "group", "planned", {"reason": reason.value})
        for reason in EndReason
        if reason not in (EndReason.DONE, EndReason.REORIENTED, EndReason.VISIT_SOS)
    ),
    ("closing.confirm", "amina", "planned end_absent", {"reason": None}),
    (
        "closing.confirm",
        "group",
        "offered planned found",
        {"reason": "cancelled", "text": "route coupée par la neige", "person": "lea"},
    ),
    ("closing.call_15", "amina", "worsened", {"at": at(66), "by": "Amina B.", "by_idel": True}),
    ("closing.call_15_address", "amina", "worsened", {}),
    ("closing.worsened", "group", "worsened", {"at": at(66), "by": "Amina B.", "by_idel": True}),
    ("closing.worsened", "group", "offered end_worsened", {"at": at(66), "by": "Léa M.", "by_idel": False}),
    ("closing.worsened_doctor", "claire", "worsened", {"at": at(66)}),
    ("closing.night_owner", "group", "night_asked", {}),
    ("closing.night_owner", "group", "night_asked", {"again": 1}),
    ("closing.night_owner", "group", "night", {"by": "Léa M."}),
    ("closing.ask_night_owner", "lea", "night_asked", {}),
    ("closing.night_told", "amina", "night", {}),
    # Visio
    ("visio.idel", "amina", "visio visio_over", {"url": URL}),
    ("visio.doctor", "claire", "visio visio_over", {"url": URL}),
    ("visio.trouble", "amina", "visio visio_over", {"url": URL, "side": "doctor"}),
    ("visio.trouble", "claire", "visio", {"url": URL, "side": "idel"}),
    ("visio.trouble", "claire", "visio", {"url": URL, "side": "doctor", "own": True}),
    ("visio.group_trouble", "group", "visio", {"side": "idel"}),
    ("visio.group_trouble", "group", "visio visio_by_voice", {"side": "doctor", "told": False}),
    ("visio.group_trouble", "group", "visio", {"side": "idel", "told": False}),
    ("visio.group", "group", "visio_by_voice visio_over", {}),
    ("visio.dictated", "lea", "visio_by_voice visio_over", {"url": URL}),
    ("visio.dictated", "lea", "visio", {"url": URL, "doctors": True}),
    ("visio.sms_idel", "sms:amina", "visio_by_voice", {"url": URL, "phone": "+33639980011"}),
    ("visio.no_way", "group", "visio visio_by_voice visio_over", {}),
    ("visio.sms", "sms:claire", "visio exercise_visio", {"url": URL, "phone": "+33639980021"}),
    # Constantes
    ("vitals.card", "claire", "found visio", {"series": 1}),
    ("vitals.card", "claire", "found", {"series": 2}),
    ("vitals.own", "amina", "found on_site found_by_phone", {"series": 1}),
    ("vitals.own", "amina", "found", {"series": 2}),
    ("vitals.seen", "lea", "found", {}),
    ("vitals.entry", "amina", "on_site found visio", {}),
    ("vitals.entered", "amina", "found", {}),
    ("vitals.cancelled", "amina", "found", {}),
    ("vitals.alert", "group", "on_site", {"person": "amina", "at": at(58)}),
    # Thread
    ("thread.text", "claire", "found", {"document": "text"}),
    ("thread.text", "amina", "found", {"document": "house"}),
    ("thread.text", "claire", "found", {"document": "location"}),
    ("thread.attachment", "claire", "found", {"document": "photo"}),
    ("thread.attachment_more", "claire", "found", {"document": "photo"}),
    ("thread.file", "amina", "found", {"document": "voice"}),
    ("thread.file_more", "amina", "found", {"document": "video"}),
    ("thread.vitale", "claire", "found", {"document": "vitale"}),
    ("thread.ordonnance", "amina", "found", {"document": "ordonnance"}),
    ("thread.ordonnance_more", "amina", "found", {"document": "ordonnance"}),
    ("thread.document", "lea", "found", {"document": "photo"}),
    ("thread.messages", "lea", "found", {}),
    ("thread.sent", "amina", "found planned found_by_phone", {"document": "text"}),
    ("thread.sent", "claire", "found", {"document": "voice"}),
    ("thread.label", "amina", "found planned", {"document": "photo"}),
    ("thread.label", "amina", "found", {"document": "vitale"}),
    ("thread.label", "claire", "found", {"document": "ordonnance"}),
    ("thread.label", "lea", "found", {"document": "video"}),
    ("thread.failed", "group", "found", {"to": "claire"}),
    ("thread.group", "group", "found closed visio planned_empty", {}),
    ("thread.which", "amina", "", {"kind": "photo", "count": 1, "key": "1"}),
    ("thread.which", "amina", "", {"kind": "text", "count": 3, "key": "1"}),
    ("thread.chosen", "amina", "", {"number": 412}),
    ("thread.chosen", "amina", "", {"number": None}),
    # Conclusion and acts
    ("orders.conclude", "claire", "found closed suspended", {}),
    ("orders.conclusion", "amina", "found closed", {}),
    ("orders.acts", "claire", "found visio", {}),
    ("orders.aloud", "lea", "by_voice found", {}),
    ("orders.material", "claire", "visio", {}),
    ("orders.acts_ordered", "amina", "found visio", {}),
)

#: States that are another one, seen by somebody else.
SAME = {"planned_empty": "exhausted", "exercise_visio": "visio"}

#: Kinds rendered without a mission's own state: the opening dialogue.
OPENING: tuple[tuple[str, Facts], ...] = (
    ("opening.closed", {"cause": "closed", "reason": "ferie", "next_opening": at(60 * 24)}),
    ("opening.left", {}),
    (
        "opening.triggered",
        {
            "number": 412,
            "mission": 1,
            "at": at(0),
            "answer_by": at(30),
            "asked": 24,
            "state": "offered",
            "exercise": False,
        },
    ),
    (
        "opening.triggered",
        {
            "number": 412,
            "mission": 1,
            "at": at(0),
            "answer_by": at(30),
            "asked": 1,
            "state": "usual",
            "exercise": True,
        },
    ),
    (
        "opening.triggered",
        {
            "number": 412,
            "mission": 1,
            "at": at(0),
            "answer_by": at(30),
            "asked": 1,
            "state": "taken",
            "exercise": False,
        },
    ),
    ("opening.door", {"bot": "smt68_bot"}),
    ("opening.door", {"bot": "smt68_bot", "by": "Marie-Christine"}),
)


def samples(scene: Scene) -> Iterator[Sample]:
    """Every sample of a scene."""
    for kind, whom, states, facts in NOTICES:
        for state in wanted_states(scene, states):
            yield sample(scene, kind, whom, state, facts)
    for kind, facts in OPENING:
        yield sample(scene, kind, "group" if kind == "opening.door" else "lea", None, facts)
    for mood, draft in opening_drafts(scene).items():
        body = msgspec.json.encode(draft).decode()
        lea = scene.people["lea"].id
        stored = Draft(lea, OPENING_KIND, body, NOW)
        yield Sample(f"opening.card to lea, {mood}", Notice("opening.card", to_person(lea)), draft=stored)
    for mood, change in edited_profiles(scene):
        of = int(change.kind.partition(":")[2])
        card = Notice("profile.card", to_person(change.owner), facts={"person": of})
        yield Sample(f"profile.card to lea, {mood}", card, draft=change)


def edited_profiles(scene: Scene) -> Iterator[tuple[str, Draft]]:
    """A nurse's card and a doctor's, while OSNP change something."""
    communes = tuple(commune.insee for commune in scene.given.region.communes[:12])
    moods = [Editing(asking=field) for field in Field]
    moods += [Editing(asking=Field.COMMUNE, communes=communes), Editing(confirming="leave")]
    moods += [Editing(changed=field) for field in Field]
    moods += [Editing(confirming="forget"), Editing(asking=Field.PHONE, trouble="phone_taken")]
    moods += [Editing(asking=Field.RPPS, trouble=why) for why in ("rpps_taken", *Trouble)]
    for editing in moods:
        of = scene.people["claire" if editing.asking is Field.STEP else "amina"]
        body = msgspec.json.encode(editing).decode()
        yield f"{editing}", Draft(scene.people["lea"].id, f"{PROFILE_KIND}:{of.id}", body, NOW)


def wanted_states(scene: Scene, states: str) -> list[str | None]:
    """The states that a row names."""
    if not states:
        return [None]
    names: list[str | None] = []
    for name in states.split():
        if name == "✱":
            names += scene.missions
        elif name.endswith("✱"):
            names += [state for state in scene.missions if state.startswith(name[:-1])]
        else:
            names.append(name)
    return names


def sample(scene: Scene, kind: str, whom: str, state: str | None, facts: Facts) -> Sample:
    """One notice, its facts written out."""
    state_key = SAME.get(state, state) if state else None
    mission = scene.missions[state_key] if state_key else None
    spelt = {name: _fact(scene, kind, name, value, state_key) for name, value in facts.items()}
    notice = Notice(
        kind,
        place(scene, whom, mission.id if mission else None),
        mission.id if mission else None,
        facts=spelt,
        epoch=_epoch(kind, mission, facts),
    )
    told = ", ".join([*([state] if state else []), *(f"{k}={v}" for k, v in facts.items() if k != "url")])
    return Sample(f"{kind} to {whom}, {told}", notice, state_key)


def _epoch(kind: str, mission: Mission | None, facts: Facts) -> int:
    """Of what the notice speaks of: the link of the video, or a request to act."""
    if mission is not None and kind.startswith("watch.") and "key" in facts:
        asked = watch.request(mission, str(facts["key"]))
        return asked.epoch if asked is not None else 0
    return mission.visio.number if mission and mission.visio else 0


def _fact(scene: Scene, kind: str, name: str, value: object, state: str | None) -> Fact:
    if name == "mission" and isinstance(value, str):
        return scene.missions[value].id
    if name == "document":
        return scene.documents[f"{state}.{value}"]
    if name == "party" or (name == "arg" and value in ("claire", "sos")):
        return str(scene.party(str(value)))
    if name == "arg" and value == "amina":
        return str(scene.people["amina"].id)
    if name == "to":
        return str(to_person(scene.people[str(value)].id))
    if name in ("person", "reader") and value is not None:
        return scene.people[str(value)].id
    if name in ("others", "people", "among") and not str(value).startswith("["):
        return ",".join(str(scene.people[key].id) for key in str(value).split())
    if name == "organisation":
        return scene.houses[str(value)].id
    if name == "application":
        return scene.applications[str(value)]
    if isinstance(value, datetime):
        return value.isoformat()
    if value == "open":
        return ",".join(str(m.id) for m in scene.missions.values() if m.state is MissionState.OPEN)
    assert value is None or isinstance(value, str | int | float | bool), kind
    return value


def place(scene: Scene, whom: str, mission: int | None) -> Place:
    """Where a sample is said."""
    if whom == "group":
        return BOARD if mission is None else to_group(mission)  # type: ignore[arg-type]
    if whom == "board":
        return BOARD
    if whom.startswith("sms:"):
        return Place(PlaceKind.SMS, scene.people[whom.removeprefix("sms:")].id)
    if whom.startswith("applicant:"):
        return to_applicant(scene.applications[whom.removeprefix("applicant:")])
    if whom in scene.houses:
        return to_organisation(scene.houses[whom].id)
    return to_person(scene.people[whom].id)
