"""The pages behind «Autre…» of the group: few buttons each, and «Retour» on every one."""

from bot.buttons import Verb
from bot.domain import by_phone, cascade, control, undo, video_hour
from bot.domain.mission import (
    CascadeState,
    EndReason,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    SearchState,
    VisitState,
)
from bot.domain.people import Party, PersonId
from bot.flows.control import NOTE, REASON
from bot.messages import orders, questionnaire, visio
from bot.messages.cascade import minutes
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.messages.words import km
from bot.ports import Button

#: How many decisions before the last one are offered to be taken back.
EARLIER = 4

#: How much of a name fits beside a mark and a distance.
NAME = 24


def doors(keys: Keys) -> Rows:
    """From the first page to the others, by what the present state allows."""
    mission = keys.mission
    is_open = mission.state is MissionState.OPEN
    return rows(
        (
            _page(keys, "idel", "page_idel") if is_open else None,
            _page(keys, "doctor", "page_doctor") if is_open else None,
        ),
        (_page(keys, "follow", "page_follow"), _undo_door(keys)),
        (_page(keys, "reopen", "page_reopen"),) if mission.end is not None and not is_open else (),
    )


def _page(keys: Keys, page: str, label: str, name: str = "") -> Button:
    return keys.tap(Verb.MENU, label, page, name=name)


def _back(keys: Keys, page: str = "front") -> tuple[Button, ...]:
    return (_page(keys, page, "opening_back"),)


def _undo_door(keys: Keys) -> Button | None:
    standing = undo.all_that_may(keys.mission, keys.sheet.now)
    return _page(keys, "undo", "page_undo") if standing else None


def page(keys: Keys) -> Rows:
    """The buttons of one page; a page of the past has none."""
    build = _PAGES.get(str(keys.sheet.f["page"]))
    return build(keys) if build is not None else ()


def _idel(keys: Keys) -> Rows:
    mission = keys.mission
    if mission.state is not MissionState.OPEN:
        return (_back(keys),)
    state, current = mission.visit.state, mission.search
    wider = current.state is SearchState.USUAL or current.next_wave_at is not None
    coming = state in (VisitState.PLANNED, VisitState.EN_ROUTE)
    return rows(
        (
            _page(keys, "nurses.0", "nurse_answer") if control.is_searching(mission) else None,
            keys.tap(Verb.WIDEN, "widen_now", epoch=current.wave)
            if control.is_searching(mission) and wider
            else None,
        ),
        (
            keys.tap(Verb.SET_OUT, "set_out") if state is VisitState.PLANNED else None,
            keys.tap(Verb.ARRIVE, "arrive") if coming else None,
        ),
        (
            keys.tap(Verb.CHANGE_HOUR, "change_hour") if coming else None,
            keys.tap(Verb.FINISH, "finish") if state is VisitState.ON_SITE else None,
        ),
        *visio.row_for_her(keys),
        *questionnaire.door(keys),
        (keys.tap(Verb.VITALS_GUIDED, "vitals"),)
        if mission.visit.by_phone and state is VisitState.ON_SITE
        else (),
        *orders.acts_for_her(keys),
        (_page(keys, "relaunch", "page_relaunch"),) if mission.visit.idel is not None else (),
        _back(keys),
    )


def _relaunch(keys: Keys) -> Rows:
    if keys.mission.visit.idel is None or keys.mission.state is not MissionState.OPEN:
        return (_back(keys),)
    reasons = [keys.tap(Verb.RELAUNCH, f"relaunch_{why}", why) for why in control.RELAUNCH_REASONS]
    return (*in_rows_of(2, reasons), _back(keys, "idel"))


def _nurses(keys: Keys) -> Rows:
    extra = keys.sheet.extra
    if not control.is_searching(keys.mission):
        return (_back(keys),)
    lines = []
    for person, distance, offer, busy in extra["nurses"]:
        far = f" · {km(distance)}" if distance is not None else ""
        named = f"{_mark(keys.mission, offer, busy)}{person.short_name[:NAME]}{far}"
        lines.append((_page(keys, f"nurse.{person.id}", "named", name=named),))
    return (*lines, *_turning(keys, "nurses", "idel"))


def _mark(mission: Mission, offer: IdelOffer | None, busy: bool) -> str:
    """Where she stands: asked, refused, not reached, elsewhere."""
    if busy:
        return "⛔ "
    if offer is None or offer.epoch != mission.search.epoch:
        return "↩ " if offer is not None and offer.state is IdelOfferState.GAVE_BACK else ""
    return {
        IdelOfferState.ASKED: "⏳ ",
        IdelOfferState.REFUSED: "✖ ",
        IdelOfferState.UNREACHABLE: "📵 ",
        IdelOfferState.LATE: "🕒 ",
    }.get(offer.state, "")


