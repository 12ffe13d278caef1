from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.reporting import claims
from tests.records_made import comparison, float_and_int8, measurement


def test_a_claim_that_holds_says_why() -> None:
    check = report.claim("int8-size", float_and_int8())
    assert check.verdict == "holds"
    assert check.reason == "The whole measured interval lies in the claimed range."
    assert check.table.rows == [
        {
            "Compared": "int8 against float32",
            "Claimed (×)": "3.5 to 4.5",
            "Measured (×)": 4.0,
            "Low (×)": 4.0,
            "High (×)": 4.0,
            "Verdict": "holds",
        }
    ]


def test_a_claim_is_shown_as_a_claim_with_the_kind_of_its_source() -> None:
    page = report.claim("int8-size", float_and_int8())._repr_html_()
    assert "Claim, vendor documentation" in page
    assert "<em>Int8 makes a model four times smaller.</em>" in page


def test_a_claim_speaks_the_students_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "quatre fois" in report.claim("int8-size", language="fr").wording
    monkeypatch.setenv("EDGELAB_LANG", "fr")
    assert "quatre fois" in report.claim("int8-size").wording


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_wording_shows_an_escape_that_was_not_read(language: str) -> None:
    wordings = [claim.wording[language] for claim in claims.load().values()]
    assert wordings
    assert not [wording for wording in wordings if "\\" in wording]


def test_nothing_measured_is_no_verdict_and_says_what_to_measure() -> None:
    check = report.claim("workshop-speed")
    assert check.verdict == "cannot tell here"
    assert "compare float32 ResNet50 and int8 MobileNetV2" in check.reason
    assert set(check._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_models_that_disagree_make_no_general_verdict() -> None:
    result = comparison(
        measurement("ResNet50", 30.0),
        measurement("ResNet50 int8", 5.0),
        measurement("MobileNetV2", 5.0),
        measurement("MobileNetV2 int8", 4.0),
        half=0.001,
    )
    check = report.claim("int8-speed", result)
    assert check.verdict == "cannot tell here"
    assert check.reason.startswith("It depends on what is compared: ResNet50 int8 against")


def test_the_picture_draws_measurement_interval_and_claimed_range() -> None:
    check = report.claim("int8-speed", float_and_int8())
    assert check.chart is not None
    axes = check.chart.figure.axes[0]
    segment = axes.collections[0].get_segments()[0]
    assert [p[0] for p in segment] == [pytest.approx(1 / 0.51), pytest.approx(1 / 0.49)]
    assert axes.patches[0].get_x() == 3.0
    assert axes.get_xlim()[0] == 0
    assert "image/png" in check._repr_mimebundle_()


def test_a_smaller_gain_lies_below_and_a_larger_one_above_the_claimed_range() -> None:
    small = comparison(measurement("float32", 1.0, 100_000), measurement("int8", 0.5, 50_000))
    large = comparison(measurement("float32", 1.0, 100_000), measurement("int8", 0.5, 10_000))
    assert "below" in report.claim("int8-size", small).reason
    assert "above" in report.claim("int8-size", large).reason


def test_an_unknown_claim_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="there are int8-size"):
        report.claim("int8")
