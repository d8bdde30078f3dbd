"""The shipped region file, and what is said of a broken one."""

import re
import shutil
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.buttons import MAX_BYTES, Press, Verb
from bot.domain.calendar import is_holiday, local, openings
from bot.domain.people import CascadeStep, MissionId
from bot.domain.region import Fallback, Region, Tariff, sectors_of
from bot.region import (
    SHIPPED,
    RegionError,
    dates_to_come,
    differences,
    gaps_to_come,
    load_region,
    read_sectors,
    sector_table,
)

SAS68 = load_region()


def broken(folder: Path, old: str, new: str) -> str:
    """What is said of the shipped file after one change."""
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, folder)
    path = folder / SHIPPED.name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegionError) as caught:
        load_region(path)
    return str(caught.value)


def changed(folder: Path, old: str, new: str) -> Region:
    """The shipped file after one change."""
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, folder)
    path = folder / SHIPPED.name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_region(path)


def line_of(text: str) -> int:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, start=1) if text in line)


def test_the_shipped_file_is_sas_68_as_the_source_documents_say() -> None:
    assert SAS68.name == "SAS 68"
    assert SAS68.delays.limit == timedelta(hours=6)
    assert SAS68.delays.answer == timedelta(minutes=30)
    assert [(s.step, s.delay.seconds // 60) for s in SAS68.steps] == [
        (CascadeStep.MEDECIN_TRAITANT, 10),
        (CascadeStep.EFFECTEUR_SAS, 15),
        (CascadeStep.GARDE, 10),
        (CascadeStep.SOS_MEDECIN, 10),
        (CascadeStep.SELAS, 10),
    ]
    assert not SAS68.rule(CascadeStep.MEDECIN_TRAITANT).snp
    assert SAS68.rule(CascadeStep.GARDE).skipped_in_mmg
    assert SAS68.estimates == (20, 40, 60)
    assert len(SAS68.communes) == 366
    assert {(h.weekday, h.opens.hour, h.closes.hour) for h in SAS68.hours} == {
        *((day, 8, 20) for day in range(5)),
        (5, 8, 12),
    }
    assert (5, time(12)) in SAS68.garde_begins


def test_the_indemnity_is_funded_until_the_end_of_october_2026() -> None:
    last = SAS68.tariff("INDEMNITE", date(2026, 10, 31))
    assert last is not None
    assert last.amount == Decimal("27.00")
    assert SAS68.tariff("INDEMNITE", date(2026, 11, 1)) is None
    assert SAS68.tariff("INDEMNITE", date(2024, 10, 31)) is None
    assert SAS68.tariff("SNP", date(2030, 1, 1)) is not None


def test_the_table_of_communes_says_whose_data_it_is() -> None:
    first = (SHIPPED.parent / "haut_rhin_communes.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("#")
    assert all(word in first for word in ("INSEE", "DILA", "IGN", "Licence Ouverte 2.0"))


def test_every_commune_has_one_sector_and_four_sectors_have_an_mmg() -> None:
    covered = [insee for sector in SAS68.sectors for insee in sector.communes]
    assert len(covered) == len(set(covered)) == 366
    for name in ("Colmar", "Thann", "Mulhouse", "Altkirch"):
        commune = next(c for c in SAS68.communes if c.name == name)
        sector = SAS68.sector_of(commune.insee)
        assert sector is not None
        assert sector.mmg
    assert sum(sector.mmg for sector in SAS68.sectors) == 4


def test_motif_keys_and_labels_are_unique() -> None:
    assert len({m.key for m in SAS68.motifs}) == len({m.label for m in SAS68.motifs}) == len(SAS68.motifs)


@pytest.mark.parametrize(
    ("old", "new", "key", "mend"),
    [
        ('limit = "6 h"', 'limit = "6 hh"', "delays.limit", 'Write "10 min", "6 h" or "1 h 30"'),
        ('limit = "6 h"', 'limit = "0 h"', "delays.limit", "at least 1 min"),
        ('limit = "6 h"', 'limit = ["6 h"]', "delays.limit", "one duration"),
        ('limit = "6 h"', "limit = 6", "delays.limit", "one duration"),
        ('limit = "6 h"', 'limi = "6 h"', "delays.limi", "no such delay"),
        ('\nopens = "08:00"', '\nopens = "8h"', "hours[0].opens", 'Write it "08:00"'),
        ('closes = "20:00"', 'closes = "07:00"', "hours[0].closes", "not after"),
        ('"monday", "tuesday"', '"lundi", "tuesday"', "hours[0].days", "monday"),
        ("minimum_age = 3", 'minimum_age = "trois"', "minimum_age", "Expected int"),
        ("minimum_age = 3", "minimum_agee = 3", "minimum_agee", "No such key"),
        ("minimum_age = 3", "minimum_agee = 3", "minimum_agee", "Was minimum_age meant?"),
        ("minimum_age = 3", "", "minimum_age", "Missing key"),
        ('step = "selas"', 'step = "hopital"', "steps[4].step", "Invalid enum"),
        ('step = "selas"', 'step = "garde"', "steps", "two steps are the same"),
        ('amount = "27.00"', 'amount = "27,00 €"', "tariffs[4].amount", 'Write it "27.00"'),
        ('code = "TLS"', 'code = "TLD"', "tariffs[1]", "End the old one first"),
        ("#{token}", "", "visio_url", "needs {room} and {token}"),
        ("https://visio.example/", "javascript:", "visio_url", "starts with https://"),
        ("estimates = [20, 40, 60]", "estimates = [20, 20, 60]", "estimates", "two buttons are the same"),
        ("history_days = 60", "history_days = 999999999999", "search.history_days", "ten years at most"),
        ("wanted = 2", "wanted = inf", "search.wanted", "100 at most"),
        ("unlikely_from = 10", "unlikely_from = -1", "search.unlikely_from", "1 or more"),
        ('"haut_rhin_communes.csv"', '"communes.csv"', "communes", "The table stands beside sas68.toml"),
        (
            'days = ["saturday"]\nbegins = "12:00"',
            'days = ["friday"]\nbegins = "12:00"',
            "garde[1].days",
            "friday begins twice",
        ),
        ('"+33353010010"', '"12"', "osnp_phone", "no phone number"),
        ('"6AE"', '"6EA"', "holidays_subdivision", "57, 6AE"),
        ('"Europe/Paris"', '"Europe/Colmar"', "timezone", "Europe/Paris"),
        ('purge_at_most = "40 h"', 'purge_at_most = "72 h"', "delays.purge_at_most", "48 h"),
        ('key = "fievre"', 'key = "chute"', "motifs", "same key"),
        ("news2_from_age = 16", "news2_from_age = 12", "news2_from_age", "16 years"),
        ("closed_days = []", "closed_days = [2026-13-01]", "TOML", "line"),
        ('key = "fievre"', 'key = "Fièvre"', "motifs[1].key", "small letters"),
        ('label = "Fièvre"', 'label = "Fièvre"\nneeds = ["vol"]', "motifs[1].needs", "no [[abilities]]"),
        ('\nby = "osnp"', '\nby = "patient"', "questions[0].by", 'Write "osnp"'),
        ('key = "altere"', 'key = "bon"', "questions[2].choices", "same key"),
        ('key = "porte"', 'key = "seul"', "questions[1].key", "same key"),
        ("https://annuaire", "annuaire", "resources[0].url", "https://"),
        ('usual = "offer"', 'usual = "none"', "search.usual", "phone"),
        ("smallest = 8", "smallest = 80", "search.smallest", "not more than largest"),
        ("[10, 20, 40]", "[10, 40, 20]", "search.radii_km", "each more"),
        ("unlikely_under = 0.5", "unlikely_under = 5", "search.unlikely_under", "from 0 to 1"),
        ('every = "5 min"', 'every = "5"', "search.every", 'Write "10 min"'),
        ('"essouffl*"', '"essouffl.*"', "motifs[3].words", "a * at its end"),
        # Words that end on a button, on a first line or in a text message
        ('name = "SAS 68"', 'name = "Service d\'accès aux soins 68"', "name", "16 fit"),
        ('name = "SAS 68"', 'name = "SAS\\n68"', "name", "one line"),
        ('emergency = "15"', 'emergency = "SAMU"', "emergency", 'Write it "15"'),
        ("contact@sas68liberal.fr", "sas68liberal.fr", "contact_email", "no e-mail address"),
        ('label = "Fièvre"', f'label = "{"Fièvre " * 6}"', "motifs[1].label", "38 fit"),
        ('label = "Fièvre"', 'label = " "', "motifs[1].label", "is empty"),
        ('label = "Effecteurs"', f'label = "{"Effecteurs " * 3}"', "steps[1].label", "24 fit"),
        ('label = "Perfusions"', f'label = "{"Perfusions " * 4}"', "abilities[1].label", "36 fit"),
        ('text = "État général ?"', f'text = "{"État général " * 5}?"', "questions[2].text", "60 fit"),
        ('label = "Très altéré"', f'label = "{"Très " * 7}"', "questions[2].choices", "30 fit"),
        ('label = "Très altéré"', 'label = "Altéré"', "questions[2].choices", "same label"),
        ('label = "Annuaire santé"', f'label = "{"Annuaire " * 5}"', "resources[0].label", "38 fit"),
        ("https://annuaire.", f"https://{'a' * 256}.", "resources[0].url", "256 fit"),
        ('label = "régime local"', f'label = "{"régime " * 5}"', "patient_shares[1].label", "30 fit"),
        ("estimates = [20, 40, 60]", "estimates = [20, 40, 6000]", "estimates", "1440 at most"),
        ("estimates = [20, 40, 60]", "estimates = [5, 10, 15, 20, 25, 30, 40]", "estimates", "6 fit"),
        ("https://visio.example/", f"https://visio.example/{'salle/' * 30}", "visio_url", "306 fit"),
        ('rate = "0.10"', 'rate = "10 %"', "patient_shares[1].rate", 'Write "0.30" for 30 %'),
        ("snp_per_week = 20", "snp_per_week = 0", "snp_per_week", "above 0"),
        ('answer = "30 min"', 'answer = "6 h"', "delays.answer", "before the limit"),
        ('answer_warning = "20 min"', 'answer_warning = "30 min"', "delays.answer_warning", "before the end"),
        ('["3 min", "6 min"]', '["6 min", "3 min"]', "delays.orientation_reminders", "in order"),
        ('pause = "10 min"', 'pause = "100 h"', "delays.pause", "longer than 48 h"),
        ("valid_until = 2026-10-31", "valid_until = 2024-10-31", "tariffs[4].valid_until", "ends before"),
        (
            'closes = "20:00"',
            'closes = "20:00"\nvalid_from = 2027-01-01\nvalid_until = 2026-01-01',
            "hours[0].valid_until",
            "ends before",
        ),
        (
            'label = "Chute"',
            'label = "Chute"\nvalid_from = 2027-01-01\nvalid_until = 2026-01-01',
            "motifs[0].valid_until",
            "ends before",
        ),
        (
            'label = "Garde"',
            'label = "Garde"\nvalid_from = 2027-01-01\nvalid_until = 2026-01-01',
            "steps[2].valid_until",
            "ends before",
        ),
        (
            'label = "Garde"',
            'label = "Garde"\nchannels = ["pigeon"]',
            "steps[2].channels",
            "telegram, sms, phone",
        ),
        (
            "open_days = []",
            (
                'open_days = [{ day = 2026-12-26, opens = "08:00", closes = "12:00" },'
                ' { day = 2026-12-26, opens = "11:00", closes = "14:00" }]'
            ),
            "open_days",
            "overlap",
        ),
    ],
)
def test_a_fault_is_named_with_its_file_its_key_and_how_to_mend_it(
    tmp_path: Path, old: str, new: str, key: str, mend: str
) -> None:
    said = broken(tmp_path, old, new)
    assert "sas68.toml" in said
    assert key in said
    assert mend in said
    wanted = re.search(r"line (\d+)", said)
    assert wanted is not None or "Missing key" in said
    if wanted is not None:
        lines = SHIPPED.read_text(encoding="utf-8").splitlines()
        near = [n for n, line in enumerate(lines, start=1) if old.strip().splitlines()[0] in line]
        assert min(abs(int(wanted[1]) - n) for n in near) <= 3, said


def test_a_file_from_before_there_was_a_fallback_has_the_shipped_one(tmp_path: Path) -> None:
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, tmp_path)
    path = tmp_path / SHIPPED.name
    text = path.read_text(encoding="utf-8")
    before, _, after = text.partition("[fallback]")
    path.write_text(before + after[after.index("[[tariffs]]") - 1 :], encoding="utf-8")
    assert "[fallback]" not in path.read_text(encoding="utf-8")
    assert load_region(path).fallback == SAS68.fallback == Fallback(again=timedelta(minutes=15))


def test_a_fallback_that_nobody_knows_is_named(tmp_path: Path) -> None:
    said = broken(tmp_path, 'operator = "another"', 'operator = "Hugo"')
    assert "fallback.operator" in said
    assert '"none"' in said


def test_a_delay_of_a_step_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    said = broken(tmp_path, 'label = "Effecteurs"\ndelay = "15 min"', 'label = "Effecteurs"\ndelay = "90 h"')
    line = line_of('label = "Effecteurs"') + 1
    assert f"line {line}, steps[1].delay: longer than 48 h" in said


def test_hours_hold_between_their_dates(tmp_path: Path) -> None:
    region = changed(
        tmp_path,
        'closes = "12:00"\n',
        'closes = "12:00"\nvalid_until = 2026-12-31\n\n[[hours]]\ndays = ["saturday"]\nopens = "08:00"\n'
        'closes = "16:00"\nvalid_from = 2027-01-01\n',
    )
    for day, closes in ((date(2026, 12, 19), 12), (date(2027, 1, 2), 16)):
        ((_, end),) = openings(region, day)
        assert local(region, end).hour == closes
    assert [line for line in dates_to_come(region, date(2026, 12, 1)) if "saturday" in line] == [
        "saturday 08:00-12:00 is open until 2026-12-31 only",
        "saturday 08:00-16:00 is open from 2027-01-01 on",
    ]


def test_motifs_and_steps_hold_between_their_dates_and_keep_their_names(tmp_path: Path) -> None:
    region = changed(
        tmp_path,
        'label = "Télémédical Solution"\n',
        'label = "Télémédical Solution"\nvalid_until = 2026-11-30\n',
    )
    region = replace(
        region, motifs=(*region.motifs[:-1], replace(region.motifs[-1], valid_until=date(2026, 1, 1)))
    )
    now, later = region.on(date(2026, 11, 30)), region.on(date(2026, 12, 1))
    assert [rule.step for rule in later.steps] == [rule.step for rule in now.steps][:-1]
    assert now.motif("autre") is None
    assert region.motif("autre") is not None
    assert SAS68.on(date(2026, 12, 1)) is SAS68
    assert "the step Télémédical Solution ends on 2026-11-30" in dates_to_come(region, date(2026, 11, 1))


def test_a_step_that_a_mission_has_and_the_file_no_more_has_a_name_and_bills_as_before() -> None:
    region = replace(SAS68, steps=SAS68.steps[:1])
    gone = region.rule(CascadeStep.SOS_MEDECIN)
    assert (gone.label, gone.snp) == ("Sos medecin", True)
    assert region.rule(CascadeStep.MEDECIN_TRAITANT) == SAS68.steps[0]
    assert not replace(SAS68, steps=()).rule(CascadeStep.MEDECIN_TRAITANT).snp


def test_what_differs_from_the_shipped_file_is_said_key_by_key(tmp_path: Path) -> None:
    assert differences(SAS68, SAS68) == []
    region = changed(tmp_path, 'answer = "30 min"', 'answer = "25 min"')
    region = replace(
        region,
        closed_days=frozenset({date(2026, 12, 24)}),
        steps=(region.steps[1], replace(region.steps[0], delay=timedelta(minutes=5))),
        motifs=region.motifs[:-1],
    )
    said = differences(SAS68, region)
    assert said[0] == "closed_days: none → 2026-12-24"
    assert "delays.answer: 30 min → 25 min" in said
    assert "steps.medecin_traitant.delay: 10 min → 5 min" in said
    assert "motifs.autre.label: Autre → none" in said
    assert "steps: medecin_traitant → effecteur_sas → garde → sos_medecin → selas" in " ".join(said)


def test_tariffs_that_end_soon_are_said_with_what_follows() -> None:
    said = dates_to_come(SAS68, date(2026, 10, 6))
    assert said == ["INDEMNITE 27.00 ends on 2026-10-31, no line follows"]
    assert dates_to_come(SAS68, date(2026, 8, 1)) == []
    more = replace(
        SAS68, tariffs=(*SAS68.tariffs, Tariff("INDEMNITE", Decimal("30.00"), date(2026, 11, 1), None))
    )
    assert dates_to_come(more, date(2026, 10, 6)) == [
        "INDEMNITE 27.00 ends on 2026-10-31, then 30.00",
        "INDEMNITE 30.00 begins on 2026-11-01",
    ]


def test_the_second_region_is_another_one_in_every_respect() -> None:
    example = load_region(SHIPPED.parent / "exemple23.toml")
    assert example.holidays_subdivision is None
    assert not is_holiday(example, date(2026, 12, 26))
    assert is_holiday(SAS68, date(2026, 12, 26))
    assert [rule.step for rule in example.steps] != [rule.step for rule in SAS68.steps][:3]
    assert not {m.key for m in example.motifs} & {m.key for m in SAS68.motifs}
    assert not set(example.communes) & set(SAS68.communes)
    assert example.delays.limit == timedelta(hours=4)
    sector = example.sector_of("23906")
    assert sector is not None
    assert sector.name == "CC de la Fiction", "nobody listed it: its intercommunality"


def test_sectors_are_written_as_they_are_read() -> None:
    table = sector_table(SAS68)
    listed = read_sectors(table, "sectors.csv", SAS68.communes)
    assert len(listed) == 366
    assert set(sectors_of(SAS68.communes, listed)) == set(SAS68.sectors)
    excel = "insee;secteur;mmg\n68224;Sud;oui\n# a note\n68004;Nord;non"
    assert read_sectors(excel, "x.csv", SAS68.communes) == {"68224": ("Sud", True), "68004": ("Nord", False)}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["68999,Sud,oui"], 'sectors.csv, line 2: insee "68999" is not in the table of communes.'),
        (["68224,Sud,oui", "68224,Nord,non"], "sectors.csv, line 3: 68224 is already in Sud."),
        (["68224,,oui"], "sectors.csv, line 2: secteur is empty."),
        (["68224,Sud,peut-être"], "Write oui or non."),
        (["68224,Sud,oui", "68004,Sud,non"], "sectors.csv, line 3: Sud has mmg both oui and non."),
        ([], "no commune in it"),
    ],
)
def test_a_bad_line_of_sectors_is_named(rows: list[str], said: str) -> None:
    with pytest.raises(RegionError) as caught:
        read_sectors("\n".join(["insee,secteur,mmg", *rows]), "sectors.csv", SAS68.communes)
    assert said in str(caught.value)


