"""Words owed to somebody who acted, when they could not be said at once. Knows answers, no chat."""

import html
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from bot.domain.outcome import Answer, Fact, Notice, Place, Priority
from bot.domain.people import MissionId
from bot.ports import Compose, Outgoing, Prepared, Transaction

#: The notice that carries an answer.
KIND = "reply.words"
#: What a slow decision is answered first.
RECEIVED = Answer("reply.received")


class Answers(Protocol):
    """What puts an answer into words."""

    def answer(self, answer: Answer) -> str:
        """At most 200 characters, without markup."""
        ...


def reply_notice(answer: Answer, to: Place, mission: MissionId | None = None) -> Notice:
    """The answer as something owed to a place."""
    facts: dict[str, Fact] = {"_kind": answer.kind, "_alert": answer.alert, **answer.facts}
    return Notice(KIND, to, mission, facts=facts, priority=Priority.REPLY)


def answer_of(notice: Notice) -> Answer:
    """The inverse of `reply_notice`."""
    facts = {name: value for name, value in notice.facts.items() if name not in ("_kind", "_alert")}
    return Answer(str(notice.facts["_kind"]), facts, alert=bool(notice.facts["_alert"]))


def with_replies(compose: Compose, words: Answers) -> Compose:
    """`compose`, which also knows the words of replies."""

    async def composed(tx: Transaction, notices: Sequence[Notice]) -> list[Prepared]:
        others = [notice for notice in notices if notice.kind != KIND]
        prepared = iter(await compose(tx, others) if others else [])
        return [
            partial(_said, notice, words) if notice.kind == KIND else next(prepared) for notice in notices
        ]

    return composed


def _said(notice: Notice, words: Answers) -> Outgoing | None:
    answer = answer_of(notice)
    text = words.answer(answer)
    return Outgoing(html.escape(text, quote=False), rings=answer.alert) if text else None
