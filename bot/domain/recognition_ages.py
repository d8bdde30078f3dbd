"""Birth dates, ages and sex in a text. Unknown is better than wrong."""

import re
from dataclasses import replace
from datetime import date

from bot.domain.letters import fold
from bot.domain.mission import Sex
from bot.domain.recognised import Age, Recognised
from bot.domain.recognition_block import Block
from bot.domain.recognition_words import LINKS, MONTHS

#: Nobody is older: a larger age is a typing error.
OLDEST = 120

#: How far back a word still belongs to a number, in characters.
_NEAR = 60

_DAY = r"(?P<d>0?[1-9]|[12][0-9]|3[01])"

_YEAR = "(?P<y>(?:1[89]|20)[0-9]{2})"

_DATES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        (
            rf"(?<![0-9/.\-]){_DAY}(?P<sep>[/.\- ])(?P<m>0?[1-9]|1[0-2])(?P=sep)"
            r"(?P<y>(?:1[89]|20)[0-9]{2}|[0-9]{2})(?![0-9/])"
        ),
        r"(?<![0-9\-])(?P<y>(?:1[89]|20)[0-9]{2})-(?P<m>0[1-9]|1[0-2])-(?P<d>[0-2][0-9]|3[01])(?![0-9\-])",
        rf"(?<![0-9]){_DAY}(?:er)?\s+(?P<w>{'|'.join(MONTHS)})\.?\s+{_YEAR}(?![0-9])",
        r"(?<![0-9])(?P<d>0[1-9]|[12][0-9]|3[01])(?P<m>0[1-9]|1[0-2])(?P<y>(?:19|20)[0-9]{2})(?![0-9])",
    )
)

#: What stands before a birth date. «ne» alone is a negation, unless the date follows at once.
_BORN = re.compile(
    r"(?:(?:\bn[ée]e|\bné)(?:\s*\(e\))?|\bddn|\bdate de naissance|\bnaissance|\bdn)\b(?P<far>[^\n\d]{0,30})$"
    r"|\bn[ée]e?(?:\(e\))?\s+(?:le\s*)?:?\s*$",
    re.IGNORECASE,
)

_BORN_CLOSE = re.compile(
    r"(?:\bn[ée]e?(?:\s*\(e\))?|\bddn|\bdate de naissance|\bnaissance|\bdn)\s*(?:le)?\s*:?\s*$", re.IGNORECASE
)

_EVENT = re.compile(r"\b(?:le|du|au|depuis|avant|jusqu'au|date|vu|vue)\s*:?\s*$")

_AGE_YEARS = re.compile(
    r"(?:agee?\s+de\s+|age\s*:?\s*)?(?<![0-9,./])(?P<n>[0-9]{1,3})\s?(?:ans?(?![a-z])|a(?=\s*[,;)\n]|\s+[0-9]|$))"
)

_AGE_MONTHS = re.compile(r"(?:agee?\s+de\s+|age\s*:?\s*)?(?<![0-9,./])(?P<n>[0-9]{1,2})\s?mois(?![a-z])")

_NOT_AN_AGE = re.compile(
    r"(?:depuis|il y a|y a|ya|pendant|dans|tous les|toutes les|environ|moins de|plus de)\s*$"
)


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _date_of(found: re.Match[str], today: date, stated: int | None) -> date | None:
    groups = found.groupdict()
    word = groups.get("w")
    month = MONTHS[word] if word else int(groups["m"])
    years = [int(groups["y"])]
    if len(groups["y"]) == 2:
        years = [1900 + years[0], 2000 + years[0]]
    possible = []
    for year in years:
        try:
            born = date(year, month, int(groups["d"]))
        except ValueError:
            continue
        if born <= today and _years(born, today) <= OLDEST:
            possible.append(born)
    if len(possible) == 2:  # «03/02/20»: six years old, or a hundred and six
        possible = [b for b in possible if stated is not None and abs(_years(b, today) - stated) <= 1]
    return possible[0] if len(possible) == 1 else None


def read_birth_date(text: str, today: date) -> date | None:
    """The one date of a text that can be a birth date: «03/02/1932», «née le 3 février 1932», «03021932»."""
    folded = fold(text)
    found = {
        born
        for pattern in _DATES
        for match in pattern.finditer(folded)
        if (born := _date_of(match, today, None))
    }
    return found.pop() if len(found) == 1 else None


