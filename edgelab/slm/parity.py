"""Does a converted language model still compute the same? Its logits beside those of the weights it was made from.

    expected = parity.expected(from_gguf.read("model-f16.gguf"))
    parity.ensure(model, expected, tolerance=parity.FLOAT)     # LogitParity(max_abs=0.0007, span=24.1, …)

The reference is the formula itself on the decoded weights (`edgelab.slm.forward`), or the model before it was
quantized. A float conversion may differ by rounding only, so its bound is small; a quantized one must differ, and
only one that is plainly broken raises: how far it is from the reference is told, and measured on real texts by
`edgelab.slm.perplexity`. Every conversion of a language model ends here. Lesson 30.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import numpy as np

from edgelab import workspace
from edgelab.errors import FormatError, ParityError
from edgelab.serialize import Serializable
from edgelab.slm import forward, scores
from edgelab.slm.llama import Checkpoint
from edgelab.slm.model import LanguageModel

# Largest difference of a logit, as a share of their range, that a conversion without rounding may show: OpenVINO
# keeps the norms in 16 bits.
FLOAT = 1e-3
# Rounding to 4 bits leaves most first choices as they are; a wrong order of rows leaves one in a hundred.
LEAST_AGREEMENT = 0.3
FILE = "parity.json"
TOKENS = 64
TEXT = (
    'def mean(values):\n    """Return the average of a list of numbers."""\n    if not values:\n'
    '        raise ValueError("no values")\n    return sum(values) / len(values)\n\nThe café costs 3 €.'
)


@dataclass(frozen=True)
class LogitParity(Serializable):
    """How far the logits of two models are apart on a short text.

    Attributes:
        reference: what was compared with.
        artefact: name of the converted model.
        tokens: how many were read.
        max_abs: largest difference of a logit.
        span: largest less smallest logit of the reference.
        tolerance: allowed share of `span`; None where agreement is judged.
        kl: mean KL(reference || artefact), nats per token.
        top1_agreement: share of positions where both find the same token most likely.
    """

    reference: str
    artefact: str
    tokens: int
    max_abs: float
    span: float
    tolerance: float | None
    kl: float
    top1_agreement: float

    def __repr__(self) -> str:
        bound = "" if self.tolerance is None else f" (allowed {self.tolerance * self.span:.2g})"
        return (
            f"{self.artefact} against {self.reference}, {self.tokens} tokens: largest difference of a logit "
            f"{self.max_abs:.2g}{bound}, logits span {self.span:.3g}; KL {self.kl:.2g}, same first choice "
            f"{self.top1_agreement:.1%}."
        )


@dataclass(frozen=True, eq=False)
class Expected:
    """What a conversion has to reproduce: tokens of a short text, and the logits after each."""

    name: str
    ids: np.ndarray
    logits: np.ndarray


def expected(checkpoint: Checkpoint, ids: list[int], name: str) -> Expected:
    """Return what the weights themselves give, by the formula.

    Args:
        checkpoint: the weights.
        ids: the beginning of `TEXT` in the converted model's own tokens; compared with the checkpoint's tokenizer
            where the package tokenizers is installed.
        name: for messages.

    Raises:
        ParityError: the converted model cuts the text into other tokens.
    """
    if util.find_spec("tokenizers"):
        import tokenizers

        own = tokenizers.Tokenizer.from_str(json.dumps(checkpoint.tokenizer, default=dict))
        wanted = own.encode(TEXT, add_special_tokens=False).ids
        if wanted != ids:
            raise ParityError(
                f"The converted model cuts a text into {len(ids)} tokens that are not the {len(wanted)} of {name}: "
                "its tokenizer was not carried over as it was."
            )
    first = np.asarray(ids[:TOKENS])
    return Expected(name, first, forward.logits(checkpoint, first))


def of_model(model: LanguageModel, name: str) -> Expected:
    """Return what another loaded model gives, for a conversion that starts from there."""
    ids = np.asarray(model.encode(TEXT)[: min(TOKENS, model.context)])
    return Expected(name, ids, model.logits(ids))


def ensure(model: LanguageModel, wanted: Expected, tolerance: float | None) -> LogitParity:
    """Compare a converted model's logits with what is expected.

    Args:
        model: the converted one, its cache in float32 where it can be.
        wanted: tokens and logits.
        tolerance: largest difference allowed, as a share of the range of the logits; None for a quantized model.

    Raises:
        ParityError: the difference is larger, or a quantized model agrees with hardly any first choice.
    """
    found = model.logits(wanted.ids)
    if found.shape != wanted.logits.shape or not np.isfinite(found).all():
        raise ParityError(
            f"{model.name} gives {found.shape[1]} scores for a token, {wanted.name} {wanted.logits.shape[1]}; or "
            "some of them are no numbers. The conversion is broken."
        )
    result = LogitParity(
        reference=wanted.name,
        artefact=model.name,
        tokens=len(wanted.ids),
        max_abs=float(np.abs(found - wanted.logits).max()),
        span=float(np.ptp(wanted.logits)),
        tolerance=tolerance,
        kl=float(scores.divergence(wanted.logits, found).mean()),
        top1_agreement=float((found.argmax(axis=1) == wanted.logits.argmax(axis=1)).mean()),
    )
    broken = (
        result.top1_agreement < LEAST_AGREEMENT
        if tolerance is None
        else result.max_abs > tolerance * result.span
    )
    if broken:
        raise ParityError(f"The conversion does not compute what it was made from. {result!r}")
    return result


def keep(result: LogitParity, folder: Path) -> None:
    """Write a comparison beside the converted model."""
    (folder / FILE).write_text(json.dumps(result.to_dict(), indent=1) + "\n", encoding="utf-8")


def read(folder: str | Path) -> LogitParity:
    """Return the comparison that was made when a folder was converted.

    Raises:
        MissingFileError: there is no such folder.
        FormatError: it was not converted by edgelab, or the file is damaged.
    """
    file = workspace.existing(folder) / FILE
    try:
        return LogitParity.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FormatError(
            f"{file.parent} holds no comparison ({error}): edgelab writes one when it converts a model."
        ) from error
