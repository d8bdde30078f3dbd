"""Who else a text names: médecin traitant, IDEL, caller, decider, and whose each number is."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bot.domain.letters import fold
from bot.domain.mission import Contact
from bot.domain.phone import PhoneInText
from bot.domain.places import plain
from bot.domain.recognised import FoundPhone, PhoneOwner, Recognised
from bot.domain.recognition_block import STOP, Block, tidy, value_end
from bot.domain.recognition_names import CAPITALS, TITLE, name_at
from bot.domain.recognition_words import CALLER, DECIDER, IDEL, LINKS, MT, NOT_NAMES, PATIENT, TEL

_NONE = r"(?:aucune?|inconnue?|pas|neant|non|sans|0|x|-)(?![a-z])"

_NO_CONTACT = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![a-z])(?:{MT}|{IDEL})\s*[:=]?\s*{_NONE}\s*(?=[,;.\n|\x01]|$)",
        rf"(?<![a-z])(?:pas\s+d[e']|sans|aucune?)\s*(?:{MT}|{IDEL})",
    )
)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A label that names a role, the name behind it, and where they stand."""

    owner: PhoneOwner
    start: int
    end: int
    name: str | None
    quality: str | None = None


def no_contacts(block: Block) -> None:
    """«IDEL habituelle : aucune», «pas de MT»: understood, and nothing to keep."""
    for pattern in _NO_CONTACT:
        for match in list(pattern.finditer(block.free)):
            block.claim(match.start(), match.end())


#: «Dr Weber (» in front of «MT)».
_DOCTOR_BEFORE = re.compile(r"(?<![a-z])(?:dr|docteur)\.?\s+[a-z][a-z'’\-]+(?:\s+[a-z][a-z'’\-]+)?\s*\(?\s*$")


def contact_of_role(block: Block, owner: PhoneOwner, label: str) -> _Labelled | None:
    """«MT : Dr Weber», «IDEL habituelle Amina BENALI», «Dr Weber (MT)»."""
    for match in re.finditer(
        rf"(?<![a-z'’])(?P<label>{label})(?![a-z])\s*(?P<colon>[:=\-]|est)?\s*", block.free
    ):
        named = _named_after(block, match.end(), colon=bool(match["colon"]))
        if named:
            block.claim(match.start(), named[1])
            return _Labelled(owner, match.start(), named[1], tidy(block.text[named[0] : named[1]]))
        before = _DOCTOR_BEFORE.search(block.free, max(0, match.start() - 60), match.start())
        if before and owner is PhoneOwner.MEDECIN_TRAITANT:
            name = tidy(block.text[before.start() : before.end()])
            end = match.end() + (1 if block.free[match.end() : match.end() + 1] == ")" else 0)
            block.claim(before.start(), end)
            return _Labelled(owner, before.start(), end, name)
        if _phone_follows(block, match.end()):
            block.claim(match.start(), match.end())
            return _Labelled(owner, match.start(), match.end(), None)
    return None


def _phone_follows(block: Block, at: int) -> bool:
    return bool(re.match(rf"[\s:(,]*(?:{TEL})?[\s:.(]*\x02", block.free[at:]))


_DR = re.compile(r"(?:dr|docteur|pr|professeur)(?![a-z])\.?\s*")


def _named_after(block: Block, at: int, *, colon: bool) -> tuple[int, int] | None:
    """The name that follows a label, a doctor's title included."""
    start = at + len(block.free[at:]) - len(block.free[at:].lstrip("\n ")) if colon else at
    title = _DR.match(block.free, start) or re.compile(TITLE).match(block.free, start)
    cabinet = re.compile(r"cabinet\s+").match(block.free, start)
    begin = title.end() if title else cabinet.end() if cabinet else start
    end = value_end(block, begin) if begin < len(block.free) else begin
    name = name_at(block, begin, small=bool(title or colon))
    if not name:
        return None
    return start, min(name[1], end) if end > begin else name[1]


def decider(block: Block, found: Recognised) -> Recognised:
    """Who decided, and in what quality. Without a name nothing is kept."""
    for rule in (_doctor_and_quality, _labelled_decider, _samu):
        if told := rule(block):
            block.claim(told.start, told.end)
            return replace(found, decider_name=told.name, decider_quality=told.quality)
    return found


_QUALITY = (
    r"(?:medecin\s+)?(?:regul(?:ateur|atrice)(?:\s+(?:du\s+)?(?:samu|sas|smur|liberal)\w*)?"
    r"|generaliste|urgentiste|liberal)"
    r"(?![a-z])"
)