def read_age(text: str) -> Age | None:
    """«94», «94 ans», «18 mois», «2 ans et demi»."""
    folded = fold(text).strip()
    years = [int(m["n"]) for m in _AGE_YEARS.finditer(folded)]
    months = [int(m["n"]) for m in _AGE_MONTHS.finditer(folded)]
    if re.fullmatch(r"[0-9]{1,3}", folded, re.ASCII):
        years = [int(folded)]
    if len(years) > 1 or len(months) > 1 or not (years or months):
        return None
    if not years:
        return Age(months[0] // 12, months[0])
    if years[0] > OLDEST or (months and months[0] > 11):
        return None
    return Age(years[0], years[0] * 12 + months[0] if months else None)


def stated_age(block: Block, found: Recognised) -> Recognised:
    """The stated age, unless several are stated."""
    stated: list[tuple[Age, int, int]] = []
    for pattern in (_AGE_YEARS, _AGE_MONTHS):
        for match in pattern.finditer(block.free):
            before = block.free[max(block.line_start(match.start()), match.start() - _NEAR) : match.start()]
            number = int(match["n"])
            clause = re.split(r"[,;|(\x01\x02]", before)[-1]
            if _NOT_AN_AGE.search(before) or re.search(rf"(?<![a-z]){LINKS}(?![a-z])", clause):
                continue
            age = Age(number) if pattern is _AGE_YEARS else Age(number // 12, number)
            if age.years <= OLDEST:
                stated.append((age, match.start(), match.end()))
    if len({age for age, _, _ in stated}) != 1:
        return found
    for _, start, end in stated:
        block.claim(start, end)
    age = stated[0][0]
    return replace(found, age=age.years, age_months=age.months)


def birth(block: Block, found: Recognised, today: date, ages: list[tuple[int, int]]) -> Recognised:
    """A date that is called a birth date, or the only one that can be one."""
    named: list[tuple[date, int, int]] = []
    bare: list[tuple[date, int, int]] = []
    for n, pattern in enumerate(_DATES):
        for match in pattern.finditer(block.free):
            start = match.start()
            before = block.text[max(block.line_start(start), start - _NEAR) : start]
            born = _date_of(match, today, found.age)
            close = _BORN_CLOSE.search(before)
            if born is None:
                continue
            if close or _BORN.search(before):
                named.append((born, start - (len(before) - close.start() if close else 0), match.end()))
            elif (
                n < 3
                and len(match["y"]) == 4
                and not _EVENT.search(fold(before))
                and _years(born, today) >= 1
            ):
                bare.append((born, start, match.end()))
    dates = named or bare
    if len({born for born, _, _ in dates}) != 1:
        return found
    born = dates[0][0]
    if found.age is not None and abs(_years(born, today) - found.age) > 1:
        for span in ages:
            block.release(*span)
        return replace(found, age=None, age_months=None)  # the date and the age disagree: both are asked
    for _, start, end in dates:
        block.claim(start, end)
    return replace(found, birth_date=born, age=_years(born, today))


def stated_sex(block: Block, found: Recognised) -> Recognised:
    """From «femme, 94 ans», «F 94 ans», «sexe : F», or the letter alone between two signs."""
    told: set[Sex] = set()
    for match in list(
        re.finditer(
            r"(?:^|(?<=[,;|\n/(]))[ \t]*(?P<l>[fhm])[ \t]*(?=[,;|\n/)]|$)"
            r"|(?<![a-z'’])(?:sexe\s*:?\s*(?P<s>[fmh]|feminin|masculin)(?![a-z])"
            r"|(?P<w>femme|dame|homme|f|h)[\s,]*(?:de\s+)?(?=[0-9]{1,3}\s?ans?(?![a-z])))",
            block.free,
        )
    ):
        told.add(Sex.FEMALE if (match["l"] or match["s"] or match["w"]).startswith(("f", "d")) else Sex.MALE)
        block.claim(match.start(), match.end())
    return replace(found, sex=told.pop()) if len(told) == 1 else found


def implied_sex(block: Block, found: Recognised) -> Recognised:
    """From «patiente», «née le», «né le», when no title and no word has said it."""
    raw = block.text.casefold()
    told = {Sex.FEMALE} if re.search(r"\bpatiente\b|\bnée\b(?!\s*\()", raw) else set()
    told |= {Sex.MALE} if re.search(r"\bné (?:le|en)\b|\bné \d", raw) else set()
    return replace(found, sex=told.pop()) if found.sex is None and len(told) == 1 else found
