"""What a student reads in widgets, checks and feedback, in English or French.

The source text is English; a French catalogue stands beside it (`locale/fr/`). The language is
`EDGELAB_LANG`, else the one of the system, else English:

    from edgelab.classroom.language import _, speaking
    _("Passed")                        # "Passed", or "Réussi" on a French machine
    with speaking("fr"):               # one piece of text in a given language
        _("Passed")

A text that is defined once and shown later is marked with `N_` and translated where it is shown.
How to add a text: `translations.py`. Lesson 00 shows how to choose the language.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import gettext
import locale
import math
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from edgelab.errors import InputError, MissingFileError

AVAILABLE = ("en", "fr")
DOMAIN = "edgelab"
CATALOGUES = Path(__file__).parent / "locale"

NO_BREAK = "\N{NO-BREAK SPACE}"
NARROW_NO_BREAK = "\N{NARROW NO-BREAK SPACE}"

_spoken: contextvars.ContextVar[str | None] = contextvars.ContextVar("language", default=None)
# gettext's own order of precedence.
_LOCALE_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_SPACES = re.compile(r"[\s'’_]+")
_MINUS = ("\N{MINUS SIGN}", "\N{EN DASH}")  # a word processor makes a dash of a typed hyphen
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)


def language() -> str:
    """Return the language of what is shown: one of `AVAILABLE`.

    Raises:
        InputError: `EDGELAB_LANG` names a language that there is no catalogue for.
    """
    given = _spoken.get() or os.environ.get("EDGELAB_LANG")
    if given:
        return _known(given)
    code = _system_language()[:2].lower()
    return code if code in AVAILABLE else "en"


@contextlib.contextmanager
def speaking(code: str) -> Iterator[None]:
    """Use one language inside the block, whatever the system says.

    Raises:
        InputError: there is no catalogue for it.
    """
    token = _spoken.set(_known(code))
    try:
        yield
    finally:
        _spoken.reset(token)


def _(message: str) -> str:
    """Return the message in the present language (English where it has no translation)."""
    return _catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form that fits the count, in the present language."""
    return _catalogue(language()).ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802 - gettext's customary name
    """Mark a text for translation and return it unchanged; `_` translates it where it is shown."""
    return message


# Units whose symbol differs between languages.
UNITS = (N_("kB"), N_("MB"), N_("GB"))


def parse_number(text: str, unit: str = "") -> float | None:
    """Return the number that a person typed, or None when it is none.

    Decimal point and decimal comma both count as the decimal sign; spaces and apostrophes between
    digits are skipped, so "4,2", "4.2 ms" (with unit "ms") and "1 234,5" are numbers. Where point
    and comma both occur, the last one is the decimal sign: "1.234,5" and "1,234.5" are the same.
    """
    bare = text.strip()
    one = "point" if unit == "points" else unit
    for written in dict.fromkeys((unit, unit_name(unit), one)):
        if written and bare.casefold().endswith(written.casefold()):
            bare = bare[: -len(written)]
    bare = _SPACES.sub("", bare)
    if bare.startswith(_MINUS):
        bare = "-" + bare[1:]
    if "," in bare and "." in bare:
        thousands = min((",", "."), key=bare.rindex)
        bare = bare.replace(thousands, "")
    elif bare.count(",") > 1:
        bare = bare.replace(",", "")
    if not _NUMBER.fullmatch(bare):
        return None
    value = float(bare.replace(",", "."))
    return value if math.isfinite(value) else None


def format_number(value: float, digits: int = 3) -> str:
    """Return a number as a person of the present language writes it.

    Args:
        value: any number.
        digits: significant digits; whole digits are never cut away.
    """
    if not math.isfinite(value):
        return str(value)
    exponent = math.floor(math.log10(abs(value))) if value else 0
    if abs(exponent) > 8:
        text = f"{value:.{digits - 1}e}"
    else:
        text = f"{value:,.{max(0, digits - 1 - exponent)}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    # A comma between thousands would read as a decimal sign when the number is typed again.
    text = text.replace(",", NARROW_NO_BREAK)
    return text.replace(".", ",") if language() == "fr" else text


def with_unit(value: float, unit: str, digits: int = 3) -> str:
    """Return a number and its unit, kept on one line."""
    text = format_number(value, digits)
    # The one unit that is a word: "1 point", in French "0,5 point" as well.
    few = abs(value) < 2 if language() == "fr" else text.lstrip("-") == "1"
    name = "point" if unit == "points" and few else unit_name(unit)
    return text + (NO_BREAK + name if unit else "")


def local_time(when: str) -> str:
    """Return a recorded time as the clock on the wall shows it; what is no time is returned as it is."""
    try:
        return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return when


def unit_name(unit: str) -> str:
    """Return a unit's symbol in the present language: MB is Mo in French."""
    return _(unit) if unit in UNITS else unit


@functools.cache
def _catalogue(code: str) -> gettext.NullTranslations:
    # English is the source, so it needs no catalogue. A French catalogue that is missing is an
    # error of the installation: silence here would show English to French students.
    if code == "en":
        return gettext.NullTranslations()
    try:
        return gettext.translation(DOMAIN, CATALOGUES, languages=[code])
    except OSError as error:
        raise MissingFileError(
            f"The catalogue of language {code!r} is not in {CATALOGUES}. Install edgelab again "
            "(`make lab`), or set EDGELAB_LANG=en."
        ) from error


def _known(code: str) -> str:
    short = code.strip().replace("-", "_").split("_")[0].lower()
    if short not in AVAILABLE:
        raise InputError(
            f"There is no language {code!r} here. Set EDGELAB_LANG to one of "
            f"{', '.join(AVAILABLE)}, or leave it unset to follow the system."
        )
    return short


def _system_language() -> str:
    for variable in _LOCALE_VARIABLES:
        if os.environ.get(variable):
            return os.environ[variable]
    # Windows and macOS applications often start without these variables.
    return locale.getlocale()[0] or ""
