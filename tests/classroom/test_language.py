from __future__ import annotations

import pytest

from edgelab.classroom import language
from edgelab.classroom.language import (
    _,
    format_number,
    ngettext,
    parse_number,
    speaking,
    with_unit,
)
from edgelab.errors import InputError, MissingFileError


def test_the_variable_decides_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, expected in (("fr", "fr"), ("fr_FR.UTF-8", "fr"), ("FR-ca", "fr"), ("en", "en")):
        monkeypatch.setenv("EDGELAB_LANG", given)
        assert language.language() == expected


def test_without_the_variable_the_system_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGELAB_LANG")
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(language.locale, "getlocale", lambda: ("French_France", "1252"))
    assert language.language() == "fr"
    monkeypatch.setattr(language.locale, "getlocale", lambda: (None, None))
    assert language.language() == "en"
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert language.language() == "fr"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert language.language() == "en"


def test_a_language_without_a_catalogue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_LANG", "tlh")
    with pytest.raises(InputError, match=r"no language 'tlh' here.*en, fr"):
        _("passed")


def test_a_catalogue_that_is_not_installed_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    language._catalogue.cache_clear()
    with speaking("fr"), pytest.raises(MissingFileError, match="catalogue of language 'fr'"):
        _("passed")
    language._catalogue.cache_clear()


def test_one_piece_of_text_can_be_in_another_language() -> None:
    assert _("passed") == "passed"
    with speaking("fr"):
        assert _("passed") == "réussi"
        with speaking("en"):
            assert _("passed") == "passed"
    assert _("passed") == "passed"


def test_french_counts_zero_as_one() -> None:
    forms = ("{n} earlier record.", "{n} earlier records.")
    with speaking("fr"):
        assert ngettext(*forms, 0).format(n=0) == "0 enregistrement plus ancien."
        assert ngettext(*forms, 2).format(n=2) == "2 enregistrements plus anciens."
    assert ngettext(*forms, 0).format(n=0) == "0 earlier records."


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("4", 4),
        ("4.2", 4.2),
        ("4,2", 4.2),
        (" 4,2 ", 4.2),
        (",5", 0.5),
        ("5.", 5),
        ("-3", -3),
        ("−3", -3),
        ("+3", 3),
        ("1e-3", 1e-3),
        ("1 234,5", 1234.5),
        ("1\u00a0234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1,234,567", 1234567),
        ("1'234.5", 1234.5),
        ("12 ms", 12),
        ("12ms", 12),
        ("12 MS", 12),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, value: float) -> None:
    assert parse_number(typed, "ms") == value


@pytest.mark.parametrize(
    "typed", ["", "  ", "oui", "4x", "1.2.3", "4 2/3", "nan", "inf", "1e999", "0x10", "12 s", "--3"]
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert parse_number(typed, "ms") is None


def test_numbers_are_written_as_people_write_them() -> None:
    values = (0, 3.0, 3.614, 0.0012345, 61234.5, -12.5, 1.5e12)
    expected = ["0", "3", "3.61", "0.00123", "61\u202f234", "-12.5", "1.50e+12"]
    assert [format_number(v) for v in values] == expected
    with speaking("fr"):
        expected = ["0", "3", "3,61", "0,00123", "61\u202f234", "-12,5", "1,50e+12"]
        assert [format_number(v) for v in values] == expected


def test_what_is_written_can_be_read_again() -> None:
    for code in ("en", "fr"):
        with speaking(code):
            for value in (0.25, 4.2, 1234.5, 61000.0):
                assert parse_number(with_unit(value, "kB", 6), "kB") == value


def test_a_number_and_its_unit_stay_together() -> None:
    assert with_unit(3.5, "ms") == "3.5\u00a0ms"
    assert with_unit(3.5, "") == "3.5"
    assert with_unit(1, "points") == "1\u00a0point"
    assert with_unit(1.5, "points") == "1.5\u00a0points"


def test_a_unit_is_written_and_read_in_the_present_language() -> None:
    with speaking("fr"):
        assert with_unit(2.5, "MB") == "2,5\N{NO-BREAK SPACE}Mo"
        assert with_unit(2.5, "ms") == "2,5\N{NO-BREAK SPACE}ms"
        assert parse_number("2,5 Mo", "MB") == parse_number("2,5 MB", "MB") == 2.5
    assert with_unit(2.5, "MB") == "2.5\N{NO-BREAK SPACE}MB"
    assert parse_number("2.5 Mo", "MB") is None
