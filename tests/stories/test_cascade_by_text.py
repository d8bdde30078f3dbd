"""Doctors who are asked by text message: what they get, and when it is over."""

from datetime import timedelta

from bot.channels.sms import DryRunSms, segments, to_gsm
from bot.domain.people import MissionId
from bot.ports import SmsAccepted, SmsRejected, SmsRetry
from tests.stories.story import Story
from tests.stories.test_duty import channels, with_region

CLAIRE, MARC = "+33639980021", "+33639980022"
ASKED = "SAS 68: visio demandee, SMT 1"
TAKEN = "SAS 68: SMT 1, un confrere a accepte, rien d'autre a faire. Merci."

AGAIN = timedelta(minutes=10)


class Gateway(DryRunSms):
    """Keeps what it takes; may be away, or take a text and lose its answer."""

    is_away = False
    loses_answers = False

    async def send(self, to: str, text: str, ref: str) -> SmsAccepted | SmsRejected | SmsRetry:
        """As the gateway stands."""
        if self.is_away:
            return SmsRetry(AGAIN)
        taken = await super().send(to, text, ref)
        return SmsRetry(AGAIN, perhaps_sent=True) if self.loses_answers else taken


async def asked_by_text(story: Story, *, is_away: bool = False, loses_answers: bool = False) -> MissionId:
    """Amina has accepted, and both effecteurs are asked by text message."""
    gateway = Gateway()
    gateway.is_away, gateway.loses_answers = is_away, loses_answers
    story.sms = gateway
    await with_region(story, channels("effecteur_sas", '["sms", "phone"]'))
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    return mission.id


def texts_to(story: Story, number: str) -> list[str]:
    return [text for to, text, _ in story.sms_sent() if to == number]


async def claire_accepts_on_the_phone(story: Story) -> None:
    lea = story.person("Léa")
    await lea.taps("✔ Dr Morel")
    await lea.taps("10:20")


async def cancelled(story: Story) -> None:
    lea = story.person("Léa")
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Régulateur")


async def test_who_was_asked_by_text_learns_by_text_that_a_colleague_has_accepted(story: Story) -> None:
    await asked_by_text(story)
    assert [text[: len(ASKED)] for text in texts_to(story, MARC)] == [ASKED]

    await claire_accepts_on_the_phone(story)

    assert texts_to(story, MARC)[1:] == [TAKEN]
    assert segments(to_gsm(TAKEN)) == 1
    assert [text for text in texts_to(story, CLAIRE) if "rien d'autre" in text] == []
    await story.wait(hours=1)
    assert len(texts_to(story, MARC)) == 2


async def test_an_earlier_step_that_was_passed_over_is_told_too(story: Story) -> None:
    await asked_by_text(story)
    lea, emma = story.person("Léa"), await story.house("SOS médecin 68", "Emma")
    await lea.taps("Étape suivante")
    assert len(texts_to(story, MARC)) == 1  # passed over, they may still accept

    await emma.taps("J'accepte 10:20")

    assert texts_to(story, MARC)[1:] == [TAKEN]
    assert texts_to(story, CLAIRE)[1:] == [TAKEN]


async def test_who_has_refused_on_the_phone_is_left_alone(story: Story) -> None:
    await asked_by_text(story)
    lea = story.person("Léa")
    await lea.taps("✖ Dr Adam")
    await lea.taps("Accepte")
    await lea.taps("10:20")
    assert len(texts_to(story, MARC)) == 1


async def test_who_did_not_pick_up_may_still_read_the_question_and_is_told(story: Story) -> None:
    await asked_by_text(story)
    lea, emma = story.person("Léa"), await story.house("SOS médecin 68", "Emma")
    await lea.taps("✖ Dr Morel")
    await lea.taps("Ne répond pas")
    await emma.taps("J'accepte 10:20")
    assert texts_to(story, MARC)[1:] == [TAKEN]


async def test_a_mission_that_is_cancelled_is_over_for_whoever_was_asked_by_text(story: Story) -> None:
    await asked_by_text(story)
    await cancelled(story)
    over = "SAS 68: SMT 1, annulée, rien d'autre a faire. Merci."
    assert texts_to(story, MARC)[1:] == [over]
    assert texts_to(story, CLAIRE)[1:] == [over]


async def test_a_text_that_has_not_gone_is_withdrawn_and_nothing_follows_it(story: Story) -> None:
    await asked_by_text(story, is_away=True)
    await claire_accepts_on_the_phone(story)
    assert isinstance(story.sms, Gateway)
    story.sms.is_away = False

    await story.wait(minutes=12)

    assert texts_to(story, MARC) == []
    assert [ASKED in text for text in texts_to(story, CLAIRE)] == [False]


async def test_a_text_that_perhaps_has_gone_is_followed_by_the_end_and_not_sent_again(story: Story) -> None:
    await asked_by_text(story, loses_answers=True)
    assert texts_to(story, MARC)
    assert isinstance(story.sms, Gateway)
    story.sms.loses_answers = False
    before = len(texts_to(story, MARC))

    await claire_accepts_on_the_phone(story)
    await story.wait(minutes=12)

    assert texts_to(story, MARC)[before:] == [TAKEN]


async def test_when_the_nurse_gives_it_back_they_learn_it_and_are_asked_again_for_the_next_one(
    story: Story,
) -> None:
    await asked_by_text(story)
    await story.person("Amina").taps("Je ne peux plus y aller")
    await story.person("Amina").taps("Véhicule")
    paused = "SAS 68: SMT 1, l'IDEL ne peut plus venir, rien a faire pour l'instant. Merci."
    assert texts_to(story, MARC)[1:] == [paused]

    await story.person("Bruno").taps("ACCEPTER · 40 min")
    assert [text[: len(ASKED)] for text in texts_to(story, MARC)[2:]] == [ASKED]

    await claire_accepts_on_the_phone(story)
    assert texts_to(story, MARC)[3:] == [TAKEN]


async def test_who_was_told_that_it_is_over_is_not_told_twice(story: Story) -> None:
    await asked_by_text(story)
    await story.person("Amina").taps("Je ne peux plus y aller")
    await story.person("Amina").taps("Véhicule")
    await cancelled(story)
    assert len(texts_to(story, MARC)) == 2
