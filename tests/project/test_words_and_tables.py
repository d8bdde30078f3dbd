"""Whatever the code says has words, a manner and buttons that exist; whatever stands in a table is used."""

import ast
import re
import tomllib

import pytest

from bot import routes
from bot.buttons import MAX_BYTES, Press, Verb
from bot.domain.outcome import TimerKind
from bot.domain.people import MissionId
from bot.domain.rosters import SKIPS
from bot.flows import extras
from bot.messages.keyboards import KEYBOARDS
from bot.messages.manners import MANNERS
from bot.messages.words import FOLDER
from tests.project.source import ANY, ROOT, Used, calls, given, matches, read, strings, trees

#: The emulator says nothing of ours, and the storage only carries.
OTHERS = ("bot/sandbox", "storage")

#: Kinds that no expression spells out, by the function that sends them: read by hand.
BY_HAND = {
    # The links die: every card of the video is redrawn.
    "bot/domain/visio.py": {"visio.idel", "visio.doctor", "visio.trouble"},
    # Why a notice was given up travels with its end.
    "bot/undelivered.py": {"delivery.unreachable", "delivery.refused", "delivery.sms_failed"},
}

#: Where an answer only passes through, whatever it is.
CARRIERS = ("bot/replies.py", "bot/domain/outcome.py")

#: What a timer or a decision that follows another «answers»: nobody acted, nobody hears it.
UNSAID = {
    "cascade.ended",
    "cascade.moved",
    "cascade.reminded",
    "cascade.suspended",
    "closing.night_owner_asked",
    "coordinator.followed",
    "closing.reminded",
    "closing.unanswered",
    "search.nobody",
    "search.reminded",
    "search.warned",
    "visio.ended",
    "visit.ask_hour",
    "visit.asked",
    "visit.chased",
    "visit.left",
    "visit.planned",
}

#: A manner of the moment (`extra["manner"]`) or of an SMS: no row in the table.
WITHOUT_A_ROW = re.compile(r".*\.sms(_\w+)?")

MACRO = re.compile(r"\{%-?\s*macro (\w+)\(([^)]*)\)")


def macros(column: str) -> dict[str, str]:
    """The macros of one file of words and their parameters."""
    file = FOLDER / "messages" / f"{column}.jinja"
    return dict(MACRO.findall(file.read_text(encoding="utf-8"))) if file.exists() else {}


def words() -> set[str]:
    """Every macro there is, as «column.name»."""
    return {
        f"{file.stem}.{name}" for file in (FOLDER / "messages").glob("*.jinja") for name in macros(file.stem)
    }


def there_is(kind: str, known: set[str]) -> bool:
    """Whether a kind, perhaps composed, is known."""
    return any(matches(kind, one) for one in known) if ANY in kind else kind in known


def notices() -> Used:
    """Every kind of notice the code owes to somebody."""
    return given("Notice", 0, "kind", outside=(*OTHERS, *CARRIERS))


def answers() -> Used:
    """Every kind of answer."""
    used, more = given("Answer", 0, "kind", outside=OTHERS), given("nothing", 1, "answer", outside=OTHERS)
    for text, places in more.texts.items():
        used.texts.setdefault(text, []).extend(places)
    used.unread = [place for place in (*used.unread, *more.unread) if not place.startswith(CARRIERS)]
    return used


def test_every_notice_can_be_read_off_the_code() -> None:
    unread = [place for place in notices().unread if place.rpartition(":")[0] not in BY_HAND]
    assert unread == []


def test_every_notice_has_words() -> None:
    known = words()
    kinds = notices().texts | {kind: [file] for file, some in BY_HAND.items() for kind in some}
    assert {kind: places for kind, places in kinds.items() if not there_is(kind, known)} == {}


def test_every_notice_has_a_manner() -> None:
    wordless = {
        kind: places
        for kind, places in notices().texts.items()
        if not there_is(kind, set(MANNERS)) and not WITHOUT_A_ROW.fullmatch(kind)
    }
    assert wordless == {}


def test_every_manner_is_of_a_notice_that_is_sent() -> None:
    sent = set(notices().texts).union(*BY_HAND.values())
    composed = {kind for kind in sent if ANY in kind}
    unsent = {
        kind
        for kind in MANNERS
        if kind not in sent and not any(matches(pattern, kind) for pattern in composed)
    }
    assert unsent == set()


def test_every_keyboard_and_every_loader_is_of_a_notice() -> None:
    known = set(MANNERS) | {kind for kind in notices().texts if WITHOUT_A_ROW.fullmatch(kind)}
    assert set(KEYBOARDS) - known == set()
    assert set(extras.LOADERS) - known == set()


def test_every_answer_has_words() -> None:
    known = words()
    used = answers()
    assert used.unread == []
    spoken = {kind: kind.replace(".", ".answer_", 1) for kind in used.texts if kind not in UNSAID}
    assert {kind: used.texts[kind] for kind, macro in spoken.items() if not there_is(macro, known)} == {}


