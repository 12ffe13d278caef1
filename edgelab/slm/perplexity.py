"""How well a model predicts a text, and how far it is from a reference: perplexity, paired difference, KL.

    cut = texts.windows(model)
    perplexity.measure(model, cut)                     # Perplexity(value=20.7, standard_error_windows=2.7, …)
    perplexity.compare(q4, f16, cut)                   # Divergence(nll_difference=+0.0060, kl=0.0089, …)
    reference = perplexity.Reference.of(f16, cut)      # computed once for a whole ladder
    perplexity.compare(q4, reference)

Perplexity is exp of the mean negative log-likelihood of a token. Its standard error is large, because texts
differ; two models that read the *same* tokens are compared token by token, and that difference is sharp. The
divergence looks at all the probabilities and not only at that of the token that came. Lesson 31 needs all three.

Source: perplexity and its windows as in llama.cpp's `perplexity` tool, with every token after a window's first
scored; KL(reference || model) as in its option `--kl-divergence`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelab import history, progress
from edgelab.errors import FormatError, InputError
from edgelab.slm import record, scores, texts
from edgelab.slm.model import LanguageModel
from edgelab.slm.record import LanguageRecord
from edgelab.slm.windows import Windows

KIND = "language-quality"
# The logits of a reference are kept in memory: a course that runs in 4 GiB can spare this much.
_LARGEST_REFERENCE = 2 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Perplexity(LanguageRecord):
    """How well a model predicts a text.

    The two standard errors answer two questions. Over tokens: had other tokens of texts like these been
    scored. Over windows: had other texts been chosen; it is the larger one, because tokens of one text resemble
    each other.
    """

    value: float
    standard_error_tokens: float
    standard_error_windows: float | None  # None for a single window
    text: str
    text_hash: str  # of the tokens
    window: int  # tokens in one
    tokens: int  # scored ones
    windows_nll: tuple[float, ...]  # mean negative log-likelihood of each window, nats per token

    @property
    def nll(self) -> float:
        """Return the mean negative log-likelihood in nats per token."""
        return math.log(self.value)

    def __repr__(self) -> str:
        error = self.standard_error_windows
        spread = f" ± {error:.2g} (standard error over windows)" if error is not None else ""
        return (
            f"{self.model}: perplexity {self.value:.3f}{spread} on {self.text}, {self.tokens} tokens in "
            f"windows of {self.window}"
        )


@dataclass(frozen=True, kw_only=True)
class Divergence(LanguageRecord):
    """How far a model is from a reference, on the same tokens."""

    reference: str
    reference_hash: str
    nll_difference: float  # nats per token, above 0: the model predicts worse than the reference
    standard_error: float  # of the paired difference, over tokens
    standard_error_windows: float | None
    kl: float  # mean KL(reference || model), nats per token
    kl_standard_error: float
    top1_agreement: float  # share of positions where both find the same token most likely
    perplexity: float
    reference_perplexity: float
    text: str
    text_hash: str
    window: int
    tokens: int

    def __repr__(self) -> str:
        return (
            f"{self.model}, against {self.reference}: {self.nll_difference:+.4f} ± {self.standard_error:.4f} "
            f"nats per token, KL {self.kl:.5f}, same first choice {self.top1_agreement:.1%} ({self.tokens} "
            f"tokens of {self.text}, windows of {self.window})"
        )


@dataclass(frozen=True, eq=False)
class Reference:
    """The logits of a reference model on a text, kept in memory for several comparisons."""

    name: str
    artefact_hash: str
    windows: Windows
    logits: tuple[np.ndarray, ...]  # float32 (window - 1, vocabulary) for each window

    @classmethod
    def of(cls, model: LanguageModel, windows: Windows | None = None) -> Reference:
        """Compute the logits of a model on a text.

        Args:
            model: usually the one in float32.
            windows: the text; None takes the shared one of this model.

        Raises:
            InputError: the logits would take more than 2 GiB, or as `measure`.
        """
        chosen = texts.windows(model) if windows is None else windows
        needed = chosen.scored * model.vocabulary * 4
        if needed > _LARGEST_REFERENCE:
            raise InputError(
                f"The logits of {model.name} on {chosen!r} take {needed / 1e9:.1f} GB. Take fewer windows, or "
                "compare with the model itself: compare(model, reference, windows)."
            )
        rows = _bar(model, chosen)
        found = tuple(model.logits(ids)[:-1] for ids in rows)
        name = f"{model.name}, {model.engine}"
        return cls(name, record.content_hash(model.path), chosen, found)


def measure(model: LanguageModel, windows: Windows | None = None) -> Perplexity:
    """Return a model's perplexity on a text, and publish it.

    Args:
        model: the model.
        windows: the text in this model's tokens; None takes the shared text (`texts.windows`).

    Raises:
        InputError: a window is longer than the context, or holds tokens that the model does not have.
        FormatError: the model's scores are no numbers.
    """
    chosen = texts.windows(model) if windows is None else windows
    nll = np.stack([_surprise(model, model.logits(ids), ids) for ids in _bar(model, chosen)])
    value = math.exp(nll.mean())
    over_windows = _standard_error(nll.mean(axis=1))
    result = Perplexity(
        **record.facts(model),
        value=value,
        # The error of exp(x) is that of x times exp(x), for a small one.
        standard_error_tokens=value * (_standard_error(nll.ravel()) or 0.0),
        standard_error_windows=None if over_windows is None else value * over_windows,
        windows_nll=tuple(float(mean) for mean in nll.mean(axis=1)),
        **_told(chosen),
    )
    history.publish(KIND, result.model, result)
    return result


def compare(
    model: LanguageModel,
    reference: LanguageModel | Reference,
    windows: Windows | None = None,
) -> Divergence:
    """Return how far a model is from a reference on the same tokens, and publish it.

    Args:
        model: the model.
        reference: another model with the same tokens, or its logits (`Reference.of`).
        windows: the text; None takes the reference's, or the shared text.

    Raises:
        InputError: another vocabulary, other windows than the reference's, or as `measure`.
        FormatError: one of the two gives scores that are no numbers.
    """
    if isinstance(reference, Reference):
        if windows is not None and windows.hash != reference.windows.hash:
            raise InputError(
                f"The reference was computed on {reference.windows!r}; these are {windows!r}. Leave the "
                "windows out, or compute the reference on them."
            )
        chosen, name, its_hash = reference.windows, reference.name, reference.artefact_hash
        vocabulary = reference.logits[0].shape[1]
    else:
        chosen = texts.windows(reference) if windows is None else windows
        name = f"{reference.name}, {reference.engine}"
        its_hash, vocabulary = record.content_hash(reference.path), reference.vocabulary
    if vocabulary != model.vocabulary:
        raise InputError(
            f"{model.name} has {model.vocabulary} tokens and the reference {vocabulary}: their probabilities "
            "can't be compared. Compare models with the same tokenizer."
        )
    ours, theirs, kl, agreed = [], [], [], []
    for i, ids in enumerate(_bar(model, chosen)):
        of_reference = (
            reference.logits[i] if isinstance(reference, Reference) else reference.logits(ids)[:-1]
        )
        of_model = model.logits(ids)[:-1]
        ours.append(_surprise(model, of_model, ids))
        theirs.append(_surprise(reference, of_reference, ids))
        kl.append(scores.divergence(of_reference, of_model))
        agreed.append(of_reference.argmax(axis=1) == of_model.argmax(axis=1))
    nll, nll_reference = np.stack(ours), np.stack(theirs)
    difference, divergences = nll - nll_reference, np.concatenate(kl)
    result = Divergence(
        **record.facts(model),
        reference=name,
        reference_hash=its_hash,
        nll_difference=float(difference.mean()),
        standard_error=_standard_error(difference.ravel()) or 0.0,
        standard_error_windows=_standard_error(difference.mean(axis=1)),
        kl=float(divergences.mean()),
        kl_standard_error=_standard_error(divergences) or 0.0,
        top1_agreement=float(np.concatenate(agreed).mean()),
        perplexity=math.exp(nll.mean()),
        reference_perplexity=math.exp(nll_reference.mean()),
        **_told(chosen),
    )
    history.publish(KIND, f"{result.model} against {name}", result)
    return result


def _surprise(model: LanguageModel | Reference, logits: np.ndarray, ids: np.ndarray) -> np.ndarray:
    nll = scores.surprise(logits, ids)
    if not np.isfinite(nll).all():
        raise FormatError(
            f"{model.name} gives scores that are no numbers (NaN or infinite) for {(~np.isfinite(nll)).sum()} of "
            f"{len(nll)} tokens: its weights or its conversion are broken. Make it again."
        )
    return nll


def _standard_error(values: np.ndarray) -> float | None:
    """Return the standard error of a mean, None for a single value."""
    if len(values) < 2:
        return None
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def _bar(model: LanguageModel, windows: Windows) -> progress.Bar:
    return progress.bar(windows.ids, f"{model.name} reads {windows.name}", unit="window")


def _told(windows: Windows) -> dict[str, Any]:
    return {
        "text": windows.name,
        "text_hash": windows.hash,
        "window": windows.window,
        "tokens": windows.scored,
    }
