"""Updates are kept, worked in each person's order, answered once, and never lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from telegram import Update
from telegram.ext import Application, ContextTypes, TypeHandler

from bot.background import Background
from bot.budgets import Budgets
from bot.context import App, Context, Runtime
from bot.domain.outcome import Answer, Notice, Place
from bot.domain.people import PersonId
from bot.failures import OtherReader
from bot.intake import BEGUN_AT_MOST, Intake, lane_of, source_of
from bot.ports import Given, Received
from bot.replies import with_replies
from bot.sandbox.chats import User
from bot.telegram_api import TelegramApi
from tests.runtime.conftest import ROOT, Desk
from tests.sandbox.request import EmulatorRequest
from tests.waiting import until

Work = Callable[[Update, Context], Awaitable[None]]


class PlainWords:
    """Answers in the test's own words."""

    def answer(self, answer: Answer) -> str:
        return f"{answer.kind} {answer.facts.get('n', '')}".strip()


@dataclass
class Office:
    """Intake with one handler, which the test gives."""

    desk: Desk
    intake: Intake
    runtime: Runtime
    work: Work
    worked: list[int] = field(default_factory=list)

    async def take(self) -> None:
        """Fetch what waits, and work it all."""
        await self.intake.fetch()
        await self.intake.work_all()

    async def inbox(self) -> int:
        async with self.desk.given.storage.transaction() as tx:
            return await tx.inbox.waiting()


@pytest.fixture
async def office(
    desk: Desk, given: Given, api: TelegramApi, line: EmulatorRequest, background: Background
) -> AsyncIterator[Office]:
    runtime = Runtime(given, api, PlainWords(), background, Budgets(), desk.group.id)
    runtime.wake = desk.delivery.wake
    made: Any = lambda: runtime  # noqa: E731
    types: Any = ContextTypes(context=Context, bot_data=made)
    builder = Application.builder().token(desk.telegram.token).base_url(f"{ROOT}/bot").updater(None)
    built: Any = builder.job_queue(None).context_types(types).request(line).get_updates_request(line).build()
    application: App = built
    office = Office(desk, Intake(runtime, application, after_work=desk.delivery.wake), runtime, nothing)

    async def work(update: Update, context: Context) -> None:
        office.worked.append(update.update_id)
        await office.work(update, context)

    application.add_handler(TypeHandler(Update, work))
    await application.initialize()
    yield office
    await application.shutdown()


async def nothing(update: Update, context: Context) -> None:
    await context.nothing_to_do()


async def record(context: Context, notice: Notice) -> None:
    """What a flow does: its commit carries the update's end."""
    async with context.given.storage.transaction() as tx:
        await tx.outbox.owe([notice], context.given.now())


@pytest.fixture
async def amina(desk: Desk) -> tuple[User, Place]:
    return await desk.new_person(2001, "Amina")


def tap(desk: Desk, user: User) -> str:
    return desk.telegram.tap_data(user, user, 99, "sa:412:1:20")


async def test_an_update_is_kept_before_it_is_confirmed(office: Office, amina: tuple[User, Place]) -> None:
    office.desk.telegram.send_text(amina[0], amina[0], "bonjour")

    await office.intake.fetch()
    assert await office.inbox() == 1
    assert office.desk.telegram.updates.pending() == 1  # confirmed by the next question only

    await office.intake.fetch()
    assert office.desk.telegram.updates.pending() == 0
    assert await office.inbox() == 1


