"""Phone numbers as people type them, and as they are dialled, shown and said.

Knows no person and no gateway. A number is kept in E.164: «+33639980012».
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

#: The country of a number written without one.
HOME = "FR"


class PhoneKind(StrEnum):
    """What can be sent to a number. The values are stored."""

    MOBILE = "mobile"  # takes a text message
    LANDLINE = "landline"  # voice only, boxes included
    OTHER = "other"  # premium, shared cost, or unknown to the plan


#: Ranges that the French numbering plan reserves for films and books (ARCEP): nobody answers there.
FICTION_RANGES: dict[str, PhoneKind] = {
    "+3363998": PhoneKind.MOBILE,
    "+3319900": PhoneKind.LANDLINE,
    "+3326191": PhoneKind.LANDLINE,
    "+3335301": PhoneKind.LANDLINE,
    "+3346571": PhoneKind.LANDLINE,
    "+3353649": PhoneKind.LANDLINE,
}

_KINDS = {
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.LANDLINE,
    PhoneNumberType.VOIP: PhoneKind.LANDLINE,
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be dialled."""

    e164: str
    kind: PhoneKind

    @property
    def takes_sms(self) -> bool:
        """Whether a text message can reach it."""
        return self.kind is PhoneKind.MOBILE


@dataclass(frozen=True, slots=True)
class PhoneInText:
    """A number found in a text, and the characters it covers: `text[start:end]`."""

    phone: Phone
    start: int
    end: int


#: A French number at home. The groupings are listed: a free one would read «03 02 1932 12» (a birth
#: date and a street number) as a phone.
_SEPARATOR = r"(?:[  \u202f]{1,2}|\.[  ]?|-|/)"
_HOME_NUMBER = re.compile(
    rf"""(?<![\w+/])
    (?:[0Oo][1-9]
        (?: (?P<a>{_SEPARATOR}) \d\d (?:(?P=a)\d\d){{3}}
          | \d{{8}}
          | \d\d (?P<b>{_SEPARATOR}) \d\d (?:(?P=b)\d\d){{2}}
          | \d\d (?P<c>{_SEPARATOR}) \d{{3}} (?P=c) \d{{3}}
          | (?P<d>{_SEPARATOR}) \d{{3}} (?P=d) \d{{3}} (?P=d) \d\d
          | (?P<e>{_SEPARATOR}) \d{{4}} (?P=e) \d{{4}}
          | (?P<f>{_SEPARATOR}) \d{{8}}
        )
    )(?!\d)""",
    re.VERBOSE,
)
_ABROAD = re.compile(r"(?<![\w])(?:\+|00)\(?[ .]?[1-9](?:[ .\-/()  \u202f]{0,2}\d){7,14}")


def read_phone(text: str, *, fiction: bool) -> Phone | None:
    """The one number of a text, or None when there is none, more than one, or it cannot be dialled.

    `fiction` lets the ranges of `FICTION_RANGES` count as valid: sandbox and tests only.
    """
    if not re.search(r"[^\s\d+().\-/]", text):
        bare = re.sub(r"[^\d+]", "", text.replace("(0)", ""))
        return _valid(bare, fiction=fiction)
    found = {f.phone for f in find_phones(text, fiction=fiction)}
    return found.pop() if len(found) == 1 else None


def find_phones(text: str, *, fiction: bool) -> tuple[PhoneInText, ...]:
    """Every number of a text, in the order of the text."""
    return tuple(_scan(text, fiction=fiction))


def _scan(text: str, *, fiction: bool) -> Iterator[PhoneInText]:
    at = 0
    while at < len(text):
        spans = [m for m in (_ABROAD.search(text, at), _HOME_NUMBER.search(text, at)) if m]
        if not spans:
            return
        first = min(spans, key=lambda m: (m.start(), -m.end()))
        found = _longest(text, first.start(), first.end(), fiction=fiction)
        if found:
            yield found
        at = found.end if found else first.start() + 1


def _longest(text: str, start: int, end: int, *, fiction: bool) -> PhoneInText | None:
    """The longest valid number of a stretch of digits: two numbers may follow each other."""
    while end > start:
        if not text[end : end + 1].isdigit():
            bare = re.sub(r"[^\d+]", "", text[start:end].replace("(0)", "").upper().replace("O", "0"))
            if phone := _valid(bare, fiction=fiction):
                return PhoneInText(phone, start, end)
        end -= 1
        while end > start and not text[end - 1].isdigit():
            end -= 1
    return None


def _valid(bare: str, *, fiction: bool) -> Phone | None:
    try:
        number = phonenumbers.parse(bare, HOME)
    except NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if fiction and len(e164) == len("+33639980012"):
        for prefix, kind in FICTION_RANGES.items():
            if e164.startswith(prefix):
                return Phone(e164, kind)
    if not phonenumbers.is_valid_number(number):
        return None
    return Phone(e164, _KINDS.get(phonenumbers.number_type(number), PhoneKind.OTHER))


def shown(e164: str) -> str:
    """«+33 6 39 98 00 12»: one tap dials it in a chat. What is no number comes back as it is."""
    return _format(e164, PhoneNumberFormat.INTERNATIONAL)


def national(e164: str) -> str:
    """«06 39 98 00 12», as it is said; a number of another country keeps its +."""
    home = e164.startswith("+33")
    return _format(e164, PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL)


def compact(e164: str) -> str:
    """«0639980012», for a text message; a number of another country keeps its +."""
    return re.sub(r"[^\d+]", "", national(e164))


def _format(e164: str, form: int) -> str:
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164, HOME), form)
    except NumberParseException:
        return e164