def test_a_table_of_sectors_without_its_columns_is_named() -> None:
    with pytest.raises(RegionError, match=r"sectors\.csv: column mmg missing in its first line"):
        read_sectors("insee,secteur\n68224,Sud", "sectors.csv", SAS68.communes)


def test_too_many_questions_are_named_by_the_first_one_too_many(tmp_path: Path) -> None:
    choices = '[{{ key = "a", label = "A" }}, {{ key = "b", label = "B" }}]'
    one = f'[[questions]]\nkey = "q{{n}}"\ntext = "Vraiment ?"\nchoices = {choices}\n'
    more = "\n".join(one.format(n=n) for n in range(6))

    said = broken(tmp_path, "# Pages professionals may need", f"{more}\n# Pages professionals may need")

    assert re.search(r"sas68\.toml, line \d+, questions\[8\]: 9 of them, 8 fit", said)


def test_each_button_of_the_longest_words_fits(tmp_path: Path) -> None:
    key, text, words = "k" * 12, "q" * 60, "w" * 30
    press = Press(Verb.QUESTION, MissionId(999_999_999), 0, f"{key}.{key}")
    assert len(press.pack().encode()) <= MAX_BYTES
    region = changed(tmp_path, 'label = "Très altéré"', f'label = "{words}"')
    assert words in [label for _, label in region.questions[2].choices]
    region = changed(tmp_path, 'text = "État général ?"', f'text = "{text}"')
    assert region.questions[2].text == text


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ('name = "SAS 68"', 'name = "SAS 68', "name = "),
        ('name = "SAS 68"', "name = «SAS 68»", "name = "),
        ('name = "SAS 68"', 'key = "again"', "name = "),
        ("closed_days = []", "closed_days = [24/12/2026]", "closed_days = "),
    ],
)
def test_a_slip_in_the_form_is_named_with_its_line_and_the_usual_slips(
    tmp_path: Path, old: str, new: str, row: str
) -> None:
    said = broken(tmp_path, old, new)
    assert said.startswith(f"sas68.toml, line {line_of(row)}: {new}")
    assert 'words between "quotes" that are closed' in said


