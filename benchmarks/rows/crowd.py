"""10,000 nurses tap ACCEPTER on one mission at the same moment: figures, and still one winner."""

from benchmarks.bench import Bench
from benchmarks.figures import Line
from benchmarks.rows.race import race

MULTITUDE = 10_000


async def measure(bench: Bench) -> list[Line]:
    """As the race, ten times as many."""
    return await race(bench, bench.size(MULTITUDE, 60), aims={})
