"""How each notice arrives: whether it rings, whether it names a patient, whether it may leave the chat.

What asks somebody to act rings; what only informs is silent or an edit. A message that carries a fact of
the patient is protected and purged, except where its reader must use it outside the chat: those
exceptions are the rows with `protected=False`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """One row of the table."""

    rings: bool = False
    patient: bool = False  # carries facts of the patient: purged
    protected: bool | None = None  # None: protected when it carries facts of the patient
    pinned: bool = False
    action: str | None = None  # says nothing: the app shows for a moment that the bot does this
    keyboard_away: bool = False  # takes the keyboard under the field away

    @property
    def is_protected(self) -> bool:
        """No forwarding, no saving."""
        return self.patient if self.protected is None else self.protected


INFORMS = Manner()
ACT = Manner(rings=True)
IDENTITY = Manner(patient=True)

MANNERS: dict[str, Manner] = {
    # Opening
    "opening.card": IDENTITY,
    "opening.closed": INFORMS,
    "opening.left": INFORMS,
    "opening.triggered": INFORMS,
    "opening.door": INFORMS,
    "find.results": INFORMS,
    "find.mission": INFORMS,
    "dossier.sheet": IDENTITY,
    "dossier.resources": INFORMS,
    "liaison.notes": IDENTITY,
    "questionnaire.card": IDENTITY,
    "questionnaire.by_phone": INFORMS,  # questions, never an answer
    "why.own": INFORMS,
    "why.mission": INFORMS,
    "start.hello": INFORMS,
    "start.help": INFORMS,
    # When somebody may be asked, and whether they can be reached
    "availability.card": INFORMS,
    "availability.away": INFORMS,
    "availability.which": INFORMS,
    "reach.check": Manner(action="typing"),
    "reach.test": ACT,
    "reach.list": INFORMS,
    # Search
    "search.offer": ACT,
    "search.to_phone": ACT,
    "search.nobody_to_ask": ACT,
    "search.phone_usual": ACT,
    "search.unlikely": ACT,
    "search.taken": ACT,
    "search.late": ACT,
    "search.late_refused": ACT,
    "search.all_refused": ACT,
    "search.warning": ACT,
    "search.nobody": ACT,
    "search.oriented": ACT,
    "search.decided": INFORMS,
    "search.ask_words": INFORMS,
    "search.prolonged": INFORMS,
    "search.given_back": ACT,
    # Visit
    "visit.card": ACT,
    "visit.identity": IDENTITY,
    "visit.ask_hour": INFORMS,
    "visit.hour_set": INFORMS,
    "visit.hour_by_osnp": ACT,
    "visit.hour_changed": ACT,
    "visit.no_hour": ACT,
    "visit.patient_told": INFORMS,
    "visit.on_site": INFORMS,
    "visit.late": ACT,
    "visit.group_late": ACT,
    "visit.given_back": INFORMS,
    "visit.give_back": INFORMS,
    "visit.kept": INFORMS,
    "visit.finish_sure": INFORMS,
    # The mission's cards
    "mission.card": INFORMS,
    "mission.menu": INFORMS,
    "mission.patient": IDENTITY,
    "board.card": Manner(pinned=True),
    "board.link": Manner(protected=True),
    # What OSNP decide by hand
    "control.page": INFORMS,
    "control.tell_idel": ACT,
    "control.hour_for_her": ACT,
    "control.taken_back": ACT,
    "control.goes_on": ACT,
    "control.doctor_free": ACT,
    "control.false_alarm": ACT,
    "control.reopened": ACT,
    "control.reopened_regulateur": INFORMS,
    "control.undone": INFORMS,
    "control.note_withdrawn": INFORMS,
    "control.holder": INFORMS,
    "control.yours": ACT,
    "control.not_yours": ACT,
    "control.ask_words": INFORMS,
    # Cascade
    "cascade.offer": ACT,
    "cascade.call": ACT,
    "cascade.phone_answer": INFORMS,
    "cascade.phone_hours": INFORMS,
    "cascade.exhausted": ACT,
    "cascade.nobody": ACT,
    "cascade.idel_stays": ACT,
    "cascade.idel_leaves": ACT,
    "cascade.found": INFORMS,
    "cascade.tell_doctor": ACT,
    "cascade.call_doctor": ACT,
    "cascade.withdrawn": ACT,
    "cascade.hour_to_agree": ACT,
    "cascade.hour_declined": ACT,
    "visit.doctor_found": ACT,
    "visit.doctor_contact": Manner(patient=False, protected=True),
    "visit.doctor_withdrew": ACT,
    "visit.hour_proposed": ACT,
    "visit.video_hour": ACT,
    # Who is on duty
    "duty.check": INFORMS,
    "duty.imported": INFORMS,
    "duty.left": INFORMS,
    "duty.refused": INFORMS,
    "duty.roster": INFORMS,
    # Doctor
    "doctor.card": Manner(rings=True, patient=True),  # the answers to the questionnaire
    "doctor.identity": IDENTITY,
    "doctor.billing": Manner(patient=True, protected=False),
    "doctor.seen": IDENTITY,
    "doctor.suspended": ACT,
    "doctor.withdraw": INFORMS,
    "doctor.stays": INFORMS,
    "doctor.withdrawn": INFORMS,
    "doctor.hours": INFORMS,
    "doctor.hour_proposed": ACT,
    "doctor.hour_agreed": ACT,
    "doctor.named": INFORMS,
    # Who asks to join, and what is known of a person
    "joining.form": INFORMS,
    "joining.contact": INFORMS,
    "joining.phone_noted": Manner(keyboard_away=True),
    "joining.over": Manner(keyboard_away=True),
    "joining.card": ACT,
    "joining.accepted": ACT,
    "joining.refused": ACT,
    "joining.may_ask_again": ACT,
    "profile.card": INFORMS,
    "profile.found": INFORMS,
    "profile.changed": INFORMS,
    "profile.goodbye": INFORMS,
    "profile.erased": INFORMS,
    "profile.left": INFORMS,
    "profile.forgotten": INFORMS,
    # Who is there
    "presence.blocked": ACT,
    "presence.back": INFORMS,
    "presence.stranger": ACT,
    # What could not be given, or not be worked
    "delivery.unreachable": ACT,
    "delivery.refused": ACT,
    "delivery.sms_failed": ACT,
    "delivery.group_lost": ACT,
    "delivery.group_back": INFORMS,
    "delivery.not_said": ACT,
    "delivery.no_topics": ACT,
    "delivery.group_moved": ACT,
    "delivery.purge_failed": ACT,
    "intake.set_aside": ACT,
    "intake.unanswered": ACT,
    # Who must act and has not
    "watch.again": ACT,
    "watch.yours": ACT,
    "watch.before": INFORMS,
    "watch.care": ACT,
    "watch.name": ACT,
    "watch.forgotten": ACT,
    "watch.timer_failed": ACT,
    "outage.account": ACT,
    # Closing and exits
    "closing.idel": ACT,
    "closing.doctor": ACT,
    "closing.ended": ACT,
    "closing.over": ACT,
    "closing.orientation_over": INFORMS,
    "closing.ended_regulateur": INFORMS,
    "closing.closed": INFORMS,
    "closing.outcome": INFORMS,
    "closing.unanswered": ACT,
    "closing.confirm": INFORMS,
    "closing.call_15": ACT,
    "closing.call_15_address": IDENTITY,
    "closing.worsened": ACT,
    "closing.worsened_doctor": ACT,
    "closing.night_owner": ACT,
    "closing.ask_night_owner": INFORMS,
    "closing.night_told": INFORMS,
    # Visio
    "visio.idel": ACT,
    "visio.doctor": ACT,
    "visio.trouble": ACT,
    "visio.group": INFORMS,
    "visio.dictated": INFORMS,  # copied out of the chat: that is what it is for
    "visio.group_trouble": INFORMS,
    "visio.no_way": ACT,
    # Constantes
    "vitals.card": Manner(rings=True, patient=True),
    "vitals.own": IDENTITY,
    "vitals.seen": IDENTITY,
    "vitals.entry": IDENTITY,
    "vitals.entered": INFORMS,
    "vitals.cancelled": INFORMS,
    "vitals.alert": ACT,
    # Thread. What its reader must use outside the chat may leave it: attachments, the ordonnance.
    "thread.text": Manner(rings=True, patient=True),
    "thread.attachment": Manner(rings=True, patient=True, protected=False),
    "thread.attachment_more": Manner(patient=True, protected=False),
    "thread.file": Manner(rings=True, patient=True),
    "thread.file_more": IDENTITY,
    "thread.vitale": IDENTITY,
    "thread.ordonnance": Manner(rings=True, patient=True, protected=False),
    "thread.ordonnance_more": Manner(patient=True, protected=False),
    "thread.document": IDENTITY,
    "thread.messages": IDENTITY,
    "thread.sent": INFORMS,
    "thread.label": INFORMS,
    "thread.failed": ACT,
    "thread.group": INFORMS,
    "thread.which": INFORMS,
    "thread.chosen": INFORMS,
    # Conclusion and acts
    "orders.conclude": IDENTITY,
    "orders.conclusion": Manner(rings=True, patient=True),
    "orders.acts": IDENTITY,
    "orders.aloud": IDENTITY,
    "orders.material": Manner(rings=True, patient=True),
    "orders.acts_ordered": Manner(rings=True, patient=True),
    # What the coordinateur changes of the region
    "coordinator.delays": INFORMS,
    "coordinator.delay": INFORMS,
    "coordinator.days": INFORMS,
    "coordinator.changed": INFORMS,
    "coordinator.today": ACT,
    "coordinator.changes": INFORMS,
    # Duty sectors
    "sectors.table": INFORMS,
    "sectors.check": INFORMS,
    "sectors.refused": INFORMS,
    "sectors.left": INFORMS,
    "sectors.imported": INFORMS,
    "sectors.changed": INFORMS,
    # Reports: they name nurses and amounts, no patient
    "reports.activity": INFORMS,
    "reports.indemnities": INFORMS,
    "reports.own": INFORMS,
}
