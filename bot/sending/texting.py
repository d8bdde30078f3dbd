"""One errand's text message, handed to the SMS gateway."""

from collections.abc import Callable

from bot.clock import Clock
from bot.domain.outcome import Event, Fact, WhenUnknown
from bot.ports import HowEnded, Outgoing, SmsAccepted, SmsPort, SmsRejected
from bot.sending.ends import Ends
from bot.sending.errand import Errand, PutOff


class Texting:
    """Hands text messages over."""

    def __init__(self, clock: Clock, sms: SmsPort, ends: Ends, may_go: Callable[[Errand], None]) -> None:
        self._clock = clock
        self._sms = sms
        self._ends = ends
        self._may_go = may_go  # the last look before the call: raises PutOff and Overtaken

    async def hand_over(self, errand: Errand, outgoing: Outgoing) -> None:
        """Hand an SMS over."""
        notice = errand.notice
        if not outgoing.phone:
            await self._ends.give_up(errand, "no number", "delivery.sms_failed")
            return
        if errand.owed.perhaps_sent and notice.when_unknown is WhenUnknown.DROP:
            await self._ends.record(errand, HowEnded.DROPPED, "perhaps sent before")
            return
        self._may_go(errand)
        result = await self._sms.send(outgoing.phone, outgoing.text, f"smt-{errand.owed.id}")
        if isinstance(result, SmsRejected):
            await self._ends.give_up(errand, result.reason, "delivery.sms_failed")
        elif isinstance(result, SmsAccepted):
            facts: dict[str, Fact] = {
                "kind": notice.kind,
                "to": str(notice.to),
                "id": result.id,
                "parts": result.parts,
            }
            self._ends.tally.sent += 1
            self._ends.counts.sent += 1
            await self._ends.arrived(errand, (), [Event("sms.accepted", facts)])
        else:
            raise PutOff(self._clock.now() + result.after, perhaps_sent=result.perhaps_sent)
