"""Phone numbers as they are typed and as they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.phone import Phone, PhoneKind, compact, find_phones, national, read_phone, shown

MOBILE = Phone("+33639980012", PhoneKind.MOBILE)
LANDLINE = Phone("+33353010012", PhoneKind.LANDLINE)


@pytest.mark.parametrize(
    "typed",
    [
        "06 39 98 00 12",
        "06.39.98.00.12",
        "06-39-98-00-12",
        "06/39/98/00/12",
        "0639980012",
        "O6 39 98 00 12",
        "+33639980012",
        "+33 6 39 98 00 12",
        "+33 (0)6 39 98 00 12",
        "0033 6 39 98 00 12",
        "06 399 800 12",
        " 06 39 98 00 12 ",
        "tél : 06 39 98 00 12 (fille)",
        "06 39 98 00 12 ou 0639980012",
    ],
)
def test_a_number_is_read_however_it_is_written(typed: str) -> None:
    assert read_phone(typed, fiction=True) == MOBILE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "15",
        "118",
        "06 39 98 00",
        "06 39 98 00 12 34",
        "12345",
        "bonjour",
        "03/02/1932",
        "+",
        "00",
        "68200",
    ],
)
def test_what_cannot_be_dialled_is_no_number(typed: str) -> None:
    assert read_phone(typed, fiction=True) is None


def test_two_different_numbers_are_not_one() -> None:
    assert read_phone("06 39 98 00 12 ou 03 53 01 00 12", fiction=True) is None


def test_the_numbers_of_films_exist_only_in_fiction() -> None:
    assert read_phone("06 39 98 00 12", fiction=False) is None
    assert read_phone("06 39 98 00 12", fiction=True) == MOBILE
    assert read_phone("03 53 01 00 12", fiction=True) == LANDLINE


def test_a_mobile_takes_text_messages_and_a_landline_does_not() -> None:
    assert MOBILE.takes_sms
    assert not LANDLINE.takes_sms
    swiss = read_phone("+41 79 123 45 67", fiction=False)
    assert swiss is not None
    assert swiss.takes_sms


def test_all_the_numbers_of_a_text_are_found_where_they_stand() -> None:
    text = "patiente 03 53 01 00 12 / fille 06 39 98 00 12, voisin +33639980013"
    found = find_phones(text, fiction=True)
    assert [f.phone.e164 for f in found] == ["+33353010012", "+33639980012", "+33639980013"]
    assert [text[f.start : f.end] for f in found] == ["03 53 01 00 12", "06 39 98 00 12", "+33639980013"]


def test_numbers_that_follow_each_other_are_kept_apart() -> None:
    found = find_phones("03 53 01 00 12 06 39 98 00 12 +33 6 39 98 00 13 0639980014", fiction=True)
    assert [f.phone.e164[-4:] for f in found] == ["0012", "0012", "0013", "0014"]


@pytest.mark.parametrize(
    "text",
    [
        "née le 03/02/1932 06",
        "03 02 1932 12 rue des Tanneurs",
        "le 03.02.1932, 68200 Mulhouse",
        "10005550123456789",
        "0639980012345",
    ],
)
def test_dates_codes_and_long_numbers_are_no_phones(text: str) -> None:
    assert find_phones(text, fiction=True) == ()


def test_a_number_is_shown_to_be_dialled_and_to_be_said() -> None:
    assert shown("+33639980012") == "+33 6 39 98 00 12"
    assert national("+33639980012") == "06 39 98 00 12"
    assert compact("+33353010010") == "0353010010"
    assert national("+41791234567") == "+41 79 123 45 67"
    assert shown("inconnu") == "inconnu"


@given(st.text(alphabet="0123456789+ .-/()OabCé\n", max_size=60))
def test_whatever_is_typed_never_fails_and_spans_do_not_overlap(text: str) -> None:
    end = 0
    for found in find_phones(text, fiction=True):
        assert end <= found.start < found.end <= len(text)
        end = found.end
    read_phone(text, fiction=False)


@given(st.integers(0, 99))
def test_what_is_shown_is_read_back(n: int) -> None:
    e164 = f"+336399800{n:02}"
    for text in (shown(e164), national(e164), compact(e164)):
        assert read_phone(text, fiction=True) == Phone(e164, PhoneKind.MOBILE)
