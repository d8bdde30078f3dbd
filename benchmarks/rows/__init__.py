"""The rows of the table, one file each: `async def measure(bench) -> list[Line]`."""
