"""Small letters without accents, one for one, so that places in the folded text are places in the text."""

import unicodedata


def fold(text: str) -> str:
    """«Née à Mulhouse» → «nee a mulhouse», of the same length. Letters outside Latin stay as they are."""
    return "".join(_letter(char) for char in text)


def _letter(char: str) -> str:
    if char.isascii():
        return char.lower()
    if char in "₂²":
        return "2"
    if char in "’ʼ`":
        return "'"
    base = unicodedata.normalize("NFKD", char)[0] if char.isalpha() else char
    return base.lower() if base.isascii() else char