def _doctor_and_quality(block: Block) -> _Labelled | None:
    """«Dr Roth (médecin régulateur)», «Dr Roth, régulateur SAMU»."""
    match = re.search(
        rf"(?:(?<![a-z]){DECIDER}\s*:?\s*(?:le\s+)?)?(?<![a-z])(?P<name>(?:dr|docteur)\.?\s+[a-z][a-z'’\-]+"
        rf"(?:\s+(?!medecin|regul)[a-z][a-z'’\-]+)?)"
        rf"\s*[,(\-]*\s*(?P<quality>(?:medecin\s+)?regul(?:ateur|atrice)(?:\s+(?:du\s+)?(?:samu|sas"
        rf"|smur)\w*)?)\s*\)?",
        block.free,
    )
    if not match:
        return None
    return _Labelled(
        PhoneOwner.DECIDER,
        match.start(),
        match.end(),
        tidy(block.text[match.start("name") : match.end("name")]),
        tidy(block.text[match.start("quality") : match.end("quality")]),
    )


def _labelled_decider(block: Block) -> _Labelled | None:
    """«Demandé par SAMURL68 (médecin généraliste)», «médecin régulateur : Dr Roth»."""
    for match in re.finditer(rf"(?<![a-z]){DECIDER}(?![a-z])\s*[:=]?\s*(?:le\s+)?(?=[^\s])", block.free):
        title = re.match(rf"(?:medecin\s+regul(?:ateur|atrice)|{_DR.pattern})\s*", block.free[match.end() :])
        begin = match.end() + (title.end() if title else 0)
        name = _samu_at(block, match.end()) or name_at(block, begin, small=bool(title))
        if not name:
            continue
        quality, end = _quality_after(block, name[1])
        label = block.text[match.start() : begin] if "regul" in block.free[match.start() : begin] else ""
        inside = re.search(r"(?i)(?:m[ée]decin\s+)?r[ée]gul(?:ateur|atrice)", label)
        dr = _DR.search(block.free, match.end(), name[0])
        return _Labelled(
            PhoneOwner.DECIDER,
            match.start(),
            end,
            tidy(block.text[dr.start() if dr else name[0] : name[1]]),
            quality or (inside.group() if inside else None),
        )
    return None


def _samu_at(block: Block, at: int) -> tuple[int, int] | None:
    match = re.compile(r"(?:samu|sas|smur)[a-z]*\s?[0-9]{0,2}(?![a-z0-9])").match(block.free, at)
    return match.span() if match else None


def _samu(block: Block) -> _Labelled | None:
    """«SAMURL68 (Médecin généraliste)» without a label."""
    match = re.search(r"(?<![a-z])samu[a-z]*\s?[0-9]{0,2}(?![a-z0-9])", block.free)
    if not match:
        return None
    quality, end = _quality_after(block, match.end())
    return (
        _Labelled(
            PhoneOwner.DECIDER, match.start(), end, tidy(block.text[match.start() : match.end()]), quality
        )
        if quality
        else None
    )


def _quality_after(block: Block, at: int) -> tuple[str | None, int]:
    match = re.compile(rf"[ \t]*[,(\-]?[ \t]*(?P<q>{_QUALITY})[ \t]*\)?").match(block.free, at)
    return (tidy(block.text[match.start("q") : match.end("q")]), match.end()) if match else (None, at)


_OWNER_WORDS = re.compile(
    rf"(?<![a-z'’])(?:(?P<mt>{MT})|(?P<idel>{IDEL})|(?P<decider>regul(?:ateur|atrice|ation)|samu\w*)"
    rf"|(?P<link>{LINKS})"
    rf"|(?P<patient>{PATIENT})|(?P<caller>{CALLER}))(?![a-z])"
)


def _owner_word(text: str) -> tuple[PhoneOwner, re.Match[str]] | None:
    """The last word of a text that says whose number it is."""
    last: tuple[PhoneOwner, re.Match[str]] | None = None
    for match in _OWNER_WORDS.finditer(text):
        owner = {
            "mt": PhoneOwner.MEDECIN_TRAITANT,
            "idel": PhoneOwner.USUAL_IDEL,
            "decider": PhoneOwner.DECIDER,
            "patient": PhoneOwner.PATIENT,
        }.get(match.lastgroup or "", PhoneOwner.CALLER)
        last = owner, match
    return last


@dataclass(frozen=True, slots=True)
class _Owned:
    """A number, whose it is, and where the words that say so stand."""

    phone: PhoneInText
    owner: PhoneOwner
    link: str | None
    spans: tuple[tuple[int, int], ...]
    name: str | None = None


