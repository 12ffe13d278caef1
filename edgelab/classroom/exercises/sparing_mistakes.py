"""What goes wrong when zeros are shared out, or trusted (exercises 21.2 and 21.5).

A choice is tried on made-up scans, small enough to try every other choice as well: it passes when it
reaches the wanted zeros and does little more harm than the best one. The disguise is tried on two dense
layers: their answer must stay, and pruning by magnitude must destroy it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from edgelab.classroom.exercises.answers import Wrong, as_array
from edgelab.classroom.language import _, format_number
from edgelab.pruning import masks

if TYPE_CHECKING:
    from edgelab.pruning.pruning_scan import LayerPoints, PruningScan

# A choice passes when it does at most this much more harm than the best one.
MOST_HARM = 1.25
SHARES = (0.5, 0.8, 0.9)
_SAME_SHARE = 1e-6  # a float32 is accepted as well
_REASONS = ("a", "b", "c", "d")
_RIGHT_REASON = "d"


def made_up_scan(layers: Sequence[tuple[str, int, tuple[float, float, float]]]) -> PruningScan:
    """Return a scan of layers that do not exist: name, weights, divergence at each of `SHARES`."""
    from edgelab.pruning.pruning_scan import LayerPoints, PruningScan, ScanPoint
    from edgelab.records import Accuracy

    whole = Accuracy(97, 100, 0.91, 0.99, "validation", "made up")
    entries = []
    for name, weights, harms in layers:
        points = tuple(
            ScanPoint(share, round(weights * share), kl, whole)
            for share, kl in zip(SHARES, harms, strict=True)
        )
        entries.append(LayerPoints(name, weights, points))
    return PruningScan("made up", tuple(entries), whole, 100)


def shares_of(result: Any, scan: PruningScan) -> dict[str, float]:
    """Return a student's choice with every layer in it, or raise `Wrong` where it is none."""
    if not isinstance(result, Mapping):
        raise Wrong(
            "not-a-dictionary",
            _("A choice is a dictionary: layer name → sparsity."),
            _("End with `return shares`."),
        )
    names = [entry.layer for entry in scan]
    strange = [key for key in result if key not in names]
    if strange:
        raise Wrong(
            "unknown-layer",
            _("Your choice names {name}, which is no layer of the scan.").format(
                name=f"`{strange[0]!r}`"
            ),
            _("The name of an entry is `entry.layer`."),
        )
    allowed = (0.0, *scan.sparsities)
    shares = dict.fromkeys(names, 0.0)
    for name, share in result.items():
        if isinstance(share, bool) or not isinstance(share, Real):
            raise Wrong(
                "not-a-share",
                _("{name} gets no number, but {kind}.").format(
                    name=f"`{name}`", kind=f"`{type(share).__name__}`"
                ),
                _("The value is the sparsity, such as 0.9."),
            )
        tried = next((known for known in allowed if abs(float(share) - known) < _SAME_SHARE), None)
        if tried is None:
            raise Wrong(
                "not-tried",
                _("{name} gets {share}; the scan knows nothing about that sparsity.").format(
                    name=f"`{name}`", share=share
                ),
                _("Choose among 0 and those tried: {tried}.").format(
                    tried=", ".join(format_number(known) for known in scan.sparsities)
                ),
            )
        shares[name] = tried
    return shares


def judge_shares(shares: Mapping[str, float], scan: PruningScan, target: float) -> None:
    """Raise `Wrong` unless the choice reaches the zeros wanted with nearly the least harm."""
    need = target * scan.weights
    zeros = sum(_removed(entry, shares[entry.layer]) for entry in scan)
    if zeros < need - len(scan):
        mean = sum(shares.values()) / len(shares)
        if mean >= target - 1e-9:
            raise Wrong(
                "ignores-weights",
                _(
                    "The mean of your sparsities is high enough, but the layers differ in weights: of "
                    "all weights only {share} % are zero."
                ).format(share=format_number(100 * zeros / scan.weights)),
                _("Count zeros: `point.removed` of each layer, against `target * scan.weights`."),
            )
        raise Wrong(
            "too-few-zeros",
            _("Your choice sets {share} % of all weights to zero; {wanted} % are wanted.").format(
                share=format_number(100 * zeros / scan.weights), wanted=format_number(100 * target)
            ),
            _("Go on until the zeros reach `target * scan.weights`."),
        )
    harm = sum(_harm(entry, shares[entry.layer]) for entry in scan)
    least = _least_harm(scan, need)
    if harm <= MOST_HARM * least:
        return
    if len(set(shares.values())) == 1:
        raise Wrong(
            "all-alike",
            _(
                "Every layer gets the same sparsity, the sensitive ones too: {n} times the harm."
            ).format(n=format_number(harm / least)),
            _("Which layer has many weights and hardly minds? Let it give more, and others less."),
        )
    raise Wrong(
        "too-much-harm",
        _("The zeros suffice, at {n} times the harm of the best choice.").format(
            n=format_number(harm / least)
        ),
        _("Harm is the sum of `point.kl`. There are few choices: you can try them all."),
    )