def test_what_nobody_hears_is_still_so() -> None:
    spoken = {kind for kind in UNSAID if kind.replace(".", ".answer_", 1) in words()}
    assert spoken == set()
    assert set(answers().texts) >= UNSAID


def test_no_words_are_left_over() -> None:
    """A macro is a notice's, an answer's, or a piece that another macro calls."""
    sent, said = notices(), answers()
    kinds = set(sent.texts).union(*BY_HAND.values(), {k.replace(".", ".answer_", 1) for k in said.texts})
    source = {file.stem: file.read_text(encoding="utf-8") for file in (FOLDER / "messages").glob("*.jinja")}
    everything = "\n".join(source.values())
    elsewhere = strings(outside=("bot/sandbox", "storage", "bot/domain", "bot/flows"))
    left = set()
    for macro in words() - kinds:
        name = macro.partition(".")[2]
        called = re.search(rf"(?<!macro )\b{name}\(", everything)
        if not called and macro not in elsewhere and not any(matches(k, macro) for k in kinds if ANY in k):
            left.add(macro)
    assert left == set()


def test_a_macro_takes_one_sheet_or_the_facts() -> None:
    wrong = [
        macro
        for macro in words()
        if (name := macro.partition(".")[2]).startswith("answer_")
        and macros(macro.partition(".")[0])[name].strip() != "f"
    ]
    assert wrong == []


def labels() -> dict[str, list[str]]:
    """Every label a button is given."""
    found: dict[str, list[str]] = {}
    for call in [*calls()["tap"], *calls()["label"]]:
        place = call.file.relative_to(ROOT).as_posix()
        if not place.startswith("bot/messages") or not call.node.args or place.endswith("rows.py"):
            continue
        first = call.node.args[0]
        by_verb = isinstance(first, ast.Attribute) or (isinstance(first, ast.Name) and first.id == "verb")
        for text in read(call.node.args[1] if by_verb else first, call.inside):
            if text is not None:
                found.setdefault(text, []).append(call.place)
    return found


def known_labels() -> dict[str, str]:
    """The table of labels."""
    return tomllib.loads((FOLDER / "labels.toml").read_text(encoding="utf-8"))


def test_every_button_has_a_label() -> None:
    known = set(known_labels())
    assert {label: places for label, places in labels().items() if not there_is(label, known)} == {}


def test_every_label_is_on_a_button() -> None:
    used = set(labels())
    spelt = strings(outside=(*OTHERS, "bot/flows", "bot/handlers"))
    composed = {
        text for text in used | spelt if ANY in text and re.fullmatch(r"[a-z✱]*_?[a-z]{3,}_?[a-z✱_]*", text)
    }
    orphans = [
        label
        for label in known_labels()
        if label not in used and label not in spelt and not any(matches(c, label) for c in composed)
    ]
    assert orphans == []


def test_every_reason_to_skip_a_step_has_words() -> None:
    source = (FOLDER / "messages" / "parts.jinja").read_text(encoding="utf-8")
    said = set(re.findall(r'"(\w+)"', source.partition("macro skip_reason(")[2].partition("endmacro")[0]))
    assert SKIPS - said == set()


def test_every_verb_is_routed() -> None:
    assert set(Verb) - set(routes.ON_PRESS) == set()


def test_every_verb_is_on_a_button() -> None:
    """A verb nobody can tap is a promise nobody keeps."""
    tappable = {
        node.attr
        for file, tree in trees().items()
        if file.parent.name == "messages"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Verb"
    }
    assert {verb for verb in Verb if verb.name not in tappable} == set()


def test_every_timer_is_waited_for() -> None:
    assert [kind.name for kind in TimerKind if kind not in routes.ON_TIMER] == []
    assert set(routes.ON_TIMER) - set(TimerKind) == set()


def test_every_command_offered_is_understood() -> None:
    offered = tomllib.loads((FOLDER / "commands.toml").read_text(encoding="utf-8"))
    names = {name for scope in offered.values() for name in scope}
    assert names - set(routes.ON_COMMAND) == set()
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", name) for name in names)


#: The longest argument each kind of button carries, of real sizes: ids of ten digits, hours, keys.
LONG_ID = 9_999_999_999
LONGEST = (
    f"o{LONG_ID}.2359",  # party.HHMM
    f"{LONG_ID}.ordonnance",  # document.label
    "other_effector.regulateur",  # reason.detail
    "usual=unavailable",
    f"commune={LONG_ID}",
    "consciousness=unresponsive",
)


@pytest.mark.parametrize("argument", LONGEST)
def test_every_button_fits_into_64_bytes(argument: str) -> None:
    for verb in Verb:
        press = Press(verb, MissionId(LONG_ID), 2_147_483_647, argument)
        assert len(press.pack().encode()) <= MAX_BYTES
        assert Press.read(press.pack()) == press
