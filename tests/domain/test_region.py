"""The shipped region file, and what is said of a broken one."""

import shutil
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.people import CascadeStep
from bot.domain.region import Fallback
from bot.region import SHIPPED, RegionError, load_region

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
        ("minimum_age = 3", "", "minimum_age", "Missing key"),
        ('step = "selas"', 'step = "hopital"', "steps[4].step", "Invalid enum"),
        ('step = "selas"', 'step = "garde"', "steps", "two steps are the same"),
        ('amount = "27.00"', 'amount = "27,00 €"', "tariffs[4].amount", 'Write it "27.00"'),
        ('code = "TLS"', 'code = "TLD"', "tariffs[1]", "End the old one first"),
        ("#{token}", "", "visio_url", "needs {room} and {token}"),
        ('"+33353010010"', '"12"', "osnp_phone", "no phone number"),
        ('"6AE"', '"6EA"', "holidays_subdivision", "57, 6AE"),
        ('"Europe/Paris"', '"Europe/Colmar"', "timezone", "Europe/Paris"),
        ('purge_at_most = "40 h"', 'purge_at_most = "72 h"', "delays.purge_at_most", "48 h"),
        ('key = "fievre"', 'key = "chute"', "motifs", "same key"),
        ("news2_from_age = 16", "news2_from_age = 12", "news2_from_age", "16 years"),
        ("closed_days = []", "closed_days = [2026-13-01]", "TOML", "line"),
    ],
)
def test_a_fault_is_named_with_its_file_its_key_and_how_to_mend_it(
    tmp_path: Path, old: str, new: str, key: str, mend: str
) -> None:
    said = broken(tmp_path, old, new)
    assert "sas68.toml" in said
    assert key in said
    assert mend in said


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
        ("haut_rhin_communes.csv", "68600,1112", "68600,beaucoup", "line 2"),
        ("haut_rhin_communes.csv", "insee,nom", "insee,name", "column nom missing"),
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
