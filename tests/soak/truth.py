"""What must be true of a world in trouble: always, and once Telegram works and time has passed."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.mission import MissionState
from bot.domain.outcome import Notice, Place
from bot.domain.owner import owner
from bot.domain.people import MissionId, PartyKind
from bot.long_texts import plain as without_tags
from bot.ports import Outgoing
from bot.posting import parts_of
from bot.sandbox.messages import Message
from bot.sandbox.world import Sent
from tests.soak.field import Field

#: Cards that are drawn again after every change: what they show must be true today.
LIVING = (
    "mission.card",
    "board.card",
    "visit.card",
    "doctor.card",
    "search.offer",
    "search.nobody",
    "closing.idel",
    "closing.unanswered",
)

RUNS_ON = re.compile(
    r"dès \d\d:\d\d| \(moins de \d+ min\)| \(dépassé\)|🟠 |"
    r"⏳ À [\d:]+, ce groupe avait \d+ min de retard|rappel, "
)

#: How many messages are begun and not recorded at most when a process dies.
IN_FLIGHT = 32


@dataclass
class Findings:
    """What was found wrong, each in one sentence; and figures."""

    wrong: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def check(self, holds: bool, sentence: str) -> None:
        """Note the sentence unless it holds."""
        if not holds:
            self.wrong.append(sentence)


async def always(field_: Field) -> list[str]:
    """What holds at any moment, faults or not."""
    found = Findings()
    _one_winner(field_, found)
    _told_once(field_, found)
    await _somebody_must_act(field_, found)
    return found.wrong


async def in_the_midst(field_: Field) -> list[str]:
    """What holds beside that once Telegram has worked for some minutes, however long the group's queue."""
    found = Findings(await always(field_))
    _taps_are_answered(field_, found)
    await _winners_know(field_, found)
    return found.wrong


async def in_the_end(field_: Field) -> Findings:
    """What holds once Telegram works again and everything owed had its time."""
    found = Findings()
    _one_winner(field_, found)
    _told_once(field_, found)
    await _somebody_must_act(field_, found)
    await _nothing_is_owed(field_, found)
    await _screens_are_true(field_, found)
    _taps_are_answered(field_, found)
    await _winners_know(field_, found)
    _nothing_was_lost(field_, found)
    return found


def _one_winner(field_: Field, found: Findings) -> None:
    """One nurse for each search, one doctor for each list; nobody else holds the mission."""
    for mission, kind, count in field_.rows(
        "SELECT mission, kind, count(*) FROM journal WHERE kind IN ('search.accepted', 'cascade.accepted')"
        " GROUP BY mission, kind"
    ):
        machine = kind.partition(".")[0]
        won = field_.rows(
            "SELECT count(*) FROM winner WHERE mission = :mission AND machine = :machine",
            mission=mission,
            machine=machine,
        )[0][0]
        found.check(count == won, f"mission {mission}: {count} × {kind}, {won} winners")
    for mission, holders in field_.rows(
        "SELECT mission, count(*) FROM engagement WHERE ended_at IS NULL GROUP BY mission HAVING count(*) > 1"
    ):
        found.check(False, f"mission {mission} is held by {holders} nurses")
    for mission, machine in field_.rows(
        "SELECT mission, machine FROM winner GROUP BY mission, machine, epoch HAVING count(*) > 1"
    ):
        found.check(False, f"mission {mission}: two winners of one {machine}")


def _told_once(field_: Field, found: Findings) -> None:
    """What Telegram has and nobody wrote down is explained by a broken line or a death, one for one."""
    lost = list(unrecorded(field_))
    cuts = field_.telegram.faults.met["cut"]
    deaths = field_.deaths.count * IN_FLIGHT
    found.figures["unrecorded"] = len(lost)
    found.check(
        len(lost) <= cuts + deaths, f"{len(lost)} messages nobody wrote down, {cuts} cuts, {deaths} by deaths"
    )
    said = Counter((one.chat, one.thread, one.text) for one in field_.telegram.world.sent)
    again = Counter((one.chat, one.thread, one.text) for one in lost)
    found.figures["doubles"] = sum(min(count, said[words] - 1) for words, count in again.items())
    words, count = max(again.items(), key=lambda item: item[1], default=(None, 0))
    found.figures["worst"] = count
    # Each try that was not written down needed a fault of its own.
    found.check(count <= 1 + cuts + field_.deaths.count, f"{count} × {words}")


