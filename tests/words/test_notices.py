"""Every notice, rendered as the bot renders it: it fits, begins safely, is complete and says nothing odd."""

import asyncio
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.buttons import MAX_BYTES
from bot.channels.sms import segments, to_gsm
from bot.domain.outcome import PlaceKind
from bot.domain.people import GROUP_ROLES, Role
from bot.flows import sheet as sheets
from bot.flows.sheet import Sheet
from bot.messages.composer import outgoing
from bot.messages.manners import MANNERS
from bot.messages.words import Words
from bot.ports import Outgoing
from bot.region import load_region
from bot.settings import DEFAULT_REGION
from storage import migrate
from storage.database import open_storage
from storage.vault import Vault
from tests.words.samples import Sample, samples
from tests.words.scene import LONGEST, ORDINARY, Cast, Scene, build

TEXT, CAPTION, FIRST_LINE, TOPIC = 4096, 1024, 80, 128
BESIDE, ALONE = 18, 40  # characters of a button in company, and by itself
CASTS = {"ordinary": ORDINARY, "longest": LONGEST}

#: Kinds that are words of a place, not messages: a topic's name.
NAMES = ("mission.topic", "mission.thread")


@dataclass(frozen=True)
class Rendered:
    """One sample on screen."""

    sample: Sample
    sheet: Sheet
    outgoing: Outgoing | None
    scene: Scene

    @property
    def text(self) -> str:
        """As a person reads it."""
        return "" if self.outgoing is None else plain(self.outgoing.text)


def plain(text: str) -> str:
    """Without Telegram's HTML."""
    return html.unescape(re.sub(r"</?[a-z]+[^>]*>", "", text))


@cache
def rendered(cast: str) -> dict[str, Rendered | str]:
    """Every sample by name; the error's words for one that cannot be rendered."""
    return asyncio.run(_render(CASTS[cast]))


async def _render(cast: Cast) -> dict[str, Rendered | str]:
    region = load_region(DEFAULT_REGION)
    words = Words(region)
    found: dict[str, Rendered | str] = {}
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'words.db'}"
        migrate.upgrade(url)
        storage = open_storage(url, Vault.from_secret("words"))
        try:
            scene = await build(storage, region, cast)
            for sample in samples(scene):
                if sample.draft is not None:
                    async with storage.transaction() as tx:
                        await tx.drafts.save(sample.draft)
                try:
                    sheet = await sheets.load(scene.given, sample.notice)
                    assert sheet is not None
                    found[sample.name] = Rendered(sample, sheet, _words(sheet, words), scene)
                except Exception as error:  # noqa: BLE001 - told by the test of that sample
                    found[sample.name] = f"{type(error).__name__}: {error}"
        finally:
            await storage.close()
    return found


def _words(sheet: Sheet, words: Words) -> Outgoing | None:
    if sheet.notice.kind in NAMES:
        return Outgoing(words.plain(sheet.notice.kind, sheet))
    return outgoing(sheet, words)


def all_of(cast: str) -> Iterator[Rendered]:
    """Every sample that could be rendered."""
    yield from (one for one in rendered(cast).values() if isinstance(one, Rendered))


both = pytest.mark.parametrize("cast", CASTS)


def test_every_kind_has_a_sample() -> None:
    there = {shown.sample.notice.kind for shown in all_of("ordinary")}
    assert set(MANNERS) - there == set()


@both
def test_every_sample_can_be_put_into_words(cast: str) -> None:
    assert {name: one for name, one in rendered(cast).items() if isinstance(one, str)} == {}


@both
def test_every_notice_says_something_and_fits(cast: str) -> None:
    for shown in all_of(cast):
        assert shown.outgoing is not None, shown.sample.name
        carries_file = shown.outgoing.file is not None
        assert shown.text or carries_file, shown.sample.name
        assert len(shown.text) <= (CAPTION if carries_file else TEXT), shown.sample.name


@both
def test_first_lines_are_short(cast: str) -> None:
    long = {
        shown.sample.name: first_line(shown)
        for shown in all_of(cast)
        if len(first_line(shown)) > FIRST_LINE and shown.sample.notice.to.kind is not PlaceKind.SMS
    }
    assert long == {}


def first_line(shown: Rendered) -> str:
    """What a locked phone shows; of an exercice, the line under the warning."""
    lines = shown.text.splitlines() or [""]
    return lines[1] if lines[0].startswith("🟦") and len(lines) > 1 else lines[0]


def identity(scene: Scene) -> list[str]:
    """What names the patient, as it may stand in a text."""
    d = scene.dossier
    numbers = [n for n in (d.patient_phone, d.caller.phone if d.caller else None) if n]
    spaced = [f"+33 {n[3]} {n[4:6]} {n[6:8]} {n[8:10]} {n[10:12]}" for n in numbers]
    names = [d.last_name, d.last_name.title(), d.first_name, d.address, str(d.door_code), "03/02/1932"]
    kept = [note.text[:20] for note in d.liaison if note.text]
    return [*names, *numbers, *spaced, *kept, "+33 3 53 01 00 31"]


@both
def test_first_lines_are_safe_on_a_locked_phone(cast: str) -> None:
    guilty = {
        shown.sample.name: first_line(shown)
        for shown in all_of(cast)
        if any(fact in first_line(shown) for fact in (*identity(shown.scene), shown.scene.dossier.motif_text))
    }
    assert guilty == {}


