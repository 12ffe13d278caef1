"""Which framework, which format, how many bits: an answer with its reasons, and what speaks against the others.

    recommend(Requirements("language", long_prompts=True))            # for this machine
    recommend(Requirements("image", platform="ios"), model=assess("model.keras"))

The answer is read off the decision tree (`tree.yaml`), so every step of the way can be shown; it never
contradicts the matrices. What was not measured by the course says that it is documentation. Lesson 35.
"""

from __future__ import annotations

from edgelab.errors import InputError
from edgelab.workflow import facts, hardware as machines, matrices, tree
from edgelab.workflow.assess import Model
from edgelab.workflow.hardware import Hardware
from edgelab.workflow.labels import Label, Source
from edgelab.workflow.matrices import Need, Support
from edgelab.workflow.recommendation import Alternative, Reason, Recommendation
from edgelab.workflow.requirements import Requirements
from edgelab.workflow.tree import Path

__all__ = ["Alternative", "Reason", "Recommendation", "Requirements", "recommend"]

# Which suffix or folder each format of `assess` is, in the words of the matrices.
_READS = {
    "keras": ".keras",
    "tflite": ".tflite",
    "onnx": ".onnx",
    "openvino": ".xml",
    "gguf": ".gguf",
    "mlx": "mlx",
    "huggingface": "hf",
    "onnx-genai": "onnx-genai",
}


def recommend(
    requirements: Requirements, hardware: Hardware | None = None, model: Model | None = None
) -> Recommendation:
    """Recommend a framework, a format and a quantization.

    Args:
        requirements: what is asked.
        hardware: where it is to run; None: this machine where the requirements name its platform or none, else
            a typical machine of the platform that they name.
        model: that is to run (`assess(artefact)`); None: only its kind is known.

    Raises:
        InputError: the hardware is of another platform than the requirements name, or the model of another kind.
    """
    target = _target(requirements, hardware)
    if model is not None and model.kind not in (requirements.kind, "other"):
        raise InputError(
            f"{model.name} is of the kind {model.kind!r}, and the requirements say {requirements.kind!r}. "
            f"Ask for Requirements({model.kind!r}, …)."
        )
    known = facts.of(requirements, target, model)
    way = tree.load().walk(tree.FRAMEWORK, known)
    name = way.leaf.choose
    if name is None:
        return _nothing(known, way)
    row = matrices.load().frameworks[name]
    known["framework"] = name
    known["readable"] = "unknown" if model is None else _readable(row.reads, model)
    bits = tree.load().walk(tree.QUANTIZATION, known)
    scheme = known["scheme"] = str(bits.leaf.choose)
    there = matrices.support(
        name, known["platform"], known["kind"], known["processor"], known["accelerator"]
    )
    size = _estimated(model, scheme)
    return Recommendation(
        framework=name,
        name=row.name,
        format=row.formats[requirements.kind],
        quantization=scheme,
        strategy=matrices.strategy(name, requirements.kind, scheme),
        path=way.steps,
        quantization_path=bits.steps,
        reasons=tuple(Reason(path.leaf.why, path.leaf.source) for path in (way, bits)),
        alternatives=_alternatives(name, known, requirements),
        cautions=(
            *_of_tree(known),
            *_of_support(there, known, target),
            *_of_needs(name, known, requirements),
            *_of_limits(size, requirements, model),
            *_of_installation(name, target, requirements.kind),
        ),
        estimated_bytes=size,
        support=there,
        facts=known,
    )


def _target(requirements: Requirements, hardware: Hardware | None) -> Hardware:
    wanted = requirements.platform
    if hardware is not None:
        if wanted in (None, hardware.platform):
            return hardware
        if wanted == "any":
            return machines.typical("any", memory_bytes=hardware.memory_bytes)
        raise InputError(
            f"The hardware runs {hardware.platform}, and the requirements name {wanted}. Leave one of them "
            f"out, or describe the target with workflow.typical({wanted!r})."
        )
    if wanted is None:
        return machines.here()
    if wanted in matrices.load().platforms and wanted in machines.PLATFORMS_OF_PYTHON:
        here = machines.here()
        if here.platform == wanted:
            return here
    return machines.typical(wanted)


def _nothing(known: dict[str, str], way: Path) -> Recommendation:
    return Recommendation(
        framework=None,
        name="",
        format="",
        quantization=None,
        strategy=None,
        path=way.steps,
        quantization_path=(),
        reasons=(Reason(way.leaf.why, way.leaf.source),),
        alternatives=(),
        cautions=(),
        estimated_bytes=None,
        support=None,
        facts=known | {"scheme": tree.NONE},
    )


