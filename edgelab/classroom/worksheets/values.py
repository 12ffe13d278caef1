"""From what a person writes to what is kept, and back.

    understand(field, "61,0 kB")        # in a field that is counted in MB: Understood(0.061)
    understand(field, "fast").problem   # "“fast” is no number. Write digits, such as 12.4."
    shown(field, 0.061, "fr")           # "0,061"

Decimal comma and point are the same, a unit of the same family is converted, a choice is known by its
identifier or by its label in either language. Lesson 01.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from edgelab.classroom.language import _, speaking, unit_name
from edgelab.classroom.worksheets import agreement, units
from edgelab.classroom.worksheets.answers import Value
from edgelab.classroom.worksheets.fields import Field
from edgelab.errors import InputError

MOST_CHARACTERS = 20_000  # of an answer that somebody is to read
_REFUSED_CHARACTERS = 100_000  # a file pasted by mistake: it would make every save slow
_YES = {"x", "[x]", "yes", "oui", "true", "vrai", "1", "✓", "☑", "☒"}
_NO = {"[ ]", "[]", "no", "non", "false", "faux", "0", "☐"}
_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y")
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    )
    for number, name in enumerate(names.split(), start=1)
}
_LONG_DATE = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?\.?\s+([^\W\d_]+)\.?,?\s+(\d{4})")


@dataclass(frozen=True)
class Understood:
    """What was written, as a value; or what is wrong with it, in words."""

    value: Value | None  # None: nothing was written
    problem: str = ""


def understand(field: Field, given: Any) -> Understood:
    """Return what somebody gave for a field as the value to keep.

    Args:
        field: the place to write.
        given: a text as typed, or a number, a truth value, a date, None.

    Returns:
        The value. Where there is a problem, the value is the text as it was given, so that nothing is lost.

    Raises:
        InputError: it is of a type that no field takes, or longer than anybody would type.
    """
    given = _simple(field, given)
    if given is None or (isinstance(given, str) and not given.strip()):
        return Understood(None)
    if isinstance(given, str) and field.kind != "text":
        given = given.strip()
    value = _READERS[field.kind](field, given)
    if value is None:
        return Understood(given, problem(field, given))
    return Understood(value, problem(field, value))


def problem(field: Field, value: Value) -> str:
    """Return what is wrong with a value that is kept for a field, in words; "" when nothing is."""
    sentence = _sentence(field, value)
    return sentence.format(
        given=_cut(value), example=with_comma("12.4"), n=len(str(value)), most=MOST_CHARACTERS
    )


def shown(field: Field, value: Value | None, lang: str) -> str:
    """Return a value as it is written for a person, without its unit; `understand` reads it back."""
    if value is None:
        return ""
    if field.kind == "tick":
        return "x" if value is True else "" if value is False else str(value)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return with_comma(number_text(value), lang)
    if field.kind == "choice":
        labels = {option.id: option.label.say(lang) for option in field.options}
        return labels.get(value, value)
    return value


def number_text(value: float) -> str:
    """Return a number with all its digits, as code would write it."""
    text = repr(float(value))
    return text.removesuffix(".0")


def with_comma(text: str, lang: str | None = None) -> str:
    """Return a written number with the decimal sign of a language, by default the present one."""
    from edgelab.classroom.language import language

    return text.replace(".", ",") if (lang or language()) == "fr" else text


def unit_text(unit: str, lang: str) -> str:
    """Return a unit in a language of the worksheet: MB is Mo in French."""
    with speaking(lang):
        return unit_name(unit)


def clean(text: str) -> str:
    """Return a text that a file can keep: one kind of line end, half characters replaced."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _sentence(field: Field, value: Value) -> str:
    wrong = ""
    match field.kind:
        case "number" if isinstance(value, str) and units.written(value, field.unit).bits:
            wrong = _("“{given}” counts bits: b is a bit, B a byte. Write bytes, such as 61 kB.")
        case "number" if agreement.as_number(value) is None:
            wrong = _("“{given}” is no number. Write digits, such as {example}.")
        case "tick" if not isinstance(value, bool):
            wrong = _("“{given}” is neither ticked nor empty.")
        case "choice" if value not in [option.id for option in field.options]:
            wrong = _("“{given}” is none of the answers to choose from.")
        case "text" if not isinstance(value, str):
            wrong = _("“{given}” is no text.")
        case "text" if field.form == "date" and _date(value) is None:
            wrong = _("“{given}” is no date. Write it as 2026-11-21.")
        case "text" if len(str(value)) > MOST_CHARACTERS:
            wrong = _("The text has {n} characters; at most {most} can be read.")
    return wrong


def _simple(field: Field, given: Any) -> Any:
    """Return what was given as one of the few types that are understood."""
    if isinstance(given, datetime | date):
        return given.strftime("%Y-%m-%d")
    if type(given).__module__ == "numpy" and getattr(given, "shape", None) == ():
        given = given.item()
    if isinstance(given, str):
        if len(given) > _REFUSED_CHARACTERS:
            raise InputError(
                f"The text for {field.id!r} has {len(given)} characters; a field takes at most "
                f"{_REFUSED_CHARACTERS}. Shorten it; what stood there is unchanged."
            )
        return clean(given)
    if given is None or given is ...:
        return None
    if isinstance(given, bool) or agreement.as_number(given) is not None:
        return given
    if isinstance(given, int | float):
        raise InputError(f"{field.id!r} was given {given}; a worksheet takes finite numbers.")
    raise InputError(
        f"{field.id!r} was given a {type(given).__name__}; it takes a text or a "
        f"{'truth value' if field.kind == 'tick' else 'number'}. Fields that belong together are "
        "answered with a dictionary: answer({'3.analysis': '…', '4.strengths': '…'})."
    )


def _number(field: Field, given: Any) -> float | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, str):
        return units.written(given, field.unit).value
    return agreement.as_number(given)


def _tick(_field: Field, given: Any) -> bool | None:
    if isinstance(given, str):
        word = given.casefold()
        return True if word in _YES else False if word in _NO else None
    return bool(given) if given in (0, 1) else None


def _choice(field: Field, given: Any) -> str | None:
    word = str(given).casefold()
    for option in field.options:
        if word in (option.id, option.label.en.casefold(), option.label.fr.casefold()):
            return option.id
    return None


def _text(field: Field, given: Any) -> str | None:
    text = given if isinstance(given, str) else number_text(given)
    if field.form == "date":
        found = _date(text)
        return found.isoformat() if found else None
    return text


def _date(given: Any) -> date | None:
    text = str(given).strip()
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, without an hour
        except ValueError:
            continue
    if found := _LONG_DATE.fullmatch(text.casefold()):
        day, month, year = found.groups()
        try:
            return date(int(year), _MONTHS[month], int(day))
        except (KeyError, ValueError):
            return None
    return None


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:40] + "…"


_READERS = {"number": _number, "tick": _tick, "choice": _choice, "text": _text}