def owned_phones(
    block: Block, phones: tuple[PhoneInText, ...], contacts: Iterable[_Labelled]
) -> Iterator[_Owned]:
    """Each number with its owner: the words before it on its line, in brackets behind it, or behind it."""
    known = sorted(contacts, key=lambda c: c.end)
    taken = 0
    for n, phone in enumerate(phones):
        begin = max(block.line_start(phone.start), taken)
        following = phones[n + 1].start if n + 1 < len(phones) else len(block.text)
        owned = (
            _owned_in_brackets(block, phone, begin)
            or _owned_by_contact(block, phone, begin, known)
            or _owned_before(block, phone, begin)
            or _owned_behind(block, phone, min(block.line_end(phone.end), following))
            or _Owned(phone, PhoneOwner.UNKNOWN, None, _tel_before(block, phone, begin))
        )
        taken = max(phone.end, *(end for _, end in owned.spans)) if owned.spans else phone.end
        for start, end in owned.spans:
            block.claim(start, end)
        yield owned


def _tel_before(block: Block, phone: PhoneInText, begin: int) -> tuple[tuple[int, int], ...]:
    tel = re.search(rf"(?<![a-z]){TEL}[\s:.(]*$", block.free[begin : phone.start])
    return ((begin + tel.start(), phone.start),) if tel else ()


def _owned_in_brackets(block: Block, phone: PhoneInText, begin: int) -> _Owned | None:
    inside = re.compile(r"\s*\(([^()\n]{2,30})\)").match(block.free, phone.end)
    told = _owner_word(inside.group(1)) if inside else None
    if not inside or not told:
        return None
    ahead = re.search(
        rf"(?<![a-z])(?:{CALLER}|{PATIENT})[\s:]*(?:{TEL})?[\s:.]*$", block.free[begin : phone.start]
    )
    label = ((begin + ahead.start(), phone.start),) if ahead else _tel_before(block, phone, begin)
    spans = (*label, (phone.end, inside.end()))
    link, name = _link_and_name(block, inside.start(1), inside.end(1))
    return _Owned(phone, told[0], link, spans, name)


def _owned_by_contact(
    block: Block, phone: PhoneInText, begin: int, contacts: list[_Labelled]
) -> _Owned | None:
    """A contact just before, with at most «tél» between: «MT : Dr Weber, tél 03…»."""
    for contact in reversed(contacts):
        if contact.end <= phone.start and contact.end >= begin - 1:
            between = block.free[contact.end : phone.start]
            if re.fullmatch(rf"[\s,;:.(\-/\x01]*(?:au\s+)?(?:{TEL})?[\s:.(]*", between):
                return _Owned(phone, contact.owner, None, ((contact.end, phone.start),))
    return None


def _owned_before(block: Block, phone: PhoneInText, begin: int) -> _Owned | None:
    """«patiente 03…», «sa fille Anne Keller 06…», «Appelant : Marc KELLER, fils, 06…»."""
    line = block.free[begin : phone.start]
    at = max(line.rfind(sign) for sign in (",", ";", "|", "/", ")", ". ")) + 1
    bare = re.fullmatch(rf"\s*(?:au\s+)?(?:{TEL})?[\s:.(]*", line[at:])
    if bare and at:  # «fille, tél 06…»: the owner stands before the comma
        at = max(line.rfind(sign, 0, at - 1) for sign in ",;|/)") + 1
        if not re.match(rf"\s*(?:(?:sa|son|la|le|l')\s*)?(?:{LINKS}|{PATIENT}|{CALLER})(?![a-z])", line[at:]):
            caller = re.search(rf"(?<![a-z]){CALLER}(?![a-z])", line)
            if not caller:
                return None
            at = caller.start()
    told = _owner_word(line[at:])
    if not told:
        return None
    caller = re.search(rf"(?<![a-z]){CALLER}(?![a-z])", line)
    if caller and told[0] is PhoneOwner.CALLER:
        at = min(at, caller.start())
    start = begin + at
    link, name = _link_and_name(block, start, phone.start)
    return _Owned(phone, told[0], link, ((start, phone.start),) if _short(line[at:]) else (), name)


def _short(text: str) -> bool:
    """Whether the words around a number are about the number only."""
    rest = re.sub(rf"{_OWNER_WORDS.pattern}|{TEL}", " ", text)
    return len(re.findall(r"[a-z0-9'’\-]{2,}", rest)) <= 4