def _readable(reads: tuple[str, ...], model: Model) -> str:
    return "yes" if _READS[model.format] in reads else "no"


def _estimated(model: Model | None, scheme: str) -> int | None:
    if model is None:
        return None
    bits = matrices.load().schemes[scheme].bits
    return model.bytes if bits is None else round(model.parameters * bits / 8)


def _alternatives(
    name: str, known: dict[str, str], requirements: Requirements
) -> tuple[Alternative, ...]:
    data = matrices.load()
    running = matrices.runs(
        known["platform"], known["kind"], known["processor"], known["accelerator"]
    )
    found = []
    for other, support in running.items():
        if other == name:
            continue
        unmet = _unmet(other, known, requirements)
        against = [Reason(_missing(need), data.meets[other][need].source) for need in unmet]
        against += [Reason(support.note, support.source)] if support.note else []
        general = data.frameworks[other].against[known["kind"]]
        against.append(Reason(general.say, general.source))
        found.append(Alternative(other, data.frameworks[other].name, bool(unmet), tuple(against)))
    return tuple(sorted(found, key=lambda alternative: alternative.ruled_out))


def _missing(need: str) -> Label:
    wish = matrices.load().needs[need]
    return Label(
        en=f"a requirement is not met: {wish.en}",
        fr=f"une exigence n’est pas remplie\N{NO-BREAK SPACE}: {wish.fr}",
    )


def _needs_of(framework: str, known: dict[str, str], requirements: Requirements) -> dict[str, Need]:
    met = matrices.load().meets[framework]
    return {need: met[need] for need in requirements.needs(known["platform"])}


def _unmet(framework: str, known: dict[str, str], requirements: Requirements) -> list[str]:
    asked = _needs_of(framework, known, requirements)
    return [name for name, need in asked.items() if need.state == "no"]


def _of_tree(known: dict[str, str]) -> list[Reason]:
    cautions = tree.load().cautions.values()
    return [Reason(c.say, c.source) for c in cautions if c.holds(known)]


def _of_support(there: Support, known: dict[str, str], target: Hardware) -> list[Reason]:
    found = [Reason(there.note, there.source)] if there.note else []
    if known["accelerator"] != target.accelerator:
        found.append(Reason(matrices.load().idle, there.source))
    return found


def _of_needs(name: str, known: dict[str, str], requirements: Requirements) -> list[Reason]:
    # What the tree's own cautions say of clients and compilers is not said a second time.
    asked = _needs_of(name, known, requirements)
    said = ("many_users", "no_compiler")
    partly = {n: need for n, need in asked.items() if need.state == "partly" and n not in said}
    unmet = [Reason(_missing(n), need.source) for n, need in asked.items() if need.state == "no"]
    return unmet + [Reason(need.note, need.source) for need in partly.values() if need.note]


def _of_limits(size: int | None, requirements: Requirements, model: Model | None) -> list[Reason]:
    source = Source(kind="documentation", where="an estimate from the number of weights")
    found = []
    if size is not None and requirements.size_bytes is not None and size > requirements.size_bytes:
        found.append(
            Reason(
                Label(
                    en=f"About {size / 1e6:.3g} MB, more than the {requirements.size_bytes / 1e6:.3g} MB "
                    "that are allowed: take a smaller network",
                    fr=f"Environ {size / 1e6:.3g} Mo, plus que les {requirements.size_bytes / 1e6:.3g} Mo "
                    "permis\N{NO-BREAK SPACE}: prendre un réseau plus petit",
                ),
                source,
            )
        )
    if model is not None and size is not None and requirements.memory_bytes is not None:
        image = requirements.kind == "image"
        needed = size if image else facts.memory_needed(model, size)
        if needed > requirements.memory_bytes:
            found.append(
                Reason(
                    Label(
                        en=f"About {needed / 1e6:.3g} MB of memory, more than is allowed",
                        fr=f"Environ {needed / 1e6:.3g} Mo de mémoire, plus que permis",
                    ),
                    source,
                )
            )
    return found


def _of_installation(name: str, target: Hardware, kind: str) -> list[Reason]:
    """Say which command installs the framework, where it is missing on this machine."""
    package = matrices.load().frameworks[name].package_for(kind)
    if not target.measured_here or machines.version(package):
        return []
    command = f"pip install {package} -c constraints.txt"
    text = Label(
        en=f"{package} is not installed here: `{command}`",
        fr=f"{package} n’est pas installé ici\N{NO-BREAK SPACE}: `{command}`",
    )
    return [Reason(text, Source(kind="measured", where="this machine"))]
