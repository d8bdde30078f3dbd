"""The opening of a mission: what is known of it so far, what is asked next, and whether it may start.

Pure: a draft and a question in, a draft out. Knows no words, no storage and no clock; what was pasted
has been read by `domain.recognition`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain import calendar, places, questionnaire
from bot.domain.dossier import with_regular
from bot.domain.mission import (
    Contact,
    Dossier,
    Mission,
    MissionState,
    Rules,
    Search,
    SearchState,
    Sex,
)
from bot.domain.money import INDEMNITY
from bot.domain.people import MissionId, PersonId
from bot.domain.recognition import (
    Recognised,
    guess_motif,
    read_address,
    read_age,
    read_birth_date,
    read_name,
    recognise,
)
from bot.domain.recognition_block import Block
from bot.domain.recognition_regulars import regulars
from bot.domain.region import Region, ServiceHours

#: All must be true.
CRITERIA = ("no_effector", "general_medicine", "six_hours", "consultation", "cannot_move")

#: None may be true; the age is computed beside them.
EXCLUSIONS = ("urgent", "consciousness", "ehpad")

#: A written answer longer than this is a paste.
LONG_ANSWER = 120


class Question(StrEnum):
    """What is asked next. The values travel in buttons."""

    RINGS = "rings"  # exercice: who is rung
    NAME = "name"
    AGE = "age"
    SEX = "sex"
    ADDRESS = "address"
    COMMUNE = "commune"
    PHONE = "phone"
    MOTIF = "motif"
    DECIDER = "decider"
    CALLER = "caller"  # from here to USUAL_IDEL: asked in the guided opening only, may be passed over
    ACCESS = "access"
    MEDECIN_TRAITANT = "mt"
    USUAL_IDEL = "idel"
    CRITERIA = "criteria"
    EXCLUSIONS = "exclusions"
    TRANSPORT = "transport"
    USUAL = "usual"  # what the usual IDEL named by the caller answered
    ESTIMATE = "estimate"  # she accepts: when she will be there
    DUPLICATE = "duplicate"  # this phone or patient is already open today


#: Without these nothing starts, in the order in which they are asked.
REQUIRED = (
    Question.NAME,
    Question.AGE,
    Question.SEX,
    Question.ADDRESS,
    Question.COMMUNE,
    Question.PHONE,
    Question.MOTIF,
    Question.DECIDER,
)

#: Asked when nothing was pasted; one button passes each over.
OPTIONAL = (Question.CALLER, Question.ACCESS, Question.MEDECIN_TRAITANT, Question.USUAL_IDEL)

#: Answered by buttons only.
BY_BUTTON = frozenset(
    {
        Question.RINGS,
        Question.CRITERIA,
        Question.EXCLUSIONS,
        Question.TRANSPORT,
        Question.USUAL,
        Question.ESTIMATE,
        Question.DUPLICATE,
    }
)


class UsualAnswer(StrEnum):
    """What the usual IDEL said before any broadcast. The values are stored."""

    ACCEPTS = "accepts"
    BY_BOT = "bot"  # offered to her alone by the bot
    BY_PHONE = "phone"  # OSNP phone her once the mission is triggered; nobody else is asked meanwhile
    UNAVAILABLE = "no"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class OpeningDraft:
    """Everything said so far. One per operator; stored encrypted."""

    epoch: int  # in every button of its card: those of an earlier opening are known by it
    exercise: bool = False
    rings: tuple[PersonId, ...] = ()  # exercice: rung, and nobody else
    guided: bool = True  # nothing was pasted: the optional questions are asked too
    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None
    age: int | None = None  # years, when no date is known
    sex: Sex | None = None
    address: str | None = None
    floor: str | None = None
    door_code: str | None = None
    who_opens: str | None = None
    postal_code: str | None = None
    commune: str | None = None  # INSEE code
    communes: tuple[str, ...] = ()  # those it may be
    patient_phone: str | None = None
    caller: Contact | None = None
    motif_text: str = ""
    motif: str | None = None  # key in the region's list
    medecin_traitant: Contact | None = None
    usual_idel: Contact | None = None
    decider: str | None = None
    regulateur: PersonId | None = None
    notes: tuple[str, ...] = ()
    regulars: tuple[Contact, ...] = ()  # other usual professionals
    answers: tuple[tuple[str, str], ...] = ()  # to the region's questionnaire: question, choice (keys)
    said: tuple[tuple[str, bool], ...] = ()  # criteria and exclusions answered
    line_by_line: tuple[Question, ...] = ()  # CRITERIA or EXCLUSIONS opened on doubt
    transport: bool | None = None  # an ambulance would have been sent
    usual: UsualAnswer | None = None
    estimate: int | None = None  # minutes, with ACCEPTS
    duplicates_seen: tuple[MissionId, ...] = ()
    passed: tuple[Question, ...] = ()  # passed over by a button
    asking: Question | None = None  # asked again, by «Corriger»
    fixing: bool = False  # the list of what can be corrected is on screen
    leaving: bool = False  # «Abandonner» waits for its confirmation
    parts: tuple[str, ...] = ()  # a long paste still arriving
    unread: str = ""  # the last short answer, when it was not understood

    @property
    def call_back(self) -> str | None:
        """One number to call back."""
        return self.patient_phone or (self.caller.phone if self.caller else None)

    def says(self, line: str) -> bool | None:
        """What was answered to one criterion or exclusion."""
        return dict(self.said).get(line)

    def age_on(self, day: date) -> int | None:
        """Years on that day."""
        return years(self.birth_date, day) if self.birth_date else self.age


def years(birth: date, day: date) -> int:
    """Full years on that day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


