"""Region files made of the shipped one."""

import re
from pathlib import Path

from bot.region import SHIPPED


def with_changes(folder: Path, **lines: str) -> Path:
    """The shipped region with some of its lines changed: `radii_km="[]"`."""
    file = folder / "region.toml"
    if file.exists():
        return file  # several processes may look at it
    text = SHIPPED.read_text(encoding="utf-8")
    for name, value in lines.items():
        text, count = re.subn(rf"^(# )?{name} = .*$", f"{name} = {value}", text, count=1, flags=re.MULTILINE)
        if not count:
            raise LookupError(f"{SHIPPED.name} has no line «{name} = …»")
    # Its tables stand beside the shipped one.
    text = re.sub(
        r'^(communes|sectors) = "(\w+\.csv)"', rf'\1 = "{SHIPPED.parent}/\2"', text, flags=re.MULTILINE
    )
    file.write_text(text, encoding="utf-8")
    return file


def asking_everybody(folder: Path) -> Path:
    """The shipped region, but whoever may be asked is asked at once."""
    return with_changes(folder, radii_km="[]")