def _turning(keys: Keys, name: str, back: str) -> Rows:
    """Before, after, and back."""
    before, after = keys.sheet.extra["before"], keys.sheet.extra["after"]
    return rows(
        (
            _page(keys, f"{name}.{before}", "page_before") if before else None,
            _page(keys, f"{name}.{after}", "page_after") if after else None,
        ),
        _back(keys, back),
    )


def _nurse(keys: Keys) -> Rows:
    """She is on the phone: her hour, or no."""
    nurses = keys.sheet.extra["nurses"]
    if not control.is_searching(keys.mission) or not nurses:
        return (_back(keys),)
    person, _, offer, busy = nurses[0]
    yes = [
        keys.tap(Verb.ASSIGN, "yes_hour" if m == 60 else "yes_minutes", f"{person.id}.{m}", minutes=m)
        for m in keys.sheet.region.estimates
    ]
    yes.append(keys.tap(Verb.ASSIGN, "yes_later", f"{person.id}.l"))
    said_no = (
        offer is not None
        and offer.epoch == keys.mission.search.epoch
        and offer.state is IdelOfferState.REFUSED
    )
    no = (
        keys.tap(Verb.NURSE_ANSWER, "phone_no", f"{person.id}.no"),
        keys.tap(Verb.NURSE_ANSWER, "phone_silent", f"{person.id}.silent"),
    )
    return (*(() if busy else in_rows_of(2, yes)), *(() if said_no else (no,)), _back(keys, "nurses.0"))


def _doctor(keys: Keys) -> Rows:
    mission = keys.mission
    if mission.state is not MissionState.OPEN:
        return (_back(keys),)
    current = mission.cascade
    asks = current.state in cascade.ACCEPTABLE and bool(current.steps)
    running = current.state is CascadeState.RUNNING and not current.suspended
    pauses = [keys.tap(Verb.PAUSE, "pause_minutes", m, minutes=m) for m in control.POSTPONE]
    return rows(
        (
            keys.tap(Verb.PHONE_ANSWER, "phone_answer") if asks else None,
            _page(keys, "doctors.0", "doctor_any") if asks and not current.suspended else None,
        ),
        tuple(pauses) if running else (),
        (keys.tap(Verb.RESUME, "resume"),) if current.state is CascadeState.PAUSED else (),
        (_page(keys, "gone", "doctor_gone"),) if current.doctor is not None else (),
        _back(keys),
    )


def _gone(keys: Keys) -> Rows:
    if keys.mission.cascade.doctor is None or keys.mission.state is not MissionState.OPEN:
        return (_back(keys),)
    return ((keys.tap(Verb.DOCTOR_GONE, "doctor_gone_yes"),), _back(keys, "doctor"))


def _doctors(keys: Keys) -> Rows:
    if keys.mission.cascade.state not in cascade.ACCEPTABLE:
        return (_back(keys),)
    lines = []
    for party, who in keys.sheet.extra["doctors"]:
        name = getattr(who, "formal_name", None) or getattr(who, "name", "")
        lines.append((_page(keys, f"party.{party}", "named", name=str(name)[:NAME]),))
    return (*lines, *_turning(keys, "doctors", "doctor"))


def _party(keys: Keys) -> Rows:
    """A doctor is on the phone: at what hour?"""
    mission, found = keys.mission, keys.sheet.extra["doctors"]
    if not found or mission.cascade.state not in cascade.ACCEPTABLE or mission.cascade.suspended:
        return (_back(keys),)
    party: Party = found[0][0]
    begins = video_hour.begins_of(mission, party)
    hours = video_hour.hours(mission, keys.sheet.now, many=True, begins=begins)
    taps = [
        keys.tap(Verb.ASSIGN_DOCTOR, "at_hour", f"{party}.{minutes(h)}", hour=keys.words.hour(h))
        for h in hours
    ]
    return (*in_rows_of(3, taps), _back(keys, "doctors.0"))


