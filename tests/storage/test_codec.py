"""Everything the codecs write they read back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.mission import Dossier, Mission
from bot.domain.outcome import Fact, Facts
from storage import codec

moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone itself
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
delays = st.timedeltas(min_value=timedelta(-30), max_value=timedelta(300))
whole = st.integers(min_value=-(2**62), max_value=2**62)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

st.register_type_strategy(datetime, moments)
st.register_type_strategy(timedelta, delays)
st.register_type_strategy(int, whole)
st.register_type_strategy(str, words)

facts: st.SearchStrategy[Facts] = st.dictionaries(
    words, st.one_of(st.none(), st.booleans(), whole, words, st.floats(allow_nan=False, allow_infinity=False))
)


@settings(max_examples=60, deadline=None)
@given(st.builds(Mission))
def test_a_mission(mission: Mission) -> None:
    assert codec.MISSION.read(codec.MISSION.to_text(mission)) == mission


@given(st.builds(Dossier))
def test_a_dossier(dossier: Dossier) -> None:
    assert codec.DOSSIER.read(codec.DOSSIER.to_bytes(dossier)) == dossier


@given(facts)
def test_facts_keep_their_types(given_facts: dict[str, Fact]) -> None:
    read = codec.FACTS.read(codec.FACTS.to_text(given_facts))
    assert read == given_facts
    assert {key: type(value) for key, value in read.items()} == {
        key: type(value) for key, value in given_facts.items()
    }
