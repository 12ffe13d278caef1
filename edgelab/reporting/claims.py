"""Figures that circulate, set beside what this machine measured.

    report.claim("int8-size", result)

shows the wording, the kind of source, the claimed range and the measured one with its interval, and
says *holds*, *does not hold* or *cannot tell here*. The interval decides, not the point: a claim holds
when the whole interval lies in the claimed range, and fails when none of it does. The claims are data
(`data/claims.yaml`). Lessons 20 and 24.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab import evaluate, records, workspace
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.figures import style
from edgelab.records import Accuracy, Comparison, Measurement
from edgelab.reporting.quantities import QUANTITIES

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot tell here"
RATIO, DIFFERENCE = "reference / candidate", "reference - candidate"
SOURCES = ("course material", "vendor documentation", "paper", "hypothesis")

_REQUIRED = {"id", "wording", "source", "metric", "better", "reference", "candidate", "low", "high"}
_SELECTORS = {"technique", "model", "runtime"}


@dataclass(frozen=True)
class Claim:
    """One figure that circulates.

    Attributes:
        id: how the lessons call it.
        wording: language → the claim in one sentence.
        source: what kind of source makes it, one of `SOURCES`.
        metric: the figure that is compared.
        better: `RATIO` (a gain, in times) or `DIFFERENCE` (a loss, in percentage points).
        reference: which measurement is the reference: technique, model, runtime.
        candidate: the same for the candidate.
        low: lower end of the claimed range, None where it is open.
        high: upper end.
    """

    id: str
    wording: dict[str, str]
    source: str
    metric: str
    better: str
    reference: dict[str, str]
    candidate: dict[str, str]
    low: float | None
    high: float | None

    def said(self, language: str | None = None) -> str:
        """Return the wording in a language, by default the one of `EDGELAB_LANG`, else English."""
        code = (language or os.environ.get("EDGELAB_LANG") or "en")[:2].lower()
        return self.wording.get(code, self.wording["en"])

    @property
    def level(self) -> float | None:
        """Return the confidence of a measured interval; None where the figure is exact."""
        from edgelab.measuring import compare

        if self.better == DIFFERENCE:
            return 0.95
        return compare.LEVEL if self.metric == "latency_ms" else None

    def judge(self, low: float, high: float) -> str:
        """Return the verdict on a measured interval."""
        floor = -math.inf if self.low is None else self.low
        ceiling = math.inf if self.high is None else self.high
        if floor <= low and high <= ceiling:
            return HOLDS
        return FAILS if high < floor or low > ceiling else OPEN


@dataclass(frozen=True)
class Pair:
    """One measured pair that a claim speaks of: the value, its interval and the verdict."""

    candidate: str
    reference: str
    value: float
    low: float
    high: float
    verdict: str


@functools.cache
def load(path: Path | None = None) -> dict[str, Claim]:
    """Return all claims by their id.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is no YAML list of claims, or an entry has a missing, unknown or wrong key.
    """
    import yaml

    source = path or workspace.data_dir() / "claims.yaml"
    try:
        entries = yaml.safe_load(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no file of claims at {source}. Restore it.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{source} is no readable YAML: {error}") from error
    if not isinstance(entries, list):
        raise FormatError(f"{source} holds a {type(entries).__name__}; it is a list of claims.")
    claims: dict[str, Claim] = {}
    for entry in entries:
        claim = _claim(entry, source)
        if claim.id in claims:
            raise FormatError(f"{source} has two claims called {claim.id!r}: rename one.")
        claims[claim.id] = claim
    return claims


def find(name: str) -> Claim:
    """Return one claim.

    Raises:
        InputError: there is none of this name; the message lists those that exist.
    """
    claims = load()
    if name not in claims:
        raise InputError(f"There is no claim {name!r}; there are {', '.join(claims)}.")
    return claims[name]


def pairs(claim: Claim, result: Comparison) -> tuple[Pair, ...]:
    """Return every pair of a comparison that the claim speaks of, judged.

    Where the claim names no model, candidate and reference must be variants of the same one.
    Models that say nothing about it (simulated, reference runs of another machine, untrained where
    accuracy is meant, not measured) are left out.
    """
    found = []
    for candidate in _matching(claim, claim.candidate, result):
        for reference in _matching(claim, claim.reference, result):
            if candidate is reference or not _belong(claim, reference, candidate):
                continue
            value, low, high = _measured(claim, result, reference, candidate)
            verdict = claim.judge(low, high)
            found.append(Pair(candidate.name, reference.name, value, low, high, verdict))
    return tuple(found)


def evidence(claim: Claim, result: Comparison | None = None) -> tuple[Pair, ...]:
    """Return the judged pairs of a comparison, else of the latest in the history that has any."""
    if result is not None:
        if not isinstance(result, Comparison):
            raise InputError(
                f"A claim is judged by a comparison, not by a {type(result).__name__}: pass what "
                "benchmark.compare returned, or nothing to use the journal."
            )
        return pairs(claim, result)
    for record in reversed(records.history("comparison")):
        if found := pairs(claim, Comparison.from_dict(record.payload)):
            return found
    return ()


def _claim(entry: Any, source: Path) -> Claim:
    if not isinstance(entry, Mapping):
        raise FormatError(f"{source}: {entry!r} is no claim; a claim has {sorted(_REQUIRED)}.")
    label = f"{source}: claim {entry.get('id', '?')!r}"
    if unknown := sorted(set(entry) - _REQUIRED):
        raise FormatError(f"{label} has an unknown key {unknown[0]!r}; known: {sorted(_REQUIRED)}.")
    if missing := sorted(_REQUIRED - set(entry)):
        raise FormatError(f"{label} lacks {missing[0]!r}.")
    for offence in _offences(entry):
        raise FormatError(f"{label}: {offence}")
    return Claim(**entry)


def _offences(entry: Mapping[str, Any]) -> Iterator[str]:
    wording = entry["wording"]
    if not isinstance(wording, Mapping) or set(wording) != {"en", "fr"}:
        yield "the wording is given in en and in fr"
    if entry["source"] not in SOURCES:
        yield f"the source is one of {', '.join(SOURCES)}, not {entry['source']!r}"
    if entry["better"] not in (RATIO, DIFFERENCE):
        yield f"better is {RATIO!r} or {DIFFERENCE!r}, not {entry['better']!r}"
    if entry["metric"] not in records.KEYS:
        yield f"a measurement has no figure {entry['metric']!r}; it has {', '.join(records.KEYS)}"
    if (entry["better"] == DIFFERENCE) != (entry["metric"] == "accuracy"):
        yield "a difference is claimed of the accuracy, a ratio of everything else"
    for side in ("reference", "candidate"):
        chosen = entry[side]
        if not isinstance(chosen, Mapping) or not chosen or set(chosen) - _SELECTORS:
            yield f"{side} chooses by {', '.join(sorted(_SELECTORS))}, not {chosen!r}"
        elif chosen.get("technique", "float32") not in style.COLOURS:
            yield f"there is no technique {chosen['technique']!r}; use {', '.join(style.COLOURS)}"
    bounds = [entry["low"], entry["high"]]
    if any(b is not None and not isinstance(b, int | float) for b in bounds):
        yield f"low and high are numbers or null, not {bounds}"
    elif bounds == [None, None] or (None not in bounds and bounds[0] > bounds[1]):
        yield f"low and high are a range that says something, not {bounds}"


def _matching(claim: Claim, chosen: Mapping[str, str], result: Comparison) -> Iterator[Measurement]:
    physical = QUANTITIES[claim.metric].physical
    for m in result.measurements:
        if m.value(claim.metric) is None or not m.measured_here or (physical and m.simulated):
            continue
        if claim.metric == "accuracy" and m.weights == "none":
            continue
        if chosen.get("technique", style.technique(m.name)) != style.technique(m.name):
            continue
        if (
            _plain(chosen.get("model", "")) in _plain(m.name)
            and chosen.get("runtime", m.runtime) == m.runtime
        ):
            yield m


def _belong(claim: Claim, reference: Measurement, candidate: Measurement) -> bool:
    if "model" in claim.reference or "model" in claim.candidate:
        return True
    return style.stem(reference.name) == style.stem(candidate.name)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _measured(
    claim: Claim, result: Comparison, reference: Measurement, candidate: Measurement
) -> tuple[float, float, float]:
    if claim.better == DIFFERENCE:
        assert reference.accuracy is not None  # _matching saw to it
        assert candidate.accuracy is not None
        return loss_in_points(reference.accuracy, candidate.accuracy)
    if claim.metric == "latency_ms":
        return _time_gain(result, reference.name, candidate.name)
    # Sizes are exact; other figures without an interval are taken at their word.
    value = reference.value(claim.metric) / candidate.value(claim.metric)  # type: ignore[operator]
    return value, value, value


def _time_gain(result: Comparison, reference: str, candidate: str) -> tuple[float, float, float]:
    """Return how many times faster the candidate is, with the interval over the rounds.

    Both were loaded and timed in the same rounds, so the ratio of their ratios is taken round by
    round. A record without rounds gives the widest interval that its two ratios allow.
    """
    ours, theirs = result.ratio(candidate), result.ratio(reference)
    base = result.reference.name
    rounds = max(len(ours.estimates), len(theirs.estimates))
    above = theirs.estimates or (1.0,) * rounds
    below = ours.estimates or (1.0,) * rounds
    told = all(r.estimates or r.name == base for r in (ours, theirs))
    if told and rounds > 1 and len(above) == len(below):
        from edgelab.measuring import compare

        logs = [math.log(a / b) for a, b in zip(above, below, strict=True)]
        middle, low, high = (math.exp(v) for v in compare.interval(logs))
        return middle, low, high
    low = theirs.low / ours.high if ours.high else math.inf
    high = theirs.high / ours.low if ours.low else math.inf
    return theirs.value / ours.value, low, high


def loss_in_points(before: Accuracy, after: Accuracy) -> tuple[float, float, float]:
    """Return how many percentage points of accuracy were lost, with a 95 % interval.

    On the same images it is the interval of `evaluate.paired`, so that a claim and a table of losses say
    the same. Different images, and older records that do not know which images were wrong, give the wider
    interval of two independent shares.

    Source: Newcombe (1998), Statistics in Medicine 17, p. 2635, and p. 873 for independent shares, method
        10 of both.
    """
    same = (before.dataset, before.split, before.total) == (after.dataset, after.split, after.total)
    if same and before.by_image and after.by_image:
        found = evaluate.paired(before, after)
        # A loss is the difference with its sign turned, and so are the bounds.
        lost = (found.only_a - found.only_b) / found.total
        return 100 * lost, -100 * found.high, -100 * found.low
    difference = before.value - after.value
    low = difference - math.hypot(before.value - before.low, after.high - after.value)
    high = difference + math.hypot(before.high - before.value, after.value - after.low)
    return 100 * difference, 100 * low, 100 * high
