"""The buttons of the search for a doctor: offers, phone answers, exhaustion."""

from datetime import datetime

from bot.buttons import Verb
from bot.domain import cascade, video_hour
from bot.domain.mission import CascadeState, DoctorOffer, DoctorOfferState, Mission, MissionState, VisitState
from bot.domain.people import CascadeStep, Organisation, Party
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button


def minutes(at: datetime) -> int:
    """The hour as a button carries it: minutes since 1970."""
    return int(at.timestamp() // 60)


def may_accept(mission: Mission, own: DoctorOffer) -> bool:
    """Whether hours may be tapped now. A refusal may be taken back while nobody has it."""
    return (
        mission.state is MissionState.OPEN
        and mission.cascade.state in cascade.ACCEPTABLE
        and not mission.cascade.suspended
        and mission.visit.expected_at is not None
        and own.state in (DoctorOfferState.ASKED, DoctorOfferState.TO_PHONE, DoctorOfferState.REFUSED)
    )


def offer(keys: Keys) -> Rows:
    """Two hours, more hours, refusal; «Voir» for the médecin traitant; a house's own answers."""
    mission = keys.mission
    party = Party.read(str(keys.sheet.f["party"]))
    found = cascade.offer_at(mission, party)
    if found is None or not may_accept(mission, found[1]):
        return ()
    step, own = found
    begins = video_hour.begins_of(mission, party)
    refused = own.state is DoctorOfferState.REFUSED
    many = bool(keys.sheet.f.get("many"))
    choices = video_hour.hours(mission, keys.sheet.now, many=many, begins=begins, ends=own.ends)
    buttons = [_hour(keys, Verb.DOCTOR_ACCEPT, "doctor_accept", hour) for hour in choices]
    if mission.visit.state is VisitState.ON_SITE and begins is None and not many:
        buttons[0] = keys.tap(Verb.DOCTOR_ACCEPT, "doctor_in_minutes", minutes(choices[0]), minutes=10)
    house = keys.sheet.house is not None
    sos = step is CascadeStep.SOS_MEDECIN
    return rows(
        *in_rows_of(3 if many else 2, buttons),
        (
            keys.tap(Verb.DOCTOR_HOURS, "fewer_hours", "few")
            if many
            else keys.tap(Verb.DOCTOR_HOURS, "other_hour"),
            None if refused else keys.tap(Verb.DOCTOR_REFUSE, "refuse"),
        ),
        (keys.tap(Verb.DOCTOR_SEE, "see"),) if step is CascadeStep.MEDECIN_TRAITANT and not house else (),
        (keys.tap(Verb.DOCTOR_VISIT, "visit_instead"),) if sos and house else (),
    )


def _hour(keys: Keys, verb: Verb, label: str, hour: datetime, prefix: str = "") -> Button:
    return keys.tap(verb, label, f"{prefix}{minutes(hour)}", hour=keys.words.hour(hour))


def call(keys: Keys) -> Rows:
    """Whom OSNP must phone at this step: yes, no, no answer."""
    mission = keys.mission
    if mission.cascade.state not in cascade.ACCEPTABLE or mission.cascade.suspended:
        return ()
    step = next((s for s in mission.cascade.steps if s.step.value == keys.sheet.f["step"]), None)
    return _answers(keys, list(step.to_phone) if step else [])


def phone_answer(keys: Keys) -> Rows:
    """Everybody who may still answer, of every step."""
    mission = keys.mission
    if mission.cascade.state not in cascade.ACCEPTABLE:
        return ()
    return _answers(keys, [o for step in mission.cascade.steps for o in step.open_offers])


def _answers(keys: Keys, offers: list[DoctorOffer]) -> Rows:
    if len(offers) == 1:
        party = str(offers[0].party)
        return rows(
            (keys.tap(Verb.PHONE_YES, "phone_yes", party), keys.tap(Verb.PHONE_NO, "phone_no", party)),
            (keys.tap(Verb.PHONE_SILENT, "phone_silent", party, epoch=offers[0].line),),
        )
    lines: list[tuple[Button, ...]] = []
    for own in offers[:12]:
        who = keys.sheet.party(own.party)
        name = "" if who is None else getattr(who, "short_name", None) or getattr(who, "name", "")
        lines.append(
            (
                keys.tap(Verb.PHONE_YES, "phone_yes_named", str(own.party), name=str(name)[:12]),
                keys.tap(Verb.PHONE_NO, "phone_no_named", str(own.party), name=str(name)[:12]),
            )
        )
        if isinstance(who, Organisation) and own.line + 1 < len(who.all_lines):
            next_line = keys.tap(
                Verb.PHONE_SILENT, "next_line_named", str(own.party), epoch=own.line, name=who.name[:20]
            )
            lines.append((next_line,))
    return tuple(lines)


def phone_hours(keys: Keys) -> Rows:
    """The hour a doctor said on the phone."""
    mission = keys.mission
    party = Party.read(str(keys.sheet.f["party"]))
    found = cascade.find(mission, party)
    if found is None or mission.cascade.state not in cascade.ACCEPTABLE or mission.cascade.suspended:
        return ()
    begins = video_hour.begins_of(mission, party)
    hours = video_hour.hours(mission, keys.sheet.now, many=True, begins=begins)
    return in_rows_of(3, [_hour(keys, Verb.PHONE_HOUR, "at_hour", h, f"{party}.") for h in hours])


def exhausted(keys: Keys) -> Rows:
    """Nobody is left: the régulateur decides, the nurse is told."""
    mission = keys.mission
    if mission.cascade.state is not CascadeState.EXHAUSTED or mission.state is not MissionState.OPEN:
        return ()
    return rows(
        (
            keys.tap(Verb.RESTART_CASCADE, "restart_cascade", epoch=mission.cascade.epoch),
            keys.tap(Verb.PHONE_ANSWER, "phone_answer"),
        ),
        (keys.tap(Verb.IDEL_STAYS, "idel_stays"), keys.tap(Verb.IDEL_LEAVES, "idel_leaves")),
        (keys.tap(Verb.MENU, "more"),),
    )


def hour_to_agree(keys: Keys) -> Rows:
    """OSNP phone a doctor about a new hour and note the answer."""
    proposal = keys.mission.cascade.proposal
    if proposal is None:
        return ()
    return rows(
        (
            _hour(keys, Verb.HOUR_OK, "hour_ok", proposal.hour),
            keys.tap(Verb.HOUR_NO, "hour_no"),
        )
    )


def hour_proposed(keys: Keys) -> Rows:
    """The nurse answers the doctor's new hour."""
    return hour_to_agree(keys)


def hour_declined(keys: Keys) -> Rows:
    """The hour OSNP agreed on the phone with both."""
    mission = keys.mission
    doctor = mission.cascade.doctor
    open_still = mission.state is MissionState.OPEN and not mission.cascade.suspended
    if doctor is None or not open_still or keys.sheet.f.get("hour") is None:
        return ()
    choices = video_hour.hours(mission, keys.sheet.now, many=True)
    return in_rows_of(3, [_hour(keys, Verb.PHONE_HOUR, "at_hour", h, f"{doctor.party}.") for h in choices])
