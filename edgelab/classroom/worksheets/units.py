"""A number as a person typed it: with a unit of the same family, or thousands apart, or a dash for a minus.

    written("61,5 ko", "MB")        # Written(value=0.0615, unit="kB", factor=0.001, decimals=1)
    written("508 kb", "MB").bits    # True: a small b is a bit

Decimal comma and point are the same. Bytes have no decimals, so 63,512 B are sixty-three thousand; everywhere
else a single comma is the decimal sign, in both languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgelab.classroom.language import parse_number, speaking, unit_name
from edgelab.classroom.worksheets.figures import same_family

# What people type for a unit; its own names in English and French need no entry.
_ALSO = {
    "B": ("bytes", "byte", "octets", "octet", "o"),
    "KiB": ("Kio",),
    "MiB": ("Mio",),
    "GiB": ("Gio",),
    "µs": ("us",),
    # A difference of two percentages is in points; many write the percent sign and mean the same.
    "points": ("point", "pp", "pts", "pt", "%"),
}
_BITS = re.compile(r"(?<![^\W\d_])[kKmMgG]b\s*$")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([,.])\d{3}(\1\d{3})*")
_DECIMALS = re.compile(r"[.,](\d*)$")


@dataclass(frozen=True)
class Written:
    """What was typed for a number."""

    value: float | None  # in the field's unit; None where it is no number
    unit: str  # that was typed; without one, or with one of another family, the field's own
    factor: float = 1.0  # how many of the field's unit it is
    decimals: int | None = None  # how many were typed; None for a number in scientific notation
    bits: bool = False  # a unit of bits, which are an eighth of what was asked for


def written(text: str, unit: str) -> Written:
    """Return a typed text as a number of a field that is counted in a unit."""
    if "B" in same_family(unit) and _BITS.search(text):
        return Written(None, unit, bits=True)
    bare, other, factor = _apart(text.strip(), unit)
    # A number of bytes is whole: what looks like three decimals are thousands.
    compact = re.sub(r"\s", "", bare)
    if other == "B" and _THOUSANDS.fullmatch(compact):
        bare = re.sub("[,.]", "", compact)
    value = parse_number(bare)
    if value is None:
        return Written(None, unit)
    # 61 × 0.001 is 0.061 to a person, whatever binary fractions say.
    exact = value if factor == 1 else float(f"{value * factor:.12g}")
    return Written(exact, other, factor, _decimals(bare))


def _apart(text: str, unit: str) -> tuple[str, str, float]:
    """Return a typed number without its unit, that unit, and how many of the field's unit it is."""
    for other, factor in same_family(unit).items():
        # The French names count in an English worksheet as well, and the other way round.
        names = dict.fromkeys((_name(other, "en"), _name(other, "fr"), *_ALSO.get(other, ())))
        for name in names:
            bare = text[: -len(name)]
            ends = text.casefold().endswith(name.casefold()) and not bare[-1:].isalpha()
            # "4 ms" ends on an s as well: a number must be left.
            if ends and bare and parse_number(bare) is not None:
                return bare, other, factor
    return text, unit, 1.0


def _name(unit: str, lang: str) -> str:
    with speaking(lang):
        return unit_name(unit)


def _decimals(bare: str) -> int | None:
    if "e" in bare.casefold():
        return None
    compact = re.sub(r"[\s'’_]", "", bare)
    if compact.count(",") > 1 or compact.count(".") > 1:
        return 0 if not ("," in compact and "." in compact) else _after(compact)
    return _after(compact)


def _after(compact: str) -> int:
    found = _DECIMALS.search(compact)
    return len(found[1]) if found else 0
