"""What a tap carries: callback data ↔ a typed press. Knows no words and no rule.

`verb:mission:epoch:arg`, at most 64 bytes. A button stays clickable for ever: whoever handles the press
compares it with the present.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.people import MissionId

#: Presses that belong to no mission carry this one.
NO_MISSION: Final = MissionId(0)

#: Bot API limit of callback_data.
MAX_BYTES: Final = 64


class Verb(StrEnum):
    """What a tap asks for. The values travel in messages already sent: never reuse one."""

    # search: IDEL
    ACCEPT = "sa"  # arg: minutes, «l» for «+ tard»
    REFUSE = "sr"
    REFUSAL_REASON = "sw"  # arg: reason
    RECONSIDER = "sc"
    # search: group
    ORIENT = "so"  # arg: orientation
    ORIENT_BY_PHONE = "sp"  # arg: empty (ask which), orientation
    LATE_YES = "sy"  # arg: person
    LATE_NO = "sn"  # arg: person
    USUAL_DECLINED = "su"  # the usual IDEL said no: widen now
    USUAL_ACCEPTED = "sv"  # she said yes on the telephone; arg: minutes
    # visit
    SET_OUT = "ve"
    ARRIVE = "va"
    FINISH = "vf"
    CHANGE_HOUR = "vh"  # opens the choice
    HOUR = "vs"  # arg: minutes from now, or HHMM local with a leading «@»
    HOUR_OSNP = "vo"  # «À voir avec l'OSNP»
    GIVE_BACK = "vg"  # opens the choice of a reason
    GIVE_BACK_REASON = "vr"  # arg: reason; «keep» keeps it
    PATIENT_TOLD = "vp"
    SEE_PATIENT = "vx"
    MENU = "mm"  # «Autre…» of the group's card; arg: another page of it
    # cascade: doctor
    DOCTOR_ACCEPT = "ca"  # arg: HHMM local hour, «10» minutes from now as «+10»
    DOCTOR_HOURS = "ch"  # «Autre heure»: more hours
    DOCTOR_REFUSE = "cr"
    DOCTOR_VISIT = "cv"  # SOS médecin: «Visite à la place»
    DOCTOR_SEE = "cs"  # médecin traitant: «Voir»
    DOCTOR_WITHDRAW = "cw"
    DOCTOR_CHANGE_HOUR = "cc"
    DOCTOR_PROPOSE = "cp"  # arg: hour
    HOUR_OK = "co"  # the other side agrees; arg: hour
    HOUR_NO = "cx"
    # cascade: group
    PHONE_ANSWER = "pa"  # arg: party
    PHONE_YES = "py"  # arg: party
    PHONE_HOUR = "ph"  # arg: party.HHMM
    PHONE_NO = "pn"  # arg: party
    PHONE_SILENT = "ps"  # arg: party, epoch: which of its telephone lines
    NEXT_STEP = "pf"
    PREVIOUS_STEP = "pb"
    PAUSE = "pp"  # arg: minutes, where another length is wanted
    RESUME = "pr"
    RESTART_CASCADE = "pz"
    IDEL_STAYS = "pi"
    IDEL_LEAVES = "pl"
    # visio
    VISIO_CREATE = "xc"
    VISIO_TROUBLE = "xt"
    VISIO_NEW = "xn"
    VISIO_LATER = "xl"
    VISIO_ABANDON = "xa"
    VISIO_DICTATE = "xd"  # the nurse's link in the operator's private chat
    # vitals
    VITALS_GUIDED = "kg"  # opens the guided entry
    VITALS_CHOICE = "kc"  # arg: field=value
    VITALS_OTHER = "ko"  # arg: field: the value will be typed
    VITALS_SKIP = "ks"  # arg: field
    VITALS_SEND = "kd"
    VITALS_CONFIRM = "ky"  # arg: sign: the odd value is right
    VITALS_CORRECT = "kx"  # arg: sign of the open entry, or number of a series sent
    VITALS_NEW = "kn"
    VITALS_ALERT = "ka"  # «Prévenir le régulateur»
    VITALS_EXPLAIN = "ke"  # «Comment écrire»
    VITALS_CANCEL = "kz"  # the open entry is forgotten
    # thread: documents and messages
    DOCUMENT_SEE = "ds"  # arg: document, «t» messages, «v» constantes
    DOCUMENT_LABEL = "dl"  # arg: document.label
    DOCUMENT_TO = "dt"  # arg: which waiting message is for that mission
    PRESCRIPTION_DONE = "dp"  # arg: document.given|sent
    CONCLUSION = "dc"  # arg: empty (ask), key of a ready-made line, «type», «again»
    CONCLUSION_READ = "dr"  # arg: for OSNP, the number of the call on their screen
    ACTS_ORDER = "ao"  # arg: empty (ask), delay, «none»
    ACTS_ANSWER = "aa"  # arg: me|usual|material
    # closing
    CLOSE_ACTS = "qa"  # arg: 0|1
    CLOSE_OUTCOME = "qo"  # arg: outcome
    CLOSE_PRESCRIPTION = "qp"  # arg: prescription
    CLOSE_BACK = "qb"  # one question back, or all of them again
    CLOSE_FORCE = "qf"  # OSNP close without the answers
    DOCTOR_DONE = "qd"
    DOCTOR_LATER = "ql"
    DOCTOR_DETAIL = "qi"
    NIGHT_OWNER = "qn"  # opens the typing of the owner of the night; arg: a person known
    END = "ee"  # opens the confirmation; arg: end reason
    END_CONFIRM = "ec"  # arg: end reason, reason.detail, or cancelled.typed-person
    END_KEEP = "ek"
    WORSENED = "ew"
    # the sheet of a mission
    SHEET = "md"
    REGULAR = "mr"  # «Ajouter un professionnel habituel»: typed
    LIAISON = "ln"  # arg: empty (write one), «all», off.2, on.2, erase.2
    QUESTION = "iq"  # arg: empty (pass over), key. (again), key.choice, «*» (all, for OSNP)
    # opening dialogue (mission = 0; epoch = the draft's)
    OPENING = "oo"  # arg: field=value
    # requests to act
    MINE = "wm"  # «Je m'en occupe»; arg: the request's key, epoch: its own
    # what OSNP decide by hand: the pages behind «Autre…»
    ASSIGN = "za"  # she agreed on the phone; arg: person.minutes, «l» for «+ tard»
    NURSE_ANSWER = "zr"  # arg: person.no, person.silent
    ASSIGN_DOCTOR = "zd"  # arg: party.minutes since 1970
    DOCTOR_GONE = "zw"  # the doctor who had it cannot, by telephone
    IDEL_TOLD = "zi"  # a nurse without Telegram has heard what OSNP owed her; arg: person.number
    RELAUNCH = "zl"  # take it back from the nurse and search again; arg: reason
    WIDEN = "ze"  # epoch: the wave that was seen
    TAKE_OVER = "zt"
    TRANSFER = "zx"  # arg: person
    POSTPONE = "zp"  # arg: minutes
    WORDS = "zn"  # a note, or the reason of a cancellation, typed; arg: the kind of its draft
    REOPEN = "zo"
    UNDO = "zu"  # arg: the moment of the decision
    OUTAGE_SEEN = "us"  # «Vu» (mission = 0); arg: why and the moments of an absence
    # whoever asks to join (mission = 0; epoch = the application)
    JOIN = "hj"  # arg: field=value
    JOIN_DECIDE = "hd"  # arg: yes=step, no=reason, why=1, back=1
    # a person's card (mission = 0; epoch = the person)
    PROFILE = "hp"  # arg: field=value
    PERSON = "hs"  # one of a list
    # when somebody may be asked, and whether they can be reached
    AVAILABILITY = "av"  # arg: person.v.face or person.w.wish (mission = 0)
    REACH_SEEN = "jv"  # «Je l'ai vu»; arg: when it was asked, in milliseconds since 1970 (mission = 0)
    REACH_ALL = "ja"  # everybody the bot does not reach; of a mission: to be phoned for it
    # lists and reports (mission = 0)
    FOUND = "ff"  # a mission of a search result
    REPORT = "rr"  # arg: kind.YYYYMM
    STRANGER_STAYS = "gs"  # arg: Telegram's user id
    DUTY_CONFIRM = "gd"  # a duty roster (mission = 0); arg: yes|no, epoch: the file
    # what the coordinateur changes of the region (mission = 0)
    DELAYS = "nl"  # back to the list
    DELAY = "nd"  # arg: its key in the region file
    DELAY_SET = "ns"  # arg: key=minutes
    CLOSE_DAY = "nc"  # arg: an ISO day
    OPEN_DAY = "no"  # arg: an ISO day
    OPEN_HOURS = "nh"  # arg: an ISO day, a space, 0800-1200
    REVOKE_CHANGE = "nx"  # arg: the change
    SECTORS_CONFIRM = "nk"  # a table of duty sectors; arg: yes|no, epoch: the table
    SECTORS_UNDO = "nu"  # arg: who changed them, epoch: the table


@dataclass(frozen=True, slots=True)
class Press:
    """One button's meaning."""

    verb: Verb
    mission: MissionId = NO_MISSION
    epoch: int = 0
    arg: str = ""

    def pack(self) -> str:
        """The callback data. Raises ValueError over 64 bytes."""
        text = f"{self.verb.value}:{self.mission}:{self.epoch}:{self.arg}"
        if len(text.encode()) > MAX_BYTES:
            raise ValueError(f"callback data over {MAX_BYTES} bytes: {text!r}")
        return text

    @classmethod
    def read(cls, text: str) -> "Press | None":
        """The press in that callback data; None when it is none of ours."""
        parts = text.split(":", 3)
        if len(parts) != 4:
            return None
        verb, mission, epoch, arg = parts
        try:
            return cls(Verb(verb), MissionId(int(mission)), int(epoch), arg)
        except ValueError:
            return None
