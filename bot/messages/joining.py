"""The buttons of whoever asks to join, and of the OSNP who decide."""

from bot.buttons import Verb
from bot.domain.joining import Application, ApplicationState, Asked, Trouble, again_at, questions
from bot.domain.people import Role
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Longest words of a button beside another.
BESIDE = 18


def form(keys: Keys) -> Rows:
    """The answers to the question on the form."""
    application: Application | None = keys.sheet.extra["application"]
    if application is None or not application.is_open:
        return ()
    return Form(keys, application).rows()


class Form:
    """Makes the buttons of one application."""

    def __init__(self, keys: Keys, application: Application) -> None:
        self.keys = keys
        self.application = application

    def tap(self, label: str, arg: object, **values: object) -> Button:
        """A button of this form."""
        return self.keys.tap(Verb.JOIN, label, arg, epoch=self.application.id, **values)

    def rows(self) -> Rows:
        """Everything under the form."""
        application, asked = self.application, self.keys.sheet.extra["asked"]
        if application.trouble == Trouble.CANCELLING:
            return rows((self.tap("join_keep", "keep=1"),), (self.tap("join_cancel_yes", "cancel=yes"),))
        cancel = self.tap("join_cancel", "cancel=1")
        if application.state is ApplicationState.WAITING:
            return rows((cancel,))
        if application.fixing:
            return (*self.fixes(), *rows((self.tap("join_back", "fix=back"), cancel)))
        if asked is None:
            return rows((self.tap("join_send", "send=1"),), (self.tap("join_fix", "fix=ask"), cancel))
        said = application.name_sure and application.asking is None
        fix = self.tap("join_fix", "fix=ask") if said else None
        back = (
            self.tap("join_back", "fix=back") if application.asking and asked is not Asked.ABILITIES else None
        )
        return (*self.answers(asked), *rows((fix or back, cancel)))

    def fixes(self) -> Rows:
        """What may be corrected: what was said."""
        region = self.keys.sheet.region
        return in_rows_of(
            2, [self.tap(f"join_{q.value}", f"fix={q.value}") for q in questions(self.application, region)]
        )

    def answers(self, asked: Asked) -> Rows:
        """The answers that are buttons; the others are typed."""
        region, application = self.keys.sheet.region, self.application
        match asked:
            case Asked.ROLE:
                idel, doctor = Role.IDEL.value, Role.DOCTOR.value
                return rows(
                    (self.tap("join_idel", f"role={idel}"), self.tap("join_doctor", f"role={doctor}"))
                )
            case Asked.NAME_SURE:
                return rows((self.tap("yes", "name=yes"), self.tap("join_swap", "name=swap")))
            case Asked.RPPS:
                return rows((self.tap("join_no_rpps", "skip=rpps"),))
            case Asked.EMAIL:
                return rows((self.tap("join_skip", "skip=email"),))
            case Asked.COMMUNE:
                there = [c for insee in application.communes if (c := region.commune(insee)) is not None]
                return named([self.tap("named", f"commune={c.insee}", name=c.name) for c in there])
            case Asked.ABILITIES:
                has = application.capabilities or ()
                each = [
                    self.tap("chosen" if a.key in has else "named", f"ability={a.key}", name=a.label)
                    for a in region.abilities
                ]
                return (*named(each), (self.tap("join_done", "ability=done"),))
        return ()


def named(buttons: list[Button]) -> Rows:
    """Buttons that bear a name: two in a row where both are short."""
    short = [button for button in buttons if len(button.label) <= BESIDE]
    return (*in_rows_of(2, short), *((button,) for button in buttons if len(button.label) > BESIDE))


def contact(keys: Keys) -> Rows:
    """Under the field where one writes: one's own number."""
    return ((Button(keys.words.label("join_share"), contact=True),),)


def card(keys: Keys) -> Rows:
    """What OSNP may decide."""
    application: Application | None = keys.sheet.extra["application"]
    if application is None:
        return ()

    def tap(label: str, arg: str, **values: object) -> Button:
        return keys.tap(Verb.JOIN_DECIDE, label, arg, epoch=application.id, **values)

    if application.state is not ApplicationState.WAITING:
        refused_for_a_day = again_at(application) is not None
        return rows((tap("join_lift", "lift=1") if refused_for_a_day else None,))

    if application.refusing:
        reasons = [
            tap("join_no_rpps_found", "no=rpps"),
            tap("join_no_phone", "no=phone"),
            tap("join_no_place", "no=place"),
            tap("join_no_other", "no=other"),
        ]
        return (*in_rows_of(2, reasons), *rows((tap("join_not_refused", "back=1"),)))
    region, steps = keys.sheet.region, keys.sheet.extra["steps"]
    can = keys.sheet.extra["obstacle"] is None
    usual = f"yes={steps[0].value}" if steps else "yes="
    others = [
        (tap("join_accept_step", f"yes={step.value}", step=region.rule(step).label[:20]),)
        for step in steps[1:]
        if can
    ]
    return rows((tap("join_accept", usual) if can else None, tap("join_refuse", "why=1")), *others)