# what is missing


def missing(draft: OpeningDraft, *, duplicates: Collection[MissionId] = ()) -> Question | None:
    """The next question; None when the mission may be confirmed."""
    if draft.asking is not None:
        return draft.asking
    if draft.exercise:
        return Question.RINGS if Question.RINGS not in draft.passed or not draft.rings else None
    for question in REQUIRED:
        if not _known(draft, question):
            return question
    for question in OPTIONAL:
        if draft.guided and question not in draft.passed and not _known(draft, question):
            return question
    return _last_questions(draft, duplicates)


def _last_questions(draft: OpeningDraft, duplicates: Collection[MissionId]) -> Question | None:
    if set(duplicates) - set(draft.duplicates_seen):
        return Question.DUPLICATE
    if any(draft.says(line) is None for line in CRITERIA):
        return Question.CRITERIA
    if any(draft.says(line) is None for line in EXCLUSIONS):
        return Question.EXCLUSIONS
    if draft.transport is None and Question.TRANSPORT not in draft.passed:
        return Question.TRANSPORT
    if draft.usual_idel is not None and draft.usual is None:
        return Question.USUAL
    if (
        draft.usual is UsualAnswer.ACCEPTS
        and draft.estimate is None
        and Question.ESTIMATE not in draft.passed
    ):
        return Question.ESTIMATE
    return None


def count_missing(draft: OpeningDraft) -> int:
    """How many of the required answers are still to be given."""
    return 0 if draft.exercise else sum(not _known(draft, question) for question in REQUIRED)


def _known(draft: OpeningDraft, question: Question) -> bool:
    known: dict[Question, object] = {
        Question.NAME: draft.last_name,
        Question.AGE: draft.birth_date or draft.age is not None,
        Question.SEX: draft.sex,
        Question.ADDRESS: draft.address,
        Question.COMMUNE: draft.commune,
        Question.PHONE: draft.call_back,
        Question.MOTIF: draft.motif,
        Question.DECIDER: draft.decider,
        Question.CALLER: draft.caller,
        Question.ACCESS: draft.floor or draft.door_code or draft.who_opens,
        Question.MEDECIN_TRAITANT: draft.medecin_traitant,
        Question.USUAL_IDEL: draft.usual_idel,
    }
    return bool(known[question])


def next_line(draft: OpeningDraft, question: Question) -> str | None:
    """The criterion or exclusion to ask, once they are opened line by line."""
    lines = CRITERIA if question is Question.CRITERIA else EXCLUSIONS
    return next((line for line in lines if draft.says(line) is None), None)