def _owned_behind(block: Block, phone: PhoneInText, limit: int) -> _Owned | None:
    """«06… fille», «03… : patiente»."""
    stop = re.compile(r"[,;|/\n\x02]").search(block.free, phone.end, limit)
    end = stop.start() if stop else limit
    text = block.free[phone.end : end]
    match = re.match(rf"[\s:=\-]*(?:(?:sa|son|la|le|de|du|l')\s*)*(?:{_OWNER_WORDS.pattern})", text)
    told = _owner_word(text[: match.end()]) if match else None
    if not match or not told:
        return None
    link, _ = _link_and_name(block, phone.end, phone.end + match.end())
    name = name_at(block, phone.end + match.end() + 1, small=False) if told[0] is PhoneOwner.CALLER else None
    finish = name[1] if name and name[1] <= end else phone.end + match.end()
    return _Owned(
        phone,
        told[0],
        link,
        ((phone.end, finish),),
        tidy(block.text[name[0] : name[1]]) if name and name[1] <= end else None,
    )


def _link_and_name(block: Block, start: int, end: int) -> tuple[str | None, str | None]:
    """The family link and the name said in a stretch, as typed."""
    link = re.compile(rf"(?<![a-z]){LINKS}(?![a-z])").search(block.free, start, end)
    text = block.raw_free()[start:end]
    text = re.sub(r"[\x01\x02]", ",", text)
    names = [name for run in CAPITALS.finditer(text) if (name := _untitled(run.group()))]
    said = names[0] if len(names) == 1 else None
    return (tidy(block.text[link.start() : link.end()]) if link else None), said


def _untitled(run: str) -> str | None:
    """A run of capitalised words as a name, its title left out; None when it holds another kind of word."""
    words = run.split()
    if len(words) > 1 and re.fullmatch(TITLE, fold(words[0])):
        words = words[1:]
    strange = any(plain(word) in NOT_NAMES or _OWNER_WORDS.fullmatch(fold(word)) for word in words)
    return None if strange or re.fullmatch(TEL, fold(words[0])) else tidy(" ".join(words))


def named_caller(block: Block, found: Recognised) -> Recognised:
    """A caller named without a number behind: «Appelant : Marc KELLER (fils)», «appel de la fille»."""
    match = re.search(
        rf"(?<![a-z]){CALLER}(?![a-z])\s*(?P<colon>:)?\s*(?:(?:la|le|sa|son|l')\s*)?(?=[a-z])", block.free
    )
    if not match or found.caller_name:
        return found
    end = STOP.search(block.free, match.end())
    stop = end.start() if end else len(block.free)
    link, name = _link_and_name(block, match.end(), stop)
    behind = re.compile(rf"\s*[,(]\s*(?P<link>{LINKS})(?![a-z])\s*\)?").match(block.free, stop)
    if behind and name and not link:
        link, stop = tidy(block.text[behind.start("link") : behind.end("link")]), behind.end()
    if not (link or name) or len(block.text[match.end() : stop].split()) > 6:
        return found
    block.claim(match.start(), stop)
    return replace(found, caller_name=name, caller_link=found.caller_link or link)


def with_phones(found: Recognised, owned: tuple[_Owned, ...], contacts: list[_Labelled]) -> Recognised:
    """The numbers and contacts in their fields. One number that nobody owns is the patient's; two are not."""

    def first(owner: PhoneOwner) -> _Owned | None:
        return next((o for o in owned if o.owner is owner), None)

    named = {contact.owner: contact.name for contact in contacts}
    phones = tuple(FoundPhone(o.phone.phone.e164, o.owner, o.link) for o in owned)
    patient, caller, bare = first(PhoneOwner.PATIENT), first(PhoneOwner.CALLER), first(PhoneOwner.UNKNOWN)
    unknown = {p.number for p in phones if p.owner is PhoneOwner.UNKNOWN}
    alone = bare if patient is None and len(unknown) == 1 else None
    patient_number = patient or alone
    return replace(
        found,
        phones=phones,
        patient_phone=patient_number.phone.phone.e164 if patient_number else None,
        caller_phone=caller.phone.phone.e164 if caller else None,
        caller_link=caller.link if caller else None,
        caller_name=caller.name if caller else None,
        medecin_traitant=_contact_of(PhoneOwner.MEDECIN_TRAITANT, named, first(PhoneOwner.MEDECIN_TRAITANT)),
        usual_idel=_contact_of(PhoneOwner.USUAL_IDEL, named, first(PhoneOwner.USUAL_IDEL)),
    )


def _contact_of(
    owner: PhoneOwner, named: dict[PhoneOwner, str | None], owned: _Owned | None
) -> Contact | None:
    if owner not in named and owned is None:
        return None
    name = named.get(owner) or (owned.name if owned else None) or ""
    return Contact(name, owned.phone.phone.e164 if owned else None)