def test_a_slip_at_the_end_of_the_file_is_named_with_its_last_line(tmp_path: Path) -> None:
    last = len(SHIPPED.read_text(encoding="utf-8").splitlines())
    said = broken(tmp_path, "valid_until = 2026-10-31\n", "valid_until = 2026-10-31\nnames = [1,\n")
    assert f"line {last + 1}: names = [1," in said


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    assert changed(tmp_path, "# SAS 68", "\ufeff# SAS 68").name == "SAS 68"


def test_whatever_is_missing_or_misspelt_is_named_at_once(tmp_path: Path) -> None:
    said = broken(tmp_path, 'name = "SAS 68"\ndepartment = "68"\n', 'nom = "SAS 68"\n')
    assert [line.split(", ")[-1].split(":")[0] for line in said.splitlines()] == ["nom", "name", "department"]


def test_a_delay_that_cannot_be_read_brings_no_second_fault(tmp_path: Path) -> None:
    (said,) = broken(tmp_path, 'limit = "6 h"', 'limit = "six"').splitlines()
    assert "delays.limit" in said


def test_hours_that_overlap_on_several_days_are_one_fault(tmp_path: Path) -> None:
    (said,) = broken(
        tmp_path, 'days = ["saturday"]\nopens', 'days = ["monday", "friday"]\nopens'
    ).splitlines()
    assert "overlap on monday, friday" in said