async def test_the_same_update_twice_is_worked_once(office: Office, amina: tuple[User, Place]) -> None:
    update = {"update_id": 7, "message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}}
    assert await office.intake.receive([update]) == 1
    assert await office.intake.receive([update]) == 0

    await office.intake.work_all()

    assert office.worked == [7]
    assert await office.inbox() == 0


async def test_a_tap_is_answered_once_after_the_commit(office: Office, amina: tuple[User, Place]) -> None:
    user, place = amina

    async def accept(update: Update, context: Context) -> None:
        await record(context, Notice("test.says", place, facts={"text": "reçu"}))
        await context.say(Answer("search.taken", {"n": 412}, alert=True))

    office.work = accept
    number = tap(office.desk, user)
    await office.take()
    await office.desk.settle()

    answer = office.desk.telegram.answers[number]
    assert (answer.text, answer.alert) == ("search.taken 412", True)
    assert len(office.desk.calls("answerCallbackQuery")) == 1
    assert office.desk.sees(user, user) == ["reçu"]


async def test_a_tap_that_asks_for_nothing_stops_turning(office: Office, amina: tuple[User, Place]) -> None:
    number = tap(office.desk, amina[0])

    await office.take()

    assert office.desk.telegram.answers[number].text == ""
    assert await office.inbox() == 0


async def test_words_too_late_for_the_tap_come_as_a_message(
    office: Office, amina: tuple[User, Place]
) -> None:
    user, _ = amina

    async def accept(update: Update, context: Context) -> None:
        await context.say(Answer("search.too_late", {"n": 4}))

    office.work = accept
    tap(office.desk, user)
    office.desk.clock.forward(minutes=1)
    await office.take()
    with_words(office)
    await office.desk.settle()

    assert office.desk.sees(user, user) == ["search.too_late 4"]
    assert await office.inbox() == 0


async def test_a_slow_decision_is_answered_received_and_its_words_follow(
    office: Office, amina: tuple[User, Place]
) -> None:
    user, _ = amina
    answered = asyncio.Event()
    office.runtime.slow_seconds = 0.0

    async def accept(update: Update, context: Context) -> None:
        await until(lambda: office.desk.telegram.answers)
        answered.set()
        await context.say(Answer("search.taken", {"n": 412}))

    office.work = accept
    number = tap(office.desk, user)
    await office.take()
    with_words(office)
    await office.desk.settle()

    assert answered.is_set()
    assert office.desk.telegram.answers[number].text == "reply.received"
    assert office.desk.sees(user, user) == ["search.taken 412"]


async def test_a_message_is_answered_by_a_message(office: Office, amina: tuple[User, Place]) -> None:
    user, _ = amina

    async def hear(update: Update, context: Context) -> None:
        await context.say(Answer("vitals.understood"))

    office.work = hear
    with_words(office)
    office.desk.telegram.send_text(user, user, "TA 13/8")
    await office.take()
    await office.desk.settle()

    assert office.desk.sees(user, user) == ["vitals.understood"]


async def test_an_answer_in_the_group_stays_in_the_group(office: Office, lea: User) -> None:
    async def hear(update: Update, context: Context) -> None:
        await context.say(Answer("press.unknown"))

    office.work = hear
    with_words(office)
    office.desk.telegram.send_text(lea, office.desk.group, "/mission")
    await office.take()
    await office.desk.settle()

    assert office.desk.sees(lea, office.desk.group) == ["press.unknown"]


async def test_a_stranger_gets_one_sentence(office: Office) -> None:
    stranger = office.desk.telegram.add_user(6666, "Inconnu")
    office.desk.telegram.start(stranger)

    async def hear(update: Update, context: Context) -> None:
        await context.say(Answer("press.stranger"))

    office.work = hear
    await office.take()
    await office.desk.settle()

    assert office.desk.sees(stranger, stranger) == ["press.stranger"]
    assert await office.desk.waiting() == 0


async def test_a_failing_update_is_tried_three_times_then_set_aside_and_said(
    office: Office, amina: tuple[User, Place], lea: User
) -> None:
    user, _ = amina

    async def fail(update: Update, context: Context) -> None:
        if update.message is not None and update.message.text == "mauvais":
            raise RuntimeError("a defect")
        await context.nothing_to_do()

    office.work = fail
    for text in ("mauvais", "bon"):
        office.desk.telegram.send_text(user, user, text)
    await office.take()
    await office.desk.settle()

    bad, good = sorted(set(office.worked))
    assert office.worked == [bad, bad, bad, good]
    assert await office.inbox() == 0
    assert office.desk.sees(user, user) == ["intake.set_aside"]
    assert office.desk.sees(lea, office.desk.group) == ["intake.set_aside"]


async def test_a_handler_that_fails_after_its_commit_is_not_repeated_and_not_silent(
    office: Office, amina: tuple[User, Place]
) -> None:
    user, place = amina

    async def fail(update: Update, context: Context) -> None:
        await record(context, Notice("test.says", place, facts={"text": "reçu"}))
        raise RuntimeError("a defect")

    office.work = fail
    number = tap(office.desk, user)
    await office.take()
    await office.desk.settle()

    assert len(office.worked) == 1
    assert office.desk.sees(user, user) == ["reçu", "intake.set_aside"]
    assert office.desk.telegram.answers[number].text == ""


async def test_an_update_that_cannot_be_read_does_not_stop_its_batch(office: Office, lea: User) -> None:
    odd = {"update_id": 8, "message": {"message_id": "one", "chat": 3}}
    good = {"update_id": 9, "message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}}

    await office.intake.receive([odd, {"no": "number"}, good])
    await office.intake.work_all()
    await office.desk.settle()

    assert office.worked == [9]
    assert await office.inbox() == 0
    assert office.desk.sees(lea, office.desk.group) == ["intake.set_aside"]


async def test_an_update_nobody_wants_is_done(office: Office) -> None:
    office.runtime.open.clear()
    await office.intake.receive([{"update_id": 5, "poll": {"id": "1"}}])

    await office.intake.work_all()

    assert await office.inbox() == 0


async def test_a_handler_that_says_nothing_and_does_nothing_is_not_done(
    office: Office, amina: tuple[User, Place]
) -> None:
    async def forget(update: Update, context: Context) -> None:
        """Neither a commit nor an answer."""

    office.work = forget
    office.desk.telegram.send_text(amina[0], amina[0], "bonjour")
    await office.take()
    await office.desk.settle()

    assert len(office.worked) == 3
    assert office.desk.sees(amina[0], amina[0]) == ["intake.set_aside"]


async def test_each_person_is_worked_in_order_and_nobody_waits_for_another(
    office: Office, desk: Desk
) -> None:
    people = [(await desk.new_person(3000 + n, f"Idel{n}"))[0] for n in range(5)]
    order: dict[int, list[str]] = {}
    running: set[int] = set()

    async def slowly(update: Update, context: Context) -> None:
        user = update.effective_user
        assert user is not None
        assert user.id not in running
        running.add(user.id)
        await asyncio.sleep(0)
        text = update.message.text if update.message else "tap"
        order.setdefault(user.id, []).append(str(text))
        running.discard(user.id)
        await context.nothing_to_do()

    office.work = slowly
    for n in range(6):
        for user in people:
            if n % 3 == 2:
                tap(desk, user)
            else:
                desk.telegram.send_text(user, user, str(n))
    await office.take()

    assert all(said == ["0", "1", "tap", "3", "4", "tap"] for said in order.values())
    assert len(order) == 5


async def test_an_anonymous_administrators_update_has_the_chats_lane(office: Office) -> None:
    person = {"update_id": 1, "message": {"from": {"id": 5}, "chat": {"id": -100}}}
    as_group = {
        "update_id": 2,
        "message": {"from": {"id": 1087968824}, "sender_chat": {"id": -100}, "chat": {"id": -100}},
    }
    press = {"update_id": 3, "callback_query": {"from": {"id": 5}, "message": {"chat": {"id": -100}}}}

    assert [lane_of(u) for u in (person, as_group, press)] == ["user:5", "chat:-100", "user:5"]


async def test_only_one_process_polls(office: Office, given: Given) -> None:
    async with given.storage.transaction() as tx:
        assert await tx.leases.take("poller:1", "somebody else", 60)
    stop = asyncio.Event()
    polling = office.runtime.background.start(office.intake.poll(stop, 1), "polling")
    await until(lambda: office.desk.clock.sleepers)
    assert not office.desk.calls("getUpdates")

    async with given.storage.transaction() as tx:
        await tx.leases.release("poller:1", "somebody else")
    office.desk.clock.forward(seconds=5)
    await until(lambda: office.desk.telegram.updates.polling)
    stop.set()
    polling.cancel()


async def test_another_reader_of_the_same_token_is_noticed(office: Office, api: TelegramApi) -> None:
    first = asyncio.ensure_future(api.call("getUpdates", timeout=20))  # noqa: TID251 - the other program
    await until(lambda: office.desk.telegram.updates.polling)
    await office.intake.fetch()

    with pytest.raises(OtherReader):
        await first


async def test_after_a_crash_what_was_being_worked_is_worked_again(
    office: Office, amina: tuple[User, Place], given: Given
) -> None:
    office.desk.telegram.send_text(amina[0], amina[0], "bonjour")
    await office.intake.fetch()
    async with given.storage.transaction() as tx:
        assert len(await tx.inbox.claim(given.now(), 10)) == 1  # and the process dies
    async with given.storage.transaction() as tx:
        await tx.inbox.take_back_claims()

    await office.intake.work_all()

    assert len(office.worked) == 1


async def test_the_same_press_under_another_number_is_worked_once(
    office: Office, amina: tuple[User, Place]
) -> None:
    number = tap(office.desk, amina[0])
    office.desk.telegram.tap_again(number)
    await office.intake.fetch()
    assert await office.inbox() == 1

    await office.intake.work_all()
    office.desk.telegram.tap_again(number)
    await office.take()

    assert len(office.worked) == 1
    assert len(office.desk.calls("answerCallbackQuery")) == 1


async def test_two_edits_within_a_second_are_two(office: Office) -> None:
    def edit(number: int, text: str) -> dict[str, Any]:
        chat = {"id": 1, "type": "private"}
        body = {"message_id": 4, "date": 1, "edit_date": 5, "chat": chat, "text": text}
        return {"update_id": number, "edited_message": body}

    assert await office.intake.receive([edit(1, "TA 13"), edit(2, "TA 13/8"), edit(3, "TA 13/8")]) == 2


async def test_what_has_no_other_name_is_known_by_its_number(office: Office) -> None:
    joined = {"my_chat_member": {"chat": {"id": 1}, "from": {"id": 5}, "date": 1}}
    message = {"message": {"message_id": 4, "chat": {"id": 1}}}
    assert source_of({"update_id": 1, **joined}) is None
    assert source_of({"update_id": 2, **message}) == "m:1:4"
    assert source_of({"update_id": 3, "callback_query": {"id": "77"}}) == "q:77"


async def test_a_worker_that_stood_still_is_taken_over_and_commits_nothing(
    office: Office, amina: tuple[User, Place], given: Given
) -> None:
    user, place = amina
    others: list[Received] = []

    async def slowly(update: Update, context: Context) -> None:
        if not others:
            async with given.storage.transaction() as tx:
                await tx.inbox.renew([context.runtime.claimed[update.update_id].received.lease], -1.0)
                await tx.inbox.take_over()
                others.extend(await tx.inbox.claim(given.now(), 10, "another worker"))
        await record(context, Notice("test.says", place, facts={"text": "reçu"}))
        await context.say(Answer("search.taken"))

    office.work = slowly
    number = tap(office.desk, user)
    await office.take()
    await office.desk.settle()

    # The other one has it now: nothing is owed from here, nothing said, nothing set aside.
    assert len(others) == len(office.worked) == 1
    assert office.desk.sees(user, user) == []
    assert number not in office.desk.telegram.answers
    async with given.storage.during(others[0].update_id, others[0].lease).transaction():
        pass
    assert await office.inbox() == 0


async def test_a_message_whose_worker_died_before_its_words_is_not_worked_again_and_not_passed_over(
    office: Office, amina: tuple[User, Place], given: Given
) -> None:
    user, place = amina
    office.desk.telegram.send_text(user, user, "TA 13/8")
    await office.intake.fetch()
    async with given.storage.transaction() as tx:
        (received,) = await tx.inbox.claim(given.now(), 10)
    async with given.storage.during(
        received.update_id, received.lease, words_follow=True
    ).transaction() as tx:
        await tx.outbox.owe([Notice("test.says", place, facts={"text": "reçu"})], given.now())
    async with given.storage.transaction() as tx:  # and the process dies
        await tx.inbox.take_back_claims()

    await office.intake.work_all()
    await office.desk.settle()

    assert office.worked == []
    assert await office.inbox() == 0
    assert office.desk.sees(user, user) == ["reçu", "intake.unanswered"]


async def test_a_message_that_had_no_effect_before_its_worker_died_is_worked_again_and_answered(
    office: Office, amina: tuple[User, Place], given: Given
) -> None:
    user, _ = amina

    async def hear(update: Update, context: Context) -> None:
        async with context.given.storage.transaction() as tx:
            assert await tx.missions.of_idel(PersonId(1)) == []
        await context.say(Answer("thread.none"))

    office.work = hear
    with_words(office)
    office.desk.telegram.send_text(user, user, "je suis devant la porte")
    await office.intake.fetch()
    async with given.storage.transaction() as tx:
        (received,) = await tx.inbox.claim(given.now(), 10)
    work = given.storage.during(received.update_id, received.lease, words_follow=True)
    async with work.transaction() as tx:
        assert await tx.missions.of_idel(PersonId(1)) == []
    async with given.storage.transaction() as tx:  # and the process dies
        await tx.inbox.take_back_claims()

    await office.intake.work_all()
    await office.desk.settle()

    assert len(office.worked) == 1
    assert await office.inbox() == 0
    assert office.desk.sees(user, user) == ["thread.none"]


async def test_a_message_whose_words_could_not_be_owed_is_worked_again_when_it_was_only_read_for(
    office: Office, amina: tuple[User, Place], given: Given
) -> None:
    user, _ = amina

    async def hear(update: Update, context: Context) -> None:
        async with context.given.storage.transaction() as tx:
            assert await tx.missions.of_idel(PersonId(1)) == []
        if len(office.worked) == 1:
            raise RuntimeError
        await context.say(Answer("thread.none"))

    office.work = hear
    with_words(office)
    office.desk.telegram.send_text(user, user, "je suis devant la porte")
    await office.take()
    await office.desk.settle()

    assert len(office.worked) == 2
    assert office.desk.sees(user, user) == ["thread.none"]


async def test_a_message_that_asks_for_no_words_is_done_though_it_was_only_read_for(
    office: Office, amina: tuple[User, Place]
) -> None:
    user, _ = amina

    async def hear(update: Update, context: Context) -> None:
        async with context.given.storage.transaction() as tx:
            assert await tx.missions.of_idel(PersonId(1)) == []

    office.work = hear
    office.desk.telegram.send_text(user, user, "merci")
    await office.take()
    await office.desk.settle()

    assert len(office.worked) == 1
    assert await office.inbox() == 0
    assert office.desk.sees(user, user) == []


async def test_a_message_is_done_in_the_commit_that_owes_its_words(
    office: Office, amina: tuple[User, Place], given: Given
) -> None:
    user, place = amina

    async def hear(update: Update, context: Context) -> None:
        await record(context, Notice("test.says", place, facts={"text": "reçu"}))
        assert await office.inbox() == 1
        await context.say(Answer("vitals.understood"))
        assert await office.inbox() == 0

    office.work = hear
    with_words(office)
    office.desk.telegram.send_text(user, user, "TA 13/8")
    await office.take()
    await office.desk.settle()

    assert office.desk.sees(user, user) == ["reçu", "vitals.understood"]
    assert len(office.worked) == 1


async def test_an_update_that_killed_its_process_again_and_again_is_set_aside(
    office: Office, amina: tuple[User, Place], lea: User, given: Given
) -> None:
    office.desk.telegram.send_text(amina[0], amina[0], "bonjour")
    await office.intake.fetch()
    for _ in range(BEGUN_AT_MOST):
        async with given.storage.transaction() as tx:
            assert len(await tx.inbox.claim(given.now(), 10)) == 1
            await tx.inbox.take_back_claims()

    await office.intake.work_all()
    await office.desk.settle()

    assert office.worked == []
    assert await office.inbox() == 0
    assert office.desk.sees(lea, office.desk.group) == ["intake.set_aside"]


async def test_a_lane_goes_on_while_an_answer_is_on_its_way_and_answers_keep_their_order(
    office: Office, amina: tuple[User, Place]
) -> None:
    user, place = amina
    telegram = office.desk.telegram
    decided: list[int] = []
    slow: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    office.runtime.answering[user.id] = slow  # an earlier answer is still on its way

    async def accept(update: Update, context: Context) -> None:
        await record(context, Notice("test.says", place, facts={"text": "reçu"}))
        decided.append(update.update_id)
        await context.say(Answer("search.taken", {"n": len(decided)}))

    office.work = accept
    taps = [tap(office.desk, user) for _ in range(3)]
    await office.intake.fetch()
    working = office.runtime.background.start(all_of(office.intake), "work")
    await until(lambda: len(decided) == len(taps))
    assert not telegram.answers

    slow.set_result(None)
    await working
    assert [telegram.answers[number].text for number in taps] == [f"search.taken {n}" for n in (1, 2, 3)]
    order = [call.params["callback_query_id"] for call in office.desk.calls("answerCallbackQuery")]
    assert order == taps
    assert not office.runtime.answering


async def all_of(intake: Intake) -> None:
    await intake.work_all()


def with_words(office: Office) -> None:
    """Delivery that also knows the words of replies."""
    compose = office.desk.delivery.compose
    office.desk.delivery.compose = with_replies(compose, office.runtime.words)