# whether it may start


class RefusalCause(StrEnum):
    """Why the service does not take it."""

    AGE = "age"
    CRITERION = "criterion"
    EXCLUSION = "exclusion"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why, and which line of the list."""

    cause: RefusalCause
    line: str | None = None


def refusal(draft: OpeningDraft, hours: ServiceHours, day: date, minimum_age: int) -> Refusal | None:
    """Why the mission cannot start; None when nothing known stands against it. An exercice may always."""
    if draft.exercise:
        return None
    age = draft.age_on(day)
    if age is not None and age < minimum_age:
        return Refusal(RefusalCause.AGE)
    for line in CRITERIA:
        if draft.says(line) is False:
            return Refusal(RefusalCause.CRITERION, line)
    for line in EXCLUSIONS:
        if draft.says(line) is True:
            return Refusal(RefusalCause.EXCLUSION, line)
    return None if hours.is_open else Refusal(RefusalCause.CLOSED)


# answers by buttons and by typing


def press(draft: OpeningDraft, name: str, value: str, region: Region) -> OpeningDraft | None:
    """A button of the card that asks nothing of the storage; None when it says nothing now."""
    settled = replace(draft, asking=None, fixing=False, leaving=False)
    match name:
        case "sex" if value in set(Sex):
            return replace(settled, sex=Sex(value))
        case "commune" if value in draft.communes:
            return _in_commune(settled, value, region)
        case "motif" if region.motif(value):
            return replace(settled, motif=value)
        case "transport":
            return _transport(settled, value)
        case "usual" if value in set(UsualAnswer):
            return replace(
                settled, usual=UsualAnswer(value), estimate=None, passed=_without(settled, Question.ESTIMATE)
            )
        case "estimate":
            return (
                replace(settled, estimate=int(value))
                if value.isdigit()
                else _pass(settled, Question.ESTIMATE)
            )
        case "skip" if value in set(Question):
            return _pass_over(settled, Question(value))
        case "ring" if value.isdigit():
            return _toggle(draft, PersonId(int(value)))
        case "answer":
            return _answer(draft, value, region)
        case "leave":
            return replace(settled, leaving=value == "ask")
        case "fix":
            return _fix(settled, value)
    return _press_list(settled, name, value)


def _press_list(draft: OpeningDraft, name: str, value: str) -> OpeningDraft | None:
    """The criteria and the exclusions, at once or line by line."""
    if name in (Question.CRITERIA, Question.EXCLUSIONS):
        question = Question(name)
        if value == "lines":
            return replace(draft, line_by_line=(*draft.line_by_line, question))
        lines, good = (CRITERIA, True) if question is Question.CRITERIA else (EXCLUSIONS, False)
        return say(draft, dict.fromkeys(lines, good))
    line, _, answer = value.partition(".")
    if name == "line" and line in (*CRITERIA, *EXCLUSIONS):
        return say(draft, {line: answer == "1"})
    return None


def say(draft: OpeningDraft, answers: dict[str, bool]) -> OpeningDraft:
    """Criteria and exclusions answered."""
    return replace(draft, said=tuple((dict(draft.said) | answers).items()))


def _answer(draft: OpeningDraft, value: str, region: Region) -> OpeningDraft | None:
    """One choice of one question of the region file."""
    key, _, choice = value.partition(".")
    answers = questionnaire.answer(region, questionnaire.OSNP, draft.answers, key, choice)
    return None if answers is None else replace(draft, answers=answers)


def _transport(draft: OpeningDraft, value: str) -> OpeningDraft:
    if value in ("0", "1"):
        return replace(draft, transport=value == "1")
    return replace(_pass(draft, Question.TRANSPORT), transport=None)


def _pass(draft: OpeningDraft, question: Question) -> OpeningDraft:
    return replace(draft, passed=(*_without(draft, question), question))


#: What an optional answer is when there is none.
_NOBODY: dict[Question, dict[str, None]] = {
    Question.CALLER: {"caller": None},
    Question.ACCESS: {"floor": None, "door_code": None, "who_opens": None},
    Question.MEDECIN_TRAITANT: {"medecin_traitant": None},
    Question.USUAL_IDEL: {"usual_idel": None, "usual": None, "estimate": None},
}


def _pass_over(draft: OpeningDraft, question: Question) -> OpeningDraft:
    """«Inconnu», «Aucune»: an optional answer is not there, also when one was given before."""
    return replace(_pass(draft, question), **_NOBODY.get(question, {}))  # type: ignore[arg-type]


def _without(draft: OpeningDraft, question: Question) -> tuple[Question, ...]:
    return tuple(q for q in draft.passed if q is not question)


def _toggle(draft: OpeningDraft, person: PersonId) -> OpeningDraft:
    rings = tuple(p for p in draft.rings if p != person) if person in draft.rings else (*draft.rings, person)
    return replace(draft, rings=rings, passed=_without(draft, Question.RINGS))


def _fix(draft: OpeningDraft, value: str) -> OpeningDraft | None:
    """«Corriger»: the list, one question of it, or back."""
    if value == "ask":
        return replace(draft, fixing=True)
    if value == "back":
        return draft
    if value == "eligibility":
        return replace(draft, said=(), line_by_line=(Question.CRITERIA, Question.EXCLUSIONS))
    if value == "answers":
        return replace(draft, answers=())
    if value == "regulars":
        return replace(draft, regulars=())
    if value not in set(Question):
        return None
    question = Question(value)
    if question is Question.USUAL_IDEL:
        draft = replace(draft, usual=None, estimate=None)
    return replace(draft, asking=question)


def _in_commune(draft: OpeningDraft, insee: str, region: Region) -> OpeningDraft:
    commune = region.commune(insee)
    codes = commune.postal_codes if commune else ()
    postal_code = draft.postal_code if draft.postal_code in codes else (codes[0] if codes else None)
    return replace(draft, commune=insee, communes=(), postal_code=postal_code)


def type_in(
    draft: OpeningDraft, question: Question, text: str, region: Region, day: date, *, fiction: bool
) -> OpeningDraft | None:
    """A typed answer to one question; None when it was not understood."""
    text = " ".join(text.split())
    settled = replace(draft, asking=None, fixing=False, leaving=False)
    if not text:
        return None
    match question:
        case Question.NAME:
            return _type_name(settled, text)
        case Question.AGE:
            return _type_age(settled, text, day)
        case Question.SEX:
            sex = _SEXES.get(places.plain(text))
            return replace(settled, sex=sex) if sex else None
        case Question.ADDRESS:
            return _type_address(settled, text, region)
        case Question.COMMUNE:
            return _type_commune(settled, text, region)
        case Question.MOTIF:
            return _type_motif(settled, text, region)
        case Question.DECIDER:
            return replace(settled, decider=text, regulateur=None) if _has_letters(text) else None
        case Question.ACCESS:
            return _type_access(settled, text, region)
    return _type_contact(
        settled, question, recognise(f"{_LABELS.get(question, '')}{text}", region, day, fiction=fiction)
    )


_SEXES = {
    "f": Sex.FEMALE,
    "femme": Sex.FEMALE,
    "mme": Sex.FEMALE,
    "m": Sex.MALE,
    "h": Sex.MALE,
    "homme": Sex.MALE,
}

#: What makes `recognise` read the answer to one question as what it is.
_LABELS = {
    Question.CALLER: "Appelant : ",
    Question.MEDECIN_TRAITANT: "MT : ",
    Question.USUAL_IDEL: "IDEL : ",
}


def _has_letters(text: str) -> bool:
    return len(re.findall(r"[^\W\d_]", text)) > 1


def _type_name(draft: OpeningDraft, text: str) -> OpeningDraft | None:
    # A last name alone is enough when that is what was asked; `read_name` wants a title or two words.
    name = read_name(text) or read_name(f"Mme {text}")
    if name is None:
        return None
    told = read_name(text)
    sex = told.sex if told else None
    return replace(draft, last_name=name.last_name, first_name=name.first_name, sex=sex or draft.sex)


def _type_age(draft: OpeningDraft, text: str, day: date) -> OpeningDraft | None:
    if birth := read_birth_date(text, day):
        return replace(draft, birth_date=birth, age=None)
    age = read_age(text)
    return replace(draft, birth_date=None, age=age.years) if age else None


def _type_address(draft: OpeningDraft, text: str, region: Region) -> OpeningDraft | None:
    read = read_address(text, region)
    if read is None or not (read.street or read.communes):
        return replace(draft, address=text) if _has_letters(text) else None
    located = _located(draft, read.communes, read.postal_code, region)
    access = replace(
        located,
        floor=read.floor or draft.floor,
        door_code=read.door_code or draft.door_code,
        who_opens=read.who_opens or draft.who_opens,
    )
    street = read.street or re.split(r",|\d{5}", text)[0].strip()
    return replace(access, address=street) if _has_letters(street) else None


def _located(
    draft: OpeningDraft, communes: tuple[str, ...], postal_code: str | None, region: Region
) -> OpeningDraft:
    """The commune, or those it may be; nothing known of it leaves the draft as it was."""
    if not communes:
        return replace(draft, postal_code=postal_code or draft.postal_code)
    draft = replace(draft, postal_code=postal_code)
    if len(communes) == 1:
        return _in_commune(draft, communes[0], region)
    return replace(draft, commune=None, communes=communes)


def _type_commune(draft: OpeningDraft, text: str, region: Region) -> OpeningDraft | None:
    found = places.find_communes(region, text)
    exact = [c for c in found if places.plain(c.name) == places.plain(re.sub(r"\d", "", text))]
    code = re.search(r"\b\d{5}\b", text)
    communes = tuple(c.insee for c in (exact if len(exact) == 1 else found))
    if not communes:  # «mulouse»: the nearest spellings are offered, none is taken by itself
        alike = tuple(c.insee for c in places.similar_communes(region, re.sub(r"\b\d{5}\b", "", text)))
        return replace(draft, commune=None, communes=alike) if alike else None
    return _located(draft, communes, code[0] if code else None, region)


def _type_motif(draft: OpeningDraft, text: str, region: Region) -> OpeningDraft | None:
    if not _has_letters(text):
        return None
    return replace(draft, motif_text=text, motif=guess_motif(text, region) or draft.motif)


def _type_access(draft: OpeningDraft, text: str, region: Region) -> OpeningDraft:
    read = read_address(text, region)
    if read is None or not (read.floor or read.door_code or read.who_opens):
        return replace(draft, floor=text, door_code=None, who_opens=None)
    return replace(draft, floor=read.floor, door_code=read.door_code, who_opens=read.who_opens)


def _type_contact(draft: OpeningDraft, question: Question, read: Recognised) -> OpeningDraft | None:
    match question:
        case Question.PHONE if read.caller_phone:
            return replace(draft, caller=read.caller)
        case Question.PHONE if read.patient_phone:
            return replace(draft, patient_phone=read.patient_phone)
        case Question.CALLER if read.caller:
            return replace(draft, caller=read.caller)
        case Question.MEDECIN_TRAITANT if read.medecin_traitant:
            return replace(draft, medecin_traitant=read.medecin_traitant)
        case Question.USUAL_IDEL if read.usual_idel:
            return replace(draft, usual_idel=read.usual_idel, usual=None, estimate=None)
    return None


def hear(
    draft: OpeningDraft, question: Question | None, text: str, region: Region, day: date, *, fiction: bool
) -> OpeningDraft:
    """A text of the operator: the answer to the question, or a paste that says many things.

    Nothing is lost: what is not understood stays on the card, or among the notes.
    """
    if draft.exercise:
        return replace(draft, unread="…")  # an invented identity only: not even a note
    short = "\n" not in text.strip() and len(text) <= LONG_ANSWER
    typed = question is not None and question not in BY_BUTTON
    if (
        short
        and typed
        and question is not None
        and not _says_more(question, text, region, day, fiction=fiction)
        and not regulars(Block.of(text), fiction=fiction)[0]
    ):
        answered = type_in(draft, question, text, region, day, fiction=fiction)
        if answered is not None:
            return replace(answered, unread="")
    read = paste(draft, text, region, day, fiction=fiction)
    if read is not None:
        return read
    if short and typed:
        return replace(draft, unread=text)
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    return replace(
        draft, notes=_added(draft.notes, lines), asking=None, fixing=False, leaving=False, unread=""
    )


def _added(notes: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return (*notes, *(line for line in more if line not in notes))


_PLACE = frozenset({"address", "postal_code", "communes", "floor", "door_code", "who_opens"})

#: What the answer to a question may tell; a text that tells more is a paste, however short.
_ABOUT = {
    Question.NAME: frozenset({"last_name", "first_name", "sex"}),
    Question.AGE: frozenset({"birth_date", "age"}),
    Question.SEX: frozenset({"sex"}),
    Question.ADDRESS: _PLACE,
    Question.COMMUNE: _PLACE,
}


def _says_more(question: Question, text: str, region: Region, day: date, *, fiction: bool) -> bool:
    about = _ABOUT.get(question)
    if about is None:
        return False
    facts = _facts_of(recognise(text, region, day, fiction=fiction))
    return bool(facts.keys() & about) and not facts.keys() <= about


def paste(draft: OpeningDraft, text: str, region: Region, day: date, *, fiction: bool) -> OpeningDraft | None:
    """What a pasted text says, over what was known; None when nothing in it is recognised."""
    read = recognise(text, region, day, fiction=fiction)
    facts = _facts_of(read)
    if not facts:
        return None
    several = len(facts) > 1
    if read.regulars:
        facts["regulars"] = _with_regulars(draft.regulars, read.regulars)
    changed = replace(
        draft,
        **facts,  # type: ignore[arg-type]
        guided=draft.guided and not several,
        notes=_added(draft.notes, read.leftovers),
        asking=None,
        fixing=False,
        leaving=False,
        unread="",
    )
    return (
        _located(changed, read.communes, read.postal_code, region)
        if read.communes or read.postal_code
        else changed
    )


def _with_regulars(known: tuple[Contact, ...], more: tuple[Contact, ...]) -> tuple[Contact, ...]:
    for regular in more:
        known = with_regular(known, regular)
    return known


def _facts_of(read: Recognised) -> dict[str, object]:
    """The fields of a draft that a paste fills."""
    told: dict[str, object] = {
        "last_name": read.last_name,
        "first_name": read.first_name,
        "birth_date": read.birth_date,
        "sex": read.sex,
        "address": read.address,
        "postal_code": read.postal_code,
        "communes": read.communes,
        "floor": read.floor,
        "door_code": read.door_code,
        "who_opens": read.who_opens,
        "patient_phone": read.patient_phone,
        "caller": read.caller,
        "motif_text": read.motif_text,
        "motif": read.motif_key,
        "medecin_traitant": read.medecin_traitant,
        "usual_idel": read.usual_idel,
        "regulars": read.regulars,
        "decider": read.decided_by,
    }
    if read.age is not None and read.birth_date is None:
        told |= {"age": read.age}
    facts = {name: value for name, value in told.items() if value or value == 0}
    if "birth_date" in facts:
        facts["age"] = None
    if "usual_idel" in facts:
        facts |= {"usual": None, "estimate": None}
    if "decider" in facts:
        facts["regulateur"] = None
    return facts


def split_name(name: str) -> tuple[str, str]:
    """«Dr Odile Keller» → («Keller», «Odile»); one word is a last name."""
    bare = re.sub(r"^(?:dr|docteur)\b\.?\s*", "", name.strip(), flags=re.IGNORECASE)
    read = read_name(bare) or read_name(f"M {bare}")
    return (read.last_name, read.first_name) if read else (bare, "")


# the start


@dataclass(frozen=True, slots=True)
class Start:
    """What the flow knows of the moment and the people, beside the draft."""

    number: int
    operator: PersonId
    regulateur: PersonId | None
    hours: ServiceHours
    now: datetime


def mission_of(draft: OpeningDraft, start: Start, region: Region) -> Mission:
    """The mission as it is at its déclenchement: both clocks start at `start.now`, delays are frozen."""
    now, delays = start.now, region.delays
    local_day = calendar.local(region, now).date()
    age = draft.age_on(local_day)
    if age is None or draft.commune is None or draft.motif is None or draft.decider is None:
        raise ValueError("a mission needs an age, a commune, a motif and who decided")
    return Mission(
        id=MissionId(0),
        number=start.number,
        year=local_day.year,
        state=MissionState.OPEN,
        operator=start.operator,
        requested_by=draft.decider,
        triggered_at=now,
        limit=now + delays.limit,
        closes_at=start.hours.closes_at,
        age=age,
        sex=draft.sex or Sex.UNKNOWN,
        commune=draft.commune,
        motif=draft.motif,
        rules=rules_of(region),
        search=Search(SearchState.OFFERED, epoch=1, started_at=now, answer_by=now + delays.answer),
        regulateur=start.regulateur,
        exercise=draft.exercise,
        rings=draft.rings if draft.exercise else (),
        transport_avoided=draft.transport,
        funded=region.tariff(INDEMNITY, local_day) is not None,
    )


def rules_of(region: Region) -> Rules:
    """The delays of the region file as they are now."""
    delays = region.delays
    return Rules(
        answer=delays.answer,
        warning=delays.answer_warning,
        prolongation=delays.prolongation,
        reminders=delays.orientation_reminders,
        visit_hour=delays.visit_hour,
        late_arrival=delays.late_arrival,
        visio_after_arrival=delays.visio_after_arrival,
        visio_on_site=delays.visio_on_site,
        pause=delays.pause,
        closing_reminder=delays.closing_reminder,
        purge_after_visit=delays.purge_after_visit,
        usual_idel=timedelta(minutes=region.usual_idel_minutes),
        night_owner=region.delays.night_owner_before_close,
        act_request=region.delays.act_request,
        fallback_again=region.fallback.again,
    )


def dossier_of(draft: OpeningDraft, region: Region) -> Dossier:
    """Who the patient is, to be sealed."""
    commune = region.commune(draft.commune or "")
    codes = commune.postal_codes if commune else ("",)
    return Dossier(
        last_name=draft.last_name or "",
        first_name=draft.first_name or "",
        birth_date=draft.birth_date.isoformat() if draft.birth_date else None,
        address=draft.address or "",
        postal_code=draft.postal_code or codes[0],
        commune_name=commune.name if commune else "",
        floor=draft.floor,
        door_code=draft.door_code,
        who_opens=draft.who_opens,
        patient_phone=draft.patient_phone,
        caller=draft.caller,
        motif_text=draft.motif_text,
        medecin_traitant=draft.medecin_traitant,
        usual_idel=draft.usual_idel,
        notes=draft.notes,
        regulars=draft.regulars,
        answers=draft.answers,
    )


def invented(draft: OpeningDraft, region: Region) -> OpeningDraft:
    """An exercice: an invented patient, in the largest commune of the region."""
    commune = max(region.communes, key=lambda c: c.population)
    return replace(
        draft,
        exercise=True,
        last_name="EXERCICE",
        first_name="Patient",
        birth_date=date(1942, 3, 2),
        sex=Sex.FEMALE,
        address="1 rue de l'Exercice",
        commune=commune.insee,
        postal_code=commune.postal_codes[0],
        patient_phone="+33353010099",
        motif=region.motifs[0].key,
        motif_text="mission d'exercice, patient inventé",
        decider="EXERCICE",
    )


def same_patient(draft: OpeningDraft, dossier: Dossier) -> bool:
    """Whether an open mission is of that patient: one of the numbers, or the names."""
    mine = {draft.patient_phone, draft.caller.phone if draft.caller else None} - {None}
    theirs = {dossier.patient_phone, dossier.caller.phone if dossier.caller else None}
    if mine & theirs:
        return True
    if places.plain(draft.last_name or "") != places.plain(dossier.last_name):
        return False
    first, other = places.plain(draft.first_name or ""), places.plain(dossier.first_name)
    return not first or not other or first == other
