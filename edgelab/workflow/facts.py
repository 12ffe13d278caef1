"""What decides: requirements, hardware and model turned into the facts that the tree asks for.

    facts.of(Requirements("language"), hardware, model)["room"]       # "four": only 4 bits fit

Each fact has one of the values that `tree.yaml` lists. What is not known is said to be unknown, never guessed.
"""

from __future__ import annotations

from edgelab.workflow import matrices
from edgelab.workflow.assess import Model
from edgelab.workflow.hardware import Hardware
from edgelab.workflow.requirements import Requirements

# A process may take this share of a machine's memory when nobody says how much.
MEMORY_SHARE = 0.5
# Beside weights and cache a language model's process takes about this much (measured: lesson 31).
OVERHEAD_BYTES = 150e6
# The cache is reckoned for at most so many tokens: more takes minutes to fill on a processor.
CONTEXT = 2048
# Below this many multiply-accumulates the call costs more than the network (lesson 25).
TINY_MACS = 3_000_000


def of(
    requirements: Requirements, hardware: Hardware, model: Model | None = None
) -> dict[str, str]:
    """Return the facts of a case, all but those that the tree itself decides.

    Args:
        requirements: what is asked.
        hardware: where it is to run.
        model: that is to run; None: not known.
    """
    platform = requirements.platform or hardware.platform
    known = (platform, hardware.processor, hardware.accelerator) in matrices.targets()
    return {
        "kind": requirements.kind,
        "platform": platform,
        "processor": hardware.processor,
        "accelerator": hardware.accelerator if known else "none",
        "licence": "open" if requirements.open_source else "any",
        "compiler": _word(requirements.compiler),
        "users": "many" if requirements.many_users else "one",
        "prompts": "long" if requirements.long_prompts else "short",
        "priority": requirements.priority,
        "calibration": _word(requirements.calibration),
        "offline": _word(requirements.offline),
        "quantized": _word(model is not None and model.quantized),
        "tiny": _word(model is not None and model.macs is not None and model.macs < TINY_MACS),
        "depthwise": _word(model is not None and model.has("depthwise")),
        "rows_of_256": _word(None if model is None else model.rows_of_256),
        "fast_int8": _word(hardware.fast_int8),
        "room": room(requirements, hardware, model),
    }


def room(requirements: Requirements, hardware: Hardware, model: Model | None) -> str:
    """Return what fits of a language model: "eight" bits a weight, "four", "none", or "unknown"."""
    if model is None or not model.parameters:
        return "unknown"
    memory = requirements.memory_bytes
    if memory is None and hardware.memory_bytes is not None:
        memory = MEMORY_SHARE * hardware.memory_bytes
    if memory is None and requirements.size_bytes is None:
        return "unknown"
    schemes = matrices.load().schemes
    for answer, scheme in (("eight", "weights8"), ("four", "weights4")):
        file_bytes = model.parameters * (schemes[scheme].bits or 0) / 8
        fits = memory is None or memory_needed(model, file_bytes) <= memory
        small = requirements.size_bytes is None or file_bytes <= requirements.size_bytes
        if fits and small:
            return answer
    return "none"


def memory_needed(model: Model, file_bytes: float) -> float:
    """Return about what a process takes with a language model: weights, cache and the engine, in bytes."""
    tokens = min(model.context or CONTEXT, CONTEXT)
    return file_bytes + tokens * (model.kv_bytes_per_token or 0) + OVERHEAD_BYTES


def _word(value: bool | None) -> str:
    if value is None:
        return "unknown"
    return "yes" if value else "no"
