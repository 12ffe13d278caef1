"""What a person writes, as values, and back."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from edgelab.classroom.language import speaking
from edgelab.classroom.worksheets import loading
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.values import shown, understand
from edgelab.errors import InputError

SCHEMA = loading.load("analysis")
MEGABYTES = SCHEMA.field("3.tests.memory.result")
MILLISECONDS = SCHEMA.field("3.tests.load.result")
POINTS = SCHEMA.field("3.before_after.accuracy.improvement")
PERCENT = SCHEMA.field("3.before_after.cpu.before")
CHOICE = SCHEMA.field("6.self_analysis")
TICK = SCHEMA.field("6.competencies.b1_1")
DAY = SCHEMA.field("general.date")
TEXT = SCHEMA.field("3.analysis")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("61", 61),
        ("61,5", 61.5),
        ("61.5 MB", 61.5),
        ("61,5 Mo", 61.5),
        ("61,5 ko", 0.0615),
        ("61kB", 0.061),
        ("1 234,5", 1234.5),
        ("2 Go", 2000),
        ("512 B", 0.000512),
        ("62.0 KiB", 0.063488),
        ("2 Mio", 2.097152),
        ("63512 bytes", 0.063512),
        ("63 512 octets", 0.063512),
        ("63512 o", 0.063512),
        ("63,512 B", 0.063512),  # bytes have no decimals
        ("1,234,567", 1234567),
        ("\N{EN DASH}3,5", -3.5),
        ("-3", -3),
        (61, 61),
        (np.float32(0.5), 0.5),
    ],
)
def test_a_size_may_be_typed_with_comma_and_any_unit_of_size(typed: object, value: float) -> None:
    assert understand(MEGABYTES, typed).value == value
    assert understand(MEGABYTES, typed).problem == ""


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        (MILLISECONDS, "4 ms", 4),
        (MILLISECONDS, "0,004 s", 4),
        (MILLISECONDS, "250 µs", 0.25),
        (MILLISECONDS, "250 us", 0.25),
        (MILLISECONDS, "250 \N{GREEK SMALL LETTER MU}s", 0.25),
        (POINTS, "0.2 pp", 0.2),
        (POINTS, "0,2 %", 0.2),
        (PERCENT, "25 %", 25),
        (PERCENT, "25\N{NARROW NO-BREAK SPACE}%", 25),
        (POINTS, "-1 point", -1),
        (POINTS, "2,5 points", 2.5),
    ],
)
def test_other_units_are_converted_in_their_family(field: Field, typed: str, value: float) -> None:
    assert understand(field, typed).value == value


@pytest.mark.parametrize("typed", ["fast", "12 apples", "4 ms", "1.2.3", "--1", "∞", "nan", True])
def test_what_is_no_number_is_kept_as_typed_and_named(typed: object) -> None:
    understood = understand(MEGABYTES, typed)
    assert understood.value == typed
    assert "is no number" in understood.problem


@pytest.mark.parametrize("typed", ["508 kb", "63.5 Kb", "4 Mb"])
def test_bits_are_no_bytes(typed: str) -> None:
    understood = understand(MEGABYTES, typed)
    assert understood.value == typed
    assert "counts bits" in understood.problem
    assert "is no number" in understand(MILLISECONDS, typed).problem


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n\t", ...])
@pytest.mark.parametrize("field", [MEGABYTES, CHOICE, TICK, DAY, TEXT])
def test_blanks_are_nothing(field: Field, nothing: object) -> None:
    assert understand(field, nothing).value is None


@pytest.mark.parametrize("typed", ["mostly", "Mostly", "en grande partie", "  mostly "])
def test_a_choice_is_known_by_identifier_and_by_label_in_both_languages(typed: str) -> None:
    assert understand(CHOICE, typed).value == "mostly"
    assert "none of the answers" in understand(CHOICE, "perhaps").problem


@pytest.mark.parametrize(
    ("typed", "value"), [(True, True), ("x", True), ("oui", True), ("non", False), (0, False)]
)
def test_a_tick_is_a_truth_value_or_a_word_for_it(typed: object, value: bool) -> None:
    assert understand(TICK, typed).value is value
    assert understand(TICK, "perhaps").problem


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-21",
        "21/11/2026",
        "21.11.2026",
        "21 novembre 2026",
        "21 November 2026",
        date(2026, 11, 21),
    ],
)
def test_a_date_is_kept_as_iso(typed: object) -> None:
    assert understand(DAY, typed).value == "2026-11-21"
    assert "no date" in understand(DAY, "31/11/2026").problem


def test_a_text_keeps_its_lines_and_loses_what_no_file_can_hold() -> None:
    assert understand(TEXT, "a\r\nb\rc\0\ud800").value == "a\nb\nc?"


@pytest.mark.parametrize("given", [[1], {"a": 1}, b"x", object(), float("inf"), 10**400])
def test_other_types_are_refused(given: object) -> None:
    with pytest.raises(InputError, match=r"3\.tests\.memory\.result"):
        understand(MEGABYTES, given)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        (MEGABYTES, 0.0615),
        (MEGABYTES, 1e-7),
        (MEGABYTES, 123456.789),
        (CHOICE, "mostly"),
        (TICK, True),
        (TEXT, "a\nb"),
    ],
)
def test_what_is_shown_is_understood_again(field: Field, value: object, lang: str) -> None:
    with speaking(lang):
        assert understand(field, shown(field, value, lang)).value == value