def _follow(keys: Keys) -> Rows:
    mission = keys.mission
    waits = any(asked.who in ("operator", "regulateur") for asked in mission.requests)
    over = mission.state is MissionState.CLOSED and not mission.owes_calls
    return rows(
        (keys.tap(Verb.WORDS, "note", NOTE), keys.tap(Verb.SEE_PATIENT, "see_patient")),
        (
            None if over else keys.tap(Verb.TAKE_OVER, "take_over"),
            None if over else _page(keys, "operators", "page_operators"),
        ),
        (_page(keys, "postpone", "page_postpone"),) if waits else (),
        _back(keys),
    )


def _operators(keys: Keys) -> Rows:
    names = [
        keys.tap(Verb.TRANSFER, "named", person.id, name=person.first_name[:NAME])
        for person in keys.sheet.extra["operators"][:16]
    ]
    return (*in_rows_of(2, names), _back(keys, "follow"))


def _postpone(keys: Keys) -> Rows:
    taps = [keys.tap(Verb.POSTPONE, "in_minutes", m, minutes=m) for m in control.POSTPONE]
    return (tuple(taps), _back(keys, "follow"))


def _undo(keys: Keys) -> Rows:
    standing = undo.all_that_may(keys.mission, keys.sheet.now)
    if not standing:
        return (_back(keys),)
    *earlier, last = standing
    others = [
        (keys.tap(Verb.UNDO, f"undo_{d.kind.value}", undo.stamp_of(d), hour=keys.words.hour(d.at)),)
        for d in reversed(earlier[-EARLIER:])
    ]
    return ((keys.tap(Verb.UNDO, "undo_yes", undo.stamp_of(last)),), *others, _back(keys))


def _decided(keys: Keys) -> Rows:
    """What was typed elsewhere can be taken back from there, as long as it may."""
    stamp = int(keys.sheet.f["stamp"])
    may = undo.find(keys.mission, stamp, keys.sheet.now) is not None
    return rows((keys.tap(Verb.UNDO, "undo_this", stamp) if may else None,))


def _reopen(keys: Keys) -> Rows:
    if keys.mission.state is MissionState.OPEN:
        return (_back(keys),)
    return ((keys.tap(Verb.REOPEN, "reopen_yes"),), _back(keys))


def other_reason(keys: Keys) -> Rows:
    """The last of the reasons of a cancellation: in the operator's own words."""
    return rows((keys.tap(Verb.WORDS, f"end_{EndReason.CANCELLED.value}_other", REASON),))


def hour_for_her(keys: Keys) -> Rows:
    """OSNP answer about the video's hour for a nurse they have phoned."""
    proposal = keys.mission.cascade.proposal
    if proposal is None or keys.mission.state is not MissionState.OPEN:
        return ()
    yes = keys.tap(Verb.HOUR_OK, "hour_ok", minutes(proposal.hour), hour=keys.words.hour(proposal.hour))
    return rows((yes, keys.tap(Verb.HOUR_NO, "hour_no")))


def tell_idel(keys: Keys) -> Rows:
    """She has heard it; what is dictated stands behind «Voir le patient», her steps are noted from here."""
    nurse = int(keys.sheet.f["person"])
    to_read = by_phone.Why.CONCLUSION in str(keys.sheet.f.get("whys") or "").split(",")
    told = (
        *rows((_told(keys, nurse), keys.tap(Verb.DOCUMENT_SEE, "see_conclusion", "c") if to_read else None)),
        *orders.acts_for_her(keys, nurse),
    )
    if keys.mission.state is not MissionState.OPEN:
        return told
    see, steps = keys.tap(Verb.SEE_PATIENT, "see_patient"), _page(keys, "idel", "page_idel")
    return (*told, *rows((see, steps), *visio.row_for_her(keys)))


def _told(keys: Keys, person: int, number: int | None = None) -> Button | None:
    shown = int(keys.sheet.f.get("number") or 0) if number is None else number
    if not by_phone.owed(keys.mission, PersonId(person), shown):
        return None
    return keys.tap(Verb.IDEL_TOLD, "idel_told", f"{person}.{shown}")


def calls_owed(keys: Keys) -> Rows:
    """For the request said again: each nurse has heard it."""
    last = {call.person: call.number for call in keys.mission.nurse_calls}
    return rows(*((_told(keys, person, number),) for person, number in last.items()))


_PAGES = {
    "idel": _idel,
    "relaunch": _relaunch,
    "nurses": _nurses,
    "nurse": _nurse,
    "doctor": _doctor,
    "gone": _gone,
    "doctors": _doctors,
    "party": _party,
    "follow": _follow,
    "operators": _operators,
    "postpone": _postpone,
    "undo": _undo,
    "decided": _decided,
    "reopen": _reopen,
}