def _least_harm(scan: PruningScan, need: float) -> float:
    """Return the harm of the best choice; the made-up scans have few layers."""
    best = float("inf")
    for some in itertools.product((0.0, *scan.sparsities), repeat=len(scan)):
        if sum(_removed(e, s) for e, s in zip(scan, some, strict=True)) >= need - len(scan):
            best = min(best, sum(_harm(e, s) for e, s in zip(scan, some, strict=True)))
    return best


def _removed(entry: LayerPoints, share: float) -> int:
    return entry.at(share).removed if share else 0


def _harm(entry: LayerPoints, share: float) -> float:
    return entry.at(share).kl if share else 0.0


def judge_disguise(result: Any, first: Any, second: Any, images: Any) -> None:
    """Raise `Wrong` unless the two layers answer as before, and pruning now destroys them."""
    import numpy as np

    if not isinstance(result, tuple | list) or len(result) != 3:
        raise Wrong(
            "not-three",
            _("Three things are wanted: both kernels, and the letter of the reason."),
            _('End with `return new_first, new_second, "a"`, with the letter that you can defend.'),
        )
    new_first, new_second, reason = as_array(result[0]), as_array(result[1]), result[2]
    if new_first.shape != first.shape or new_second.shape != second.shape:
        raise Wrong(
            "wrong-shape",
            _("The kernels came back in other shapes."),
            _("Multiply and divide; take nothing away."),
        )
    expected = _answer(images, first, second)
    got = _answer(images, new_first, new_second)
    scale = float(expected.std())
    if np.abs(got - expected).max() > 0.02 * scale:
        raise Wrong(
            "another-answer",
            _("The two layers no longer give the same answer, even before pruning."),
            _(
                "What a unit's column in the first kernel is divided by, its row in the second must be "
                "multiplied by. The factor must be positive: ReLU stands between them."
            ),
        )
    before = float(np.abs(_pruned(images, first, second) - expected).mean()) / scale
    after = float(np.abs(_pruned(images, new_first, new_second) - expected).mean()) / scale
    if after < 3 * before:
        alike = np.ptp(_ratio(new_first, first)) < 0.05 * _ratio(new_first, first).mean()
        if alike:
            raise Wrong(
                "all-units-alike",
                _("All units are scaled alike, so the order of the magnitudes is the same."),
                _("Make the weights of the important units small, and only theirs."),
            )
        raise Wrong(
            "survives",
            _("Pruned to a half, the answer changes by {after} % of its spread; before, {before} %.")
            .format(after=round(100 * after), before=round(100 * before)),
            _("Which units have large weights? Divide just those by something large."),
        )  # fmt: skip
    judge_reason(reason)


def judge_reason(reason: Any) -> None:
    """Raise `Wrong` unless the letter names why magnitude was misled."""
    letter = str(reason).strip().lower()
    texts = {
        "a": _("Nothing was lost: before pruning, the answer is the same."),
        "b": _(
            "The rows that became large are kept. It is the first kernel that lost its best units."
        ),
        "c": _("Pruned to the same half, the kernels that you were given answered well."),
    }
    if letter not in _REASONS:
        raise Wrong(
            "no-reason",
            _("The kernels are right. The reason is missing: a, b, c or d."),
            _("Look at the list in the exercise."),
        )
    if letter != _RIGHT_REASON:
        raise Wrong(
            f"reason-{letter}",
            texts[letter],
            _("What did pruning look at, and what did it not see?"),
        )


def two_layers(seed: int) -> tuple[Any, Any, Any]:
    """Return two kernels of which half of the units matter, and images to send through them."""
    import numpy as np

    random = np.random.default_rng(seed)
    first = random.choice((-1, 1), (20, 16)) * random.uniform(0.5, 1.5, (20, 16))
    first[:, random.permutation(16)[:8]] *= 0.02
    second = random.choice((-1, 1), (16, 5)) * random.uniform(0.5, 1.5, (16, 5))
    return first, second, random.normal(size=(50, 20))


def _answer(images: Any, first: Any, second: Any) -> Any:
    import numpy as np

    return np.maximum(images @ first, 0) @ second


def _pruned(images: Any, first: Any, second: Any) -> Any:
    return _answer(images, first * masks.largest(first, 0.5), second)


def _ratio(new: Any, old: Any) -> Any:
    import numpy as np

    return np.abs(new).mean(axis=0) / np.abs(old).mean(axis=0)
