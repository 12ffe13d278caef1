from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from edgelab import workflow
from edgelab.errors import InputError
from edgelab.workflow import facts, hardware, matrices, requirements
from edgelab.workflow.assess import Model, Part
from edgelab.workflow.hardware import Hardware
from edgelab.workflow.requirements import Requirements

TARGETS = [hardware.typical(*target) for target in matrices.targets()]


def image(**changes: object) -> Model:
    parts = (Part("convolution", 8, 70_000), Part("dense", 1, 640), Part("vector", 20, 1_000))
    made = Model(
        "net.keras", "image", "keras", 320_000, 71_640, {"float32": 71_640}, "net", {}, parts,
        macs=12_000_000,
    )  # fmt: skip
    return replace(made, **changes)


def language(parameters: int = 135_000_000, **changes: object) -> Model:
    parts = (Part("dense", 210, parameters),)
    made = Model(
        "words", "language", "huggingface", 2 * parameters, parameters, {"float16": parameters},
        "LlamaForCausalLM", {}, parts, context=8192, kv_bytes_per_token=23_040, rows_of_256=False,
    )  # fmt: skip
    return replace(made, **changes)


def quantized(model: Model) -> Model:
    parts = (Part("quantized", 9, model.parameters),)
    return replace(model, parts=parts, format="gguf" if model.kind == "language" else "tflite")


MODELS = {
    "image": (
        None,
        image(),
        image(macs=10_000),
        image(parts=(Part("depthwise", 9, 71_640),)),
        quantized(image()),
    ),
    "language": (None, language(), language(70_000_000_000), quantized(language())),
}


def consistent(asked: Requirements, target: Hardware, found: workflow.Recommendation) -> None:
    """Assert that an answer is whole, has reasons, and contradicts neither matrices nor requirements."""
    there = asked.platform, asked.kind, target.processor, target.accelerator
    assert found.reasons
    assert found.path
    for reason in (*found.reasons, *found.cautions):
        assert all(reason.say(code) for code in ("en", "fr"))
    if found.framework is None:
        assert matrices.runs(*there) == {}
        return
    support = matrices.support(found.framework, *there)
    assert support.state != "no"
    if support.note is not None:
        assert any(caution.text == support.note for caution in found.cautions)
    met = matrices.load().meets[found.framework]
    unmet = [need for need in asked.needs(asked.platform) if met[need].state == "no"]
    # One that misses a requirement is recommended only where every other does too, and with a caution.
    whole = [
        a.framework
        for a in found.alternatives
        if not a.ruled_out and matrices.support(a.framework, *there).state == "yes"
    ]
    assert not (unmet and whole), (found.framework, unmet, whole)
    for need in unmet:
        assert any(matrices.load().needs[need].en in c.text.en for c in found.cautions)
    others = {a.framework for a in found.alternatives}
    assert others | {found.framework} == set(matrices.runs(*there))
    assert all(a.against for a in found.alternatives)
    assert found.strategy == matrices.strategy(found.framework, asked.kind, found.quantization)


def test_every_combination_has_a_reasoned_and_consistent_answer() -> None:
    count = 0
    for asked in requirements.combinations():
        for target in TARGETS:
            if target.platform == asked.platform:
                consistent(asked, target, workflow.recommend(asked, target))
                count += 1
    assert count > 10_000


@pytest.mark.parametrize("kind", ["image", "language"])
def test_every_model_on_every_target_has_one_too(kind: str) -> None:
    limits = ({}, {"memory_bytes": 3e8}, {"size_bytes": 2e6}, {"memory_bytes": 1e3})
    wishes = itertools.product(requirements.PRIORITIES, (True, False), limits)
    for (priority, calibration, limit), target, model in itertools.product(
        list(wishes), TARGETS, MODELS[kind]
    ):
        asked = Requirements(kind, target.platform, priority, calibration=calibration, **limit)
        found = workflow.recommend(asked, target, model)
        consistent(asked, target, found)
        if found.framework and model is not None and model.quantized:
            assert found.quantization == "keep"


def test_the_machine_that_this_runs_on_has_an_answer() -> None:
    here = workflow.assess()
    for kind in ("image", "language"):
        found = workflow.recommend(Requirements(kind))
        assert found.facts["platform"] == here.platform
        consistent(Requirements(kind, here.platform), here, found)


def test_the_path_is_the_way_through_the_tree() -> None:
    found = workflow.recommend(
        Requirements("language", "linux", long_prompts=True), hardware.typical("linux", "intel")
    )
    assert found.framework == "openvino"
    steps = {step.fact: step.value for step in found.path}
    assert steps == {
        "kind": "language",
        "platform": "linux",
        "accelerator": "none",
        "compiler": "yes",
        "prompts": "long",
        "processor": "intel",
    }
    short = Requirements("language", "linux")
    assert workflow.recommend(short, hardware.typical("linux", "intel")).framework == "llama.cpp"


def test_what_fits_into_memory_decides_the_bits() -> None:
    target = hardware.typical("linux", "intel")
    model = language(1_000_000_000)

    def bits(gigabytes: float) -> tuple[str, str]:
        asked = Requirements("language", priority="quality", memory_bytes=gigabytes * 1e9)
        found = workflow.recommend(asked, target, model)
        return found.facts["room"], found.quantization

    assert bits(2) == ("eight", "weights8")
    assert bits(1) == ("four", "weights4")
    assert bits(0.5) == ("none", "weights4")
    asked = Requirements("language", memory_bytes=5e8)
    cautions = workflow.recommend(asked, target, model).cautions
    assert any("choose a smaller model" in caution.text.en for caution in cautions)