def unrecorded(field_: Field) -> Iterator[Sent]:
    """Messages that Telegram has and the bot does not know of: each may have come a second time."""
    known = {(chat, message) for chat, message in field_.rows("SELECT chat_id, message_id FROM sent")}
    for one in field_.telegram.world.sent:
        if (one.chat, one.message) not in known and not _moved_away(field_, one.chat):
            yield one


def _moved_away(field_: Field, chat: int) -> bool:
    return field_.present(chat) != chat


async def words_come_late(field_: Field, notices: Sequence[Notice]) -> list[str]:
    """What is sent late still finds its words, or finds that there is nothing to say any more."""
    wrong = []
    for notice in notices:
        try:
            await _drawn(field_, notice)
        except Exception as error:  # noqa: BLE001 - whatever it is, delivery would meet it too
            wrong.append(f"{notice.kind} has no words by now: {type(error).__name__}: {error}")
    return wrong


async def _somebody_must_act(field_: Field, found: Findings) -> None:
    """Every open mission has a timer to come, or somebody named who must act."""
    now = field_.clock.now()
    async with field_.storage.transaction() as tx:
        for mission in await tx.missions.unfinished():
            timers = await tx.timers.of_mission(mission.id)
            named = owner(mission, now).is_named
            found.check(
                bool(timers) or named, f"mission {mission.id} waits for nobody ({mission.state.value})"
            )
            found.figures["owned" if named else "with a timer"] += 1


async def _nothing_is_owed(field_: Field, found: Findings) -> None:
    async with field_.storage.transaction() as tx:
        owed, updates = await tx.outbox.waiting(), await tx.inbox.waiting()
    if owed:
        left = field_.rows(
            "SELECT place_kind, kind, attempts, count(*) FROM outbox WHERE finished_at IS NULL"
            " GROUP BY place_kind, kind, attempts"
        )
        found.check(False, f"still owed: {left}")
    found.check(not updates, f"{updates} updates are not worked")
    late = field_.clock.now() - timedelta(minutes=2)
    async with field_.storage.transaction() as tx:
        due = await tx.timers.due(late, 100)
    found.check(not due, f"timers that should have rung: {[(t.kind, t.mission) for t in due]}")


# The screens


async def _screens_are_true(field_: Field, found: Findings) -> None:
    """Each living card shows what would be drawn today."""
    newest: dict[tuple[str, str], tuple[int, int, str, str, int | None]] = {}
    for chat, message, lane, place, kind, mission, card in field_.rows(
        "SELECT chat_id, message_id, lane, place, kind, mission, card FROM sent"
        " WHERE card IS NOT NULL AND card <> '' AND deleted_at IS NULL AND body_hash <> ''"
        " ORDER BY sent_at, message_id"
    ):
        newest[lane, card] = (chat, message, place, kind, mission)
    for (_, card), (chat, number, place, kind, mission) in newest.items():
        if kind not in LIVING:
            continue
        shown = field_.telegram.world.chats[chat].messages.get(number)
        if shown is None or _moved_away(field_, chat):
            continue
        found.figures["cards"] += 1
        wanted = await _drawn(
            field_, Notice(kind, Place.read(place), _number(mission), card=card, only_if_there=True)
        )
        # Asked more than once, or by telephone: that was in the notice's facts.
        if wanted is None or (kind == "search.nobody" and "nouvelle orientation" in wanted.text):
            continue
        if (differs := _difference(shown, wanted)) is not None:
            past = field_.rows(
                "SELECT kind, state, reason, created_at, finished_at FROM outbox WHERE place = :place"
                " AND (mission = :mission OR :mission IS NULL) AND kind = :kind ORDER BY id DESC LIMIT 3",
                place=place,
                mission=mission,
                kind=kind,
            )
            found.check(False, f"{kind} of {place}, mission {mission}: {differs}; owed before: {past}")


async def _drawn(field_: Field, notice: Notice) -> Outgoing | None:
    async with field_.storage.transaction() as tx:
        (prepared,) = await field_.bot.delivery.compose(tx, [notice])
    return prepared()


def _number(mission: int | None) -> MissionId | None:
    return None if mission is None else MissionId(mission)


