"""The buttons of the opening: one question at a time, and the way back."""

from collections.abc import Iterable

from bot.buttons import Verb
from bot.domain.calendar import local
from bot.domain.mission import Sex
from bot.domain.opening import OPTIONAL, OpeningDraft, Question, UsualAnswer
from bot.domain.region import Question as AskedInRegion
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Longest words of a button beside another.
BESIDE = 18

#: Communes behind one postal code, and missions of one patient, that fit on a screen.
MANY = 40

#: What «Corriger» offers, in this order.
TO_FIX = (
    Question.NAME,
    Question.AGE,
    Question.SEX,
    Question.ADDRESS,
    Question.COMMUNE,
    Question.ACCESS,
    Question.PHONE,
    Question.CALLER,
    Question.MOTIF,
    Question.DECIDER,
    Question.MEDECIN_TRAITANT,
    Question.USUAL_IDEL,
    Question.TRANSPORT,
)


def card(keys: Keys) -> Rows:
    """The answers to the question on the card."""
    draft: OpeningDraft | None = keys.sheet.extra["draft"]
    if draft is None:
        return ()
    return Opening(keys, draft).rows()


class Opening:
    """Makes the buttons of one draft."""

    def __init__(self, keys: Keys, draft: OpeningDraft) -> None:
        self.keys = keys
        self.draft = draft
        self.extra = keys.sheet.extra

    def tap(self, label: str, arg: object, **values: object) -> Button:
        """A button of this draft."""
        return self.keys.tap(Verb.OPENING, label, arg, epoch=self.draft.epoch, **values)

    def named(self, pairs: Iterable[tuple[str, str]]) -> Rows:
        """Buttons that bear a name: two in a row where both are short."""
        buttons = [self.tap("named", arg, name=name) for name, arg in pairs]
        short = [b for b in buttons if len(b.label) <= BESIDE]
        return (*in_rows_of(2, short), *((b,) for b in buttons if len(b.label) > BESIDE))

    def rows(self) -> Rows:
        """Everything under the card."""
        draft, standing = self.draft, self.extra["standing"]
        if draft.parts:
            return ()
        if draft.leaving:
            return rows(
                (self.tap("opening_leave_yes", "leave=yes"), self.tap("opening_again", "leave=again")),
                (self.tap("opening_leave_no", "leave=no"),),
            )
        if draft.fixing:
            return (*self.fixes(), (self.tap("opening_back", "fix=back"),))
        if standing.refusal is not None and draft.asking is None:
            return rows((self.fix(), self.leave()))
        if standing.question is None:
            go = self.tap("trigger_exercise" if draft.exercise else "trigger", "go=1")
            return (
                (go,),
                *self.optional(),
                *rows((None if draft.exercise else self.fix(), self.leave())),
            )
        nothing_said = not draft.last_name and draft.birth_date is None and not draft.notes
        exercise = self.tap("opening_exercise", "new=exercise") if nothing_said else None
        known = None if draft.exercise or nothing_said else self.fix()
        return (*self.answers(standing.question), *rows((known or exercise, self.leave())))

    def fix(self) -> Button:
        """«Corriger»."""
        return self.tap("opening_fix", "fix=ask")

    def leave(self) -> Button:
        """«Abandonner»."""
        return self.tap("opening_leave", "leave=ask")

    def optional(self) -> Rows:
        """The choices of the region's question that may be answered now."""
        asked: AskedInRegion | None = self.extra["optional"]
        if asked is None:
            return ()
        return self.named((words, f"answer={asked.key}.{choice}") for choice, words in asked.choices)

    def fixes(self) -> Rows:
        """What may be corrected."""
        buttons = [self.tap(f"fix_{q.value}", f"fix={q.value}") for q in TO_FIX]
        buttons.append(self.tap("fix_eligibility", "fix=eligibility"))
        if self.draft.answers:
            buttons.append(self.tap("fix_answers", "fix=answers"))
        if self.draft.regulars:
            buttons.append(self.tap("fix_regulars", "fix=regulars"))
        return in_rows_of(2, buttons)

    def answers(self, question: Question) -> Rows:
        """The answers that are buttons; the others are typed."""
        region = self.keys.sheet.region
        match question:
            case Question.SEX:
                return rows(
                    (
                        self.tap("sex_f", f"sex={Sex.FEMALE.value}"),
                        self.tap("sex_m", f"sex={Sex.MALE.value}"),
                    )
                )
            case Question.COMMUNE:
                found = [c for insee in self.draft.communes if (c := region.commune(insee))]
                return self.named((c.name, f"commune={c.insee}") for c in found[:MANY])
            case Question.MOTIF:
                today = region.on(local(region, self.keys.sheet.now).date())
                return self.named((m.label, f"motif={m.key}") for m in today.motifs)
            case Question.DECIDER:
                return self.named((p.short_name, f"decider={p.id}") for p in self.extra["regulateurs"])
            case Question.CRITERIA | Question.EXCLUSIONS:
                return self.eligibility(question)
            case Question.TRANSPORT:
                return rows(
                    (self.tap("yes", "transport=1"), self.tap("no", "transport=0")),
                    (self.tap("unknown", "transport=x"),),
                )
            case Question.DUPLICATE:
                return self.duplicates()
            case Question.USUAL:
                return self.usual()
            case Question.ESTIMATE:
                minutes = [self.tap("in_minutes", f"estimate={m}", minutes=m) for m in region.estimates]
                return (*in_rows_of(3, minutes), (self.tap("estimate_later", "estimate=later"),))
            case Question.RINGS:
                return self.rings()
        if question in OPTIONAL:
            return rows((self.tap(f"skip_{question.value}", f"skip={question.value}"),))
        return ()

    def eligibility(self, question: Question) -> Rows:
        """At once, or line by line."""
        line = self.extra["line"]
        if line is not None:
            return rows((self.tap("yes", f"line={line}.1"), self.tap("no", f"line={line}.0")))
        return rows(
            (self.tap(f"{question.value}_all", f"{question.value}=all"),),
            (self.tap("doubt", f"{question.value}=lines"),),
        )

    def duplicates(self) -> Rows:
        """The missions that may be the same, and on."""
        seen = [
            self.keys.tap(Verb.FOUND, "see_mission", m.id, number=m.number)
            for m in self.extra["standing"].duplicates[:MANY]
        ]
        return (*in_rows_of(2, seen), (self.tap("duplicate_go", "duplicate=go"),))

    def usual(self) -> Rows:
        """What the usual IDEL said; the bot can only ask one it knows and who is free."""
        person = self.extra["usual"]
        free = person is not None and self.extra["usual_elsewhere"] is None
        reached = free and person.on_telegram and person.reachable
        region = self.keys.sheet.region
        minutes = region.usual_idel_minutes
        by_phone = region.search.usual == "phone"
        return rows(
            (self.tap("usual_accepts", f"usual={UsualAnswer.ACCEPTS.value}") if free else None,),
            (
                self.tap("usual_by_phone", f"usual={UsualAnswer.BY_PHONE.value}", minutes=minutes)
                if by_phone and free
                else self.tap("usual_by_bot", f"usual={UsualAnswer.BY_BOT.value}", minutes=minutes)
                if reached
                else None,
            ),
            (
                self.tap("usual_no", f"usual={UsualAnswer.UNAVAILABLE.value}"),
                self.tap("usual_silent", f"usual={UsualAnswer.SILENT.value}"),
            ),
        )

    def rings(self) -> Rows:
        """Who an exercice rings."""
        chosen = self.draft.rings
        people = [
            self.tap("chosen" if p.id in chosen else "named", f"ring={p.id}", name=p.short_name[:15])
            for p in self.extra["rings"]
        ]
        done = self.tap("rings_done", f"skip={Question.RINGS.value}") if chosen else None
        return (*in_rows_of(2, people), *rows((done,)))


def closed(keys: Keys) -> Rows:
    """The service is closed: only an exercice can be opened."""
    return rows((keys.tap(Verb.OPENING, "opening_exercise", "new=exercise"),))


def triggered(keys: Keys) -> Rows:
    """On to the mission."""
    facts = keys.sheet.f
    return rows((keys.tap(Verb.FOUND, "see_mission", facts["mission"], number=facts["number"]),))


def door(keys: Keys) -> Rows:
    """From the group into the private chat."""
    bot = keys.sheet.f["bot"]
    label = keys.words.label("opening_door")
    return ((Button(label, url=f"https://t.me/{bot}?start=mission"),),)
