"""The figures of the promises: `python -m benchmarks` measures, `RESULTS.md` says."""