def _difference(shown: Message, wanted: Outgoing) -> str | None:
    part = parts_of(wanted)[-1]
    words, seen = _still(without_tags(part.text)), _still(shown.text)
    if words != seen:
        return f"shows «{seen}», should show «{words}»"
    buttons = [[button.label for button in row] for row in part.buttons if row]
    on_screen = [[button["text"] for button in row] for row in shown.inline_keyboard]
    return None if buttons == on_screen else f"has buttons {on_screen}, should have {buttons}"


def _still(text: str) -> str:
    """Without what runs on by itself (the first hour to propose) or was said once (a lag, a reminder)."""
    return " ".join(RUNS_ON.sub("", text).split())


# Everybody was told


def _taps_are_answered(field_: Field, found: Findings) -> None:
    """Every tap the bot was told of was answered, or its words came as a message."""
    silent: Counter[int] = Counter()
    for tap in field_.told_to_bot:
        pressed = field_.telegram.world.taps[tap]
        if pressed.answer is None and tap not in field_.excused:
            silent[pressed.user.id] += 1
    found.figures["taps"] = len(field_.told_to_bot)
    found.figures["answered by a message"] = silent.total()
    said: Counter[int] = Counter()
    for user, count in field_.rows(
        "SELECT account.user_id, count(*) FROM outbox JOIN account"
        " ON outbox.place = 'person:' || account.person"
        " WHERE outbox.kind = 'reply.words' AND outbox.state IN ('delivered', 'given_up')"
        " GROUP BY account.user_id"
    ):
        said[user] = count
    for user, count in silent.items():
        found.check(count <= said[user], f"{user}: {count} taps without an answer, {said[user]} replies owed")


async def _winners_know(field_: Field, found: Findings) -> None:
    """Whoever has a mission has read that it is theirs, and who the patient is."""
    read: dict[int, list[str]] = defaultdict(list)
    for one in field_.telegram.world.sent:
        read[one.chat].append(one.text)
    for chat in field_.telegram.world.chats.values():  # and what stands there since it was edited
        read[chat.id] += [message.text for message in chat.messages.values()]
    async with field_.storage.transaction() as tx:
        unfinished = [m for m in await tx.missions.unfinished() if m.state is MissionState.OPEN]
    users = dict(field_.rows("SELECT person, user_id FROM account"))
    for mission in unfinished:
        have = {} if mission.visit.idel is None else {users[mission.visit.idel]: "est à vous"}
        doctor = mission.cascade.doctor
        if doctor is not None and doctor.party.kind is PartyKind.PERSON and not doctor.by_phone:
            have[users[doctor.party.id]] = (
                "IDEL en recherche" if mission.cascade.suspended else "c'est à vous"
            )
        for user, words in have.items():
            if field_.telegram.world.users[user].blocked:
                continue
            theirs = [text for text in read[user] if f"SMT {mission.number}" in text]
            for needed in (words, "le patient"):
                if not any(needed in text for text in theirs):
                    past = field_.rows(
                        "SELECT kind, state, reason, created_at, finished_at FROM outbox"
                        " WHERE mission = :mission AND place ="
                        " (SELECT 'person:' || person FROM account WHERE user_id = :user_id)",
                        mission=mission.id,
                        user_id=user,
                    )
                    found.check(False, f"{mission.id}: {user} lacks «{needed}»; read {theirs}; owed {past}")


def _nothing_was_lost(field_: Field, found: Findings) -> None:
    """What was given up was for somebody who could not be reached, and nothing was set aside in silence."""
    aside = field_.rows("SELECT update_id FROM inbox WHERE state = 'set_aside'")
    found.figures["set aside"] = len(aside)
    found.check(len(aside) <= field_.deaths.count // 3, f"{len(aside)} updates were set aside")
    for state, count in field_.rows("SELECT state, count(*) FROM outbox GROUP BY state"):
        found.figures[f"notices {state}"] = count
    for kind, reason, count in field_.rows(
        "SELECT kind, reason, count(*) FROM outbox WHERE state = 'given_up' GROUP BY kind, reason"
    ):
        excused = any(words in str(reason) for words in ("blocked", "kicked", "not reachable", "no number"))
        found.check(excused, f"{count} × {kind} given up: {reason}")
    failed = field_.rows("SELECT kind, count(*) FROM timer WHERE state = 'failed' GROUP BY kind")
    found.check(not failed, f"timers that failed: {failed}")


async def missions_by_state(field_: Field) -> Counter[str]:
    """For the table of figures."""
    rows = field_.rows("SELECT state, count(*) FROM mission GROUP BY state")
    return Counter({str(state): count for state, count in rows})