@both
def test_who_may_not_know_the_patient_reads_no_name(cast: str) -> None:
    """Before acceptance, in the group, on the board and in an SMS."""
    guilty = {
        shown.sample.name: [fact for fact in identity(shown.scene) if fact in shown.text]
        for shown in all_of(cast)
        if is_anonymous(shown)
    }
    assert {name: facts for name, facts in guilty.items() if facts} == {}


def is_anonymous(shown: Rendered) -> bool:
    """Whether the reader may know no identity."""
    notice, sheet = shown.sample.notice, shown.sheet
    if notice.to.kind in (PlaceKind.MISSION, PlaceKind.BOARD, PlaceKind.SMS):
        return True
    mission, reader = sheet.mission, sheet.reader
    if mission is None or notice.kind == "doctor.seen" or (reader and reader.role in GROUP_ROLES):
        return False
    doctor = mission.cascade.doctor
    if reader is not None and reader.role is Role.IDEL:
        return mission.visit.idel != reader.id
    return doctor is None or doctor.party.id != notice.to.id


@both
def test_what_names_the_patient_is_purged(cast: str) -> None:
    kept = {
        shown.sample.name: [fact for fact in identity(shown.scene) if fact in shown.text]
        for shown in all_of(cast)
        if shown.outgoing is not None and not shown.outgoing.has_patient_facts
    }
    assert {name: facts for name, facts in kept.items() if facts} == {}


#: «Words to change», and what a template leaves behind when a fact is missing.
FORBIDDEN = (
    (r"\bNone\b|\bTrue\b|\bFalse\b|Undefined", "a value that is no word"),
    (r"\d{4}-\d{2}-\d{2}T", "a moment as machines write it"),
    (r"\{\{|\{%|%\}|\}\}|¶", "markup of a template"),
    (r"  ", "two spaces"),
    (r"\(\s*\)|«\s*»", "nothing between brackets"),
    (r"(?m)^[,:;]|^·(?! \w)|·\s*·|[·,]\s*$|,\s*,|\(\s*,|,\s*\)| ,", "a dangling separator"),
    (r"\b([Tt]u|[Tt]on|ta|[Tt]es|[Tt]oi)\b", "«tu»: vous"),
    (r"(?i)l[’']infirmier", "«l'infirmier»: IDEL, or un(e) collègue"),
    (r"(?i)\bune? collègue\b", "un(e) collègue"),
    (r"(?i)\bSOS médecins\b", "SOS médecin 68"),
    (r"(?i)\bprescription\b", "ordonnance"),
    (r"(?i)\bCMU\b", "C2S (ex-CMU)"),
    (r"\bParti\b", "Visite terminée"),
    (r"\bair\b(?! ambiant)", "air ambiant"),
    (r"\b1 (missions|questions|documents|messages|IDEL sollicités|ans)\b", "a plural of one"),
    (r"\b1 (silences|sollicités|injoignables)\b", "a plural of one"),
)


@both
def test_the_words_are_those_wanted(cast: str) -> None:
    found = [
        f"{shown.sample.name}: {why}\n{shown.text}"
        for shown in all_of(cast)
        for pattern, why in FORBIDDEN
        if re.search(pattern, shown.text)
    ]
    assert not found, "\n\n".join(found)


@both
def test_buttons_fit(cast: str) -> None:
    wrong = [
        f"{shown.sample.name}: {button.label!r}"
        for shown in all_of(cast)
        if shown.outgoing is not None
        for row in shown.outgoing.buttons
        for button in row
        if not button.label.strip()
        or "None" in button.label
        or len(button.label) > (BESIDE if len(row) > 1 else ALONE)
        or len((button.data or "").encode()) > MAX_BYTES
    ]
    assert wrong == []


@both
def test_topics_have_names_that_name_nobody(cast: str) -> None:
    for shown in all_of(cast):
        topic = shown.outgoing.topic if shown.outgoing else None
        if topic is not None:
            assert 0 < len(topic) <= TOPIC, shown.sample.name
            assert "\n" not in topic, shown.sample.name
            assert [fact for fact in identity(shown.scene) if fact in topic] == [], shown.sample.name


@both
def test_an_exercice_says_so_first(cast: str) -> None:
    silent = [
        shown.sample.name
        for shown in all_of(cast)
        if shown.sheet.mission is not None
        and shown.sheet.mission.exercise
        and shown.sample.notice.kind not in NAMES
        and not shown.text.startswith(("🟦 EXERCICE · ne pas se déplacer", "EXERCICE"))
    ]
    assert silent == []


@both
def test_what_rings_says_its_number(cast: str) -> None:
    """Whoever has two missions knows at once which one rang."""
    wrong = {
        shown.sample.name: first_line(shown)
        for shown in all_of(cast)
        if shown.outgoing is not None
        and shown.outgoing.rings
        and shown.sheet.mission is not None
        and f"SMT {shown.sheet.mission.number}" not in first_line(shown)
    }
    assert wrong == {}


def test_a_text_message_is_one_text_message() -> None:
    for shown in all_of("ordinary"):
        if shown.sample.notice.to.kind is PlaceKind.SMS:
            most = 1 if shown.sample.notice.kind in ("cascade.sms", "cascade.sms_over") else 2
            assert segments(to_gsm(shown.text)) <= most, shown.text
            assert to_gsm(shown.text) == shown.text