def test_what_has_no_row_soon_is_said_with_the_first_day(tmp_path: Path) -> None:
    region = changed(tmp_path, 'label = "Garde"', 'label = "Garde"\nvalid_until = 2026-10-31')
    assert gaps_to_come(region, date(2026, 10, 6)) == []  # other steps go on

    ended = tuple(replace(rule, valid_until=date(2026, 10, 31)) for rule in region.steps)
    shut = tuple(replace(hours, valid_until=date(2026, 10, 31)) for hours in region.hours)
    without = replace(region, steps=ended, hours=shut, tariffs=region.tariffs[1:])
    assert [gap.split(":")[0] for gap in gaps_to_come(without, date(2026, 10, 6))] == [
        "no [[steps]] on 2026-11-01",
        "no [[hours]] on 2026-11-01",
        "no [[tariffs]] of TLD on 2026-10-06",
    ]


def test_a_fault_is_named_with_its_line(tmp_path: Path) -> None:
    said = broken(tmp_path, 'answer_warning = "20 min"', 'answer_warning = "vingt"')
    assert f"line {line_of('answer_warning')}, delays.answer_warning" in said


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    said = broken(tmp_path, 'limit = "6 h"', 'limit = "six"\nnight = "1 h"')
    assert "delays.limit" in said
    assert "delays.night" in said


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("haut_rhin_secteurs.csv", "68001,", "68999,", "line 2"),
        ("haut_rhin_secteurs.csv", ",non", ",peut-être", "Write oui or non"),
        ("haut_rhin_secteurs.csv", "68002,", "68001,", "line 3: 68001 is already"),
        ("haut_rhin_communes.csv", "68600,1112", "68600,beaucoup", "line 3"),
        ("haut_rhin_communes.csv", "insee,nom", "insee,name", "column nom missing"),
        ("haut_rhin_communes.csv", "48.00560,7.56185", "7.56185,48.00560", "line 3: lat_mairie.*swapped"),
        ("haut_rhin_communes.csv", "68600,1112", "68600,-12", "line 3: population"),
    ],
)
def test_a_fault_in_a_table_is_named_with_its_line(
    tmp_path: Path, table: str, old: str, new: str, said: str
) -> None:
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, tmp_path)
    path = tmp_path / table
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegionError, match=said) as caught:
        load_region(tmp_path / SHIPPED.name)
    assert table in str(caught.value)


def test_a_missing_file_is_named_with_the_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="SMT_REGION"):
        load_region(tmp_path / "none.toml")
