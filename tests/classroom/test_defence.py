from __future__ import annotations

import re

import pytest

from edgelab import records, workshop
from edgelab.classroom.defence import REASON, defend
from edgelab.classroom.language import speaking
from edgelab.errors import InputError
from edgelab.workshop import Agreement
from tests.classroom.workshop_made import made

ANSWERS = {"EfficientNet-Lite0": Agreement(83, 100, 0.74, 0.89)}
CHOICE = ("EfficientNet-Lite0 int8", 2.6, 5.0, "It is the fastest that fits.")


def text_of(result: records.Comparison, choice: tuple[str, float, float, str] = CHOICE) -> str:
    with speaking("en"):
        said = defend(result, ANSWERS, choice, limit_mb=20).text
    return re.sub(r"\s+", " ", said)


def test_the_headline_is_split_into_steps_that_multiply_to_it() -> None:
    said = text_of(made())
    whole = re.search(r"takes 200 ms: ([\d.]+) × \(", said)
    steps = re.search(
        r"the call ([\d.]+) × .* the runtime ([\d.]+) × .* the architecture ([\d.]+) × .* and the "
        r"8-bit numbers ([\d.]+) ×",
        said,
    )
    assert whole
    assert float(whole[1]) == pytest.approx(50, rel=0.05)
    assert steps
    product = 1.0
    for step in steps.groups():
        product *= float(step)
    assert product == pytest.approx(50, rel=0.1)
    assert "Between equal runtimes the ratio is 20 ×" in said


def test_each_verdict_has_its_sentence() -> None:
    assert "Only the last step may be called quantization." in text_of(made())
    slower = made(latency_ms={"MobileNetV2 int8": 9.5})
    assert "Quantization alone made this network slower here." in text_of(slower)
    same = made(latency_ms={"MobileNetV2 int8": 8.0})
    assert "cannot be told from this run" in text_of(same)


def test_sizes_are_those_of_one_format() -> None:
    said = text_of(made())
    assert "ResNet50 float32 is 26 × as large: 7.3 × from the architecture, 3.5 ×" in said


def test_nothing_is_said_about_the_answers_of_untrained_networks() -> None:
    said = text_of(made())
    assert "the float version's answer on 83 of 100 views" in said
    assert "About the answers of MobileNetV2 and ResNet50 nothing is said" in said
    assert "nothing is said" not in text_of(made(untrained=False))


def test_how_many_could_be_chosen_is_told() -> None:
    assert "at most 20 MB to download: 2. I choose EfficientNet-Lite0 int8" in text_of(made())


def test_the_figures_are_the_measured_ones_not_those_that_were_typed() -> None:
    typed = ("EfficientNet-Lite0 int8", 2.55, 5.1, "It is the fastest that fits.")
    assert text_of(made(), typed) == text_of(made())
    assert "it takes 2.6 MB, and 5 ms for one image" in text_of(made(), typed)


def test_a_busy_machine_is_admitted() -> None:
    assert "deserve a repetition" in text_of(made(busy=True))
    assert "deserve a repetition" not in text_of(made())


def test_the_choice_is_kept_once_with_the_comparison_that_it_rests_on() -> None:
    result = made()
    number = records.publish("comparison", " / ".join(result.names), result).number
    said = text_of(result)
    text_of(result)
    (kept,) = records.history("choice")
    assert kept.payload["model"] == "EfficientNet-Lite0 int8"
    assert kept.payload["reason"] == "It is the fastest that fits."
    assert kept.payload["comparison_record"] == number
    assert f"Built from record {number} of your journal; your choice is record" in said


def test_another_choice_is_another_record() -> None:
    text_of(made())
    text_of(made(), ("MobileNetV2 int8", 2.0, 4.0, "I like it more."))
    assert [r.payload["model"] for r in records.history("choice")] == [
        "EfficientNet-Lite0 int8",
        "MobileNetV2 int8",
    ]


def test_the_librarys_choice_is_not_kept_as_the_students() -> None:
    said = text_of(made(), workshop.choose(made(), 20e6))
    assert "yours to weigh. All this holds" in said
    assert "The library chose" in said
    assert records.history("choice") == []


def test_a_model_that_was_not_compared_cannot_be_defended() -> None:
    with pytest.raises(InputError, match="'SqueezeNet' was not compared"):
        text_of(made(), ("SqueezeNet", 1.0, 1.0, "small"))


def test_it_speaks_french() -> None:
    assert REASON == workshop.REASON
    with speaking("fr"):
        card = defend(made(), ANSWERS, workshop.choose(made(), 20e6), limit_mb=20)
    assert "Sur cette machine (Test CPU" in card.text
    assert "Parmi les candidats" in card.text
    assert "20\xa0Mo" in card.text