def test_memory_is_weights_and_cache_and_engine() -> None:
    model = language(1_000_000)
    assert facts.memory_needed(model, 1e6) == 1e6 + 2048 * 23_040 + facts.OVERHEAD_BYTES
    short = replace(model, context=512)
    assert facts.memory_needed(short, 0) == 512 * 23_040 + facts.OVERHEAD_BYTES


def test_half_of_a_known_memory_may_be_taken() -> None:
    model = language(1_000_000_000)
    small = hardware.typical("android", memory_bytes=2e9)
    assert workflow.recommend(Requirements("language"), small, model).facts["room"] == "four"
    unknown = hardware.typical("android")
    assert workflow.recommend(Requirements("language"), unknown, model).facts["room"] == "unknown"


def test_cautions_follow_the_model() -> None:
    linux = hardware.typical("linux", "intel")
    said = workflow.recommend(
        Requirements("image"), linux, image(parts=(Part("depthwise", 3, 71_640),))
    ).cautions
    assert any("depthwise" in caution.text.en for caution in said)
    plain = workflow.recommend(Requirements("image"), linux, image()).cautions
    assert not any("depthwise" in caution.text.en for caution in plain)
    rows = workflow.recommend(Requirements("language"), linux, language()).cautions
    assert any("no multiple of 256" in caution.text.en for caution in rows)


def test_a_quantized_file_of_another_format_is_not_simply_converted() -> None:
    target = hardware.typical("linux", "intel")
    asked = Requirements("language", long_prompts=True)
    found = workflow.recommend(asked, target, quantized(language()))
    assert (found.framework, found.quantization) == ("openvino", "keep")
    assert any("find the float weights" in caution.text.en for caution in found.cautions)


def test_a_size_that_is_missed_is_said_with_the_estimate() -> None:
    found = workflow.recommend(Requirements("image", "android", size_bytes=10_000), model=image())
    assert found.estimated_bytes == pytest.approx(71_640 * 8.3 / 8, abs=1)
    assert any("take a smaller network" in caution.text.en for caution in found.cautions)


def test_alternatives_say_what_forbids_them_first() -> None:
    asked = Requirements("image", "ios", open_source=True)
    found = workflow.recommend(asked)
    assert found.framework == "litert"
    core = next(a for a in found.alternatives if a.framework == "coreml")
    assert core.ruled_out
    assert "open source" in core.against[0].text.en
    assert found.alternatives[-1].ruled_out


def test_nothing_is_an_answer_too() -> None:
    found = workflow.recommend(Requirements("language", "embedded"))
    assert (found.framework, found.quantization) == (None, None)
    assert found.headline() == "none"
    assert found.headline("fr") == "aucun"
    assert "microcontroller" in found.reasons[0].text.en


def test_an_accelerator_that_the_matrices_do_not_know_there_is_left_idle() -> None:
    odd = replace(hardware.typical("linux", "other"), accelerator="nvidia")
    found = workflow.recommend(Requirements("language"), odd)
    assert found.facts["accelerator"] == "none"
    assert any("idle" in caution.text.en for caution in found.cautions)


def test_a_missing_package_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(hardware.typical("linux", "intel"), measured_here=True)
    monkeypatch.setattr(hardware, "version", lambda _package: None)
    said = [c.text.en for c in workflow.recommend(Requirements("image"), here).cautions]
    assert any("`pip install openvino -c constraints.txt`" in text for text in said)


def test_the_tables_speak_both_languages() -> None:
    found = workflow.recommend(Requirements("language", "macos"))
    english, french = found.table("en"), found.table("fr")
    assert "Where does it run?" in english.column("Question")
    assert "Où tourne-t-il\u00a0?" in french.column("Question")
    assert english.caption.startswith("Apple MLX, folder in MLX form, 4-bit weights")
    assert "Against" in found.alternatives_table("en").columns
    assert len(repr(found).splitlines()) > 5


@pytest.mark.parametrize(
    ("name", "near"),
    [("Linux", "linux"), ("iphone", "ios"), ("mac os", "macos"), ("raspberry pi", "linux")],
)
def test_an_unknown_platform_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(InputError, match=rf"no platform '{name}' \(did you mean '{near}'"):
        Requirements("image", name)
    with pytest.raises(InputError, match="choose from linux, windows"):
        hardware.typical("toaster")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "sound"}, "no kind of model 'sound'"),
        ({"priority": "speed"}, "no priority 'speed'"),
        ({"offline": "yes"}, "offline is 'yes'; it is True or False"),
        ({"memory_bytes": -1.0}, "memory_bytes is -1.0"),
        ({"size_bytes": float("nan")}, "size_bytes is nan"),
    ],
)
def test_a_wrong_requirement_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Requirements(**{"kind": "image", **settings})


def test_hardware_and_requirements_must_speak_of_the_same_platform() -> None:
    with pytest.raises(InputError, match=r"workflow\.typical\('ios'\)"):
        workflow.recommend(Requirements("image", "ios"), hardware.typical("linux"))


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="words is of the kind 'language'"):
        workflow.recommend(Requirements("image", "ios"), model=language())


def test_requirements_survive_json() -> None:
    asked = Requirements("image", "ios", "size", offline=True)
    assert Requirements.from_dict(asked.to_dict()) == asked


def test_choosing_for_all_systems_asks_for_one_file() -> None:
    found = workflow.recommend(Requirements("language", "any"))
    assert found.framework == "llama.cpp"
    assert Requirements("language").needs("any") == ("one_file",)
