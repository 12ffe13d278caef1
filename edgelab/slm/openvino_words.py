r"""The tokenizer that openvino-genai builds from a GGUF file, mended: text is cut as the file says.

    openvino_words.mend(folder, "gpt-2")

The header of a GGUF file names the rule by which text is cut into words before words become tokens
(`tokenizer.ggml.pre`). openvino-genai does not read it and always takes llama.cpp's rule for files that name none,
which cuts off line ends and signs: `'\n    "'` becomes three pieces where the model was trained with two. The model
then reads tokens that it knows from elsewhere, in an order that it never saw. Nothing fails, the text just gets worse.
Lesson 33.

Source: ggml-org/llama.cpp, src/llama-vocab.cpp (regular expressions of the pre-tokenizers).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgelab.errors import FormatError, InputError
from edgelab.slm import openvino_library

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# By the name in the header, the expressions in the order in which they cut.
RULES = {"gpt-2": (_GPT2,), "smollm": (r"\p{N}", _GPT2)}
_NOTHING = "(?!)"  # matches nowhere, so nothing is cut
_FILE = "openvino_tokenizer.xml"


def mend(folder: Path, rule: str) -> None:
    """Put the right expressions into the tokenizer of a folder.

    Args:
        folder: with an openvino_tokenizer.xml that openvino-genai wrote.
        rule: `tokenizer.ggml.pre` of the GGUF file, one of `RULES`.

    Raises:
        InputError: a rule that is not known here.
        FormatError: the tokenizer has fewer steps than the rule has expressions.
    """
    if rule not in RULES:
        raise InputError(f"The file cuts text as {rule!r}; known here are {', '.join(RULES)}.")
    ov = openvino_library.package()
    core = ov.Core()
    core.add_extension(openvino_library.extension())
    graph = core.read_model(folder / _FILE)
    steps = [step for step in graph.get_ordered_ops() if step.get_type_name() == "RegexSplit"]
    if len(steps) < len(RULES[rule]):
        raise FormatError(
            f"The tokenizer in {folder.name} cuts text in {len(steps)} steps where {rule!r} takes {len(RULES[rule])}: "
            "another version of openvino-genai wrote it than edgelab knows."
        )
    wanted = [*RULES[rule], *[_NOTHING] * (len(steps) - len(RULES[rule]))]
    for step, expression in zip(steps, wanted, strict=True):
        _last_input(step).replace_source_output(_constant(expression).output(0))
    graph.validate_nodes_and_infer_types()
    changed = folder / "mended.xml"
    ov.save_model(graph, changed, compress_to_fp16=False)
    # Before its files go, and before the core whose extension it uses.
    del steps, step, graph
    changed.replace(folder / _FILE)
    changed.with_suffix(".bin").replace((folder / _FILE).with_suffix(".bin"))


def _last_input(step: Any) -> Any:
    """Return where a step takes its expression from: a constant, the last of its inputs that is one."""
    return [
        i for i in step.inputs() if i.get_source_output().get_node().get_type_name() == "Constant"
    ][-1]


def _constant(text: str) -> Any:
    from openvino import opset13

    return opset13.constant(np.frombuffer(text.encode("utf-8"), np.uint8).copy())
