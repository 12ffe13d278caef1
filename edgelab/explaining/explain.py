"""Why is it not faster? The cause, its evidence, and what helps.

    why = benchmark.explain(float32, pruned)
    why                    # its repr is a small report
    why.cause              # "zeros", or None: no cause found

A tool's tracker is full of the question, and of guesses. Here nothing is guessed that can be tried: the pair
is timed in turn with variants of the candidate that lack one suspect each (`edgelab.explaining.experiments`), the
file is read (`edgelab.explaining.anatomy`), and what the time went to is added up (`edgelab.explaining.diagnosis`). Where the
known causes do not account for it, the answer is that no cause was found. Lesson 25.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import keras, records, workspace
from edgelab.errors import InputError
from edgelab.explaining import anatomy, diagnosis, experiments
from edgelab.explaining.causes import CAUSES
from edgelab.explaining.diagnosis import Diagnosis, Evidence, Finding, Side
from edgelab.explaining.experiments import Found
from edgelab.explaining.subjects import Pipeline, Subject
from edgelab.measuring import compare, machine
from edgelab.records import duration
from edgelab.runtimes import Candidate
from edgelab.serialize import Serializable

__all__ = ["Explanation", "Pipeline", "explain"]

NOTHING = "no cause found"
_ROUGH = 0.05  # of the excess: less than this is not worth calling unexplained
_LINE = '<p style="margin:0.3em 0">'


@dataclass(frozen=True)
class Explanation(Serializable):
    """Why one artefact is not as much faster than another as its work promises."""

    diagnosis: Diagnosis

    @property
    def cause(self) -> str | None:
        """Return the limiting factor's key (see `causes.CAUSES`), or None: no cause found."""
        return self.diagnosis.cause

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what the time beyond the promise went to, the costliest first."""
        return self.diagnosis.findings

    @property
    def evidence(self) -> Evidence:
        """Return what the explanation rests on."""
        return self.diagnosis.evidence

    @property
    def names(self) -> tuple[str, str]:
        """Return the names of reference and candidate."""
        return self.evidence.before.name, self.evidence.after.name

    @property
    def verdict(self) -> str:
        """Return the answer in one sentence."""
        if self.cause:
            return f"Limited by {CAUSES[self.cause].title}."
        d, none = self.diagnosis, NOTHING.capitalize()
        if d.kept:
            return f"{none}: it is about as fast as its work promises."
        if d.unsure:
            return (
                f"{none}: from these rounds nobody can tell whether it keeps its promise. Stop other "
                "programs, or take more rounds (limits=)."
            )
        if not self.findings:
            left = duration(d.unexplained_ms)
            return f"{none}: {left} more than promised, and no known cause accounts for it."
        first = self.findings[0]
        return (
            f"{none}: of {duration(d.excess_ms)} more than promised {duration(d.unexplained_ms)} are "
            f"unexplained. Largest known: {first.about.title} ({duration(first.lost_ms)})."
        )

    def __repr__(self) -> str:
        lines = [self._headline(), f"  {self.verdict}"]
        for finding in self.findings:
            kind = "measured" if finding.measured else "estimated"
            lines.append(
                f"  {finding.cause}: {duration(finding.lost_ms)} beyond the promise ({kind})"
            )
            lines += [f"    {text}" for text in finding.seen]
            lines.append(f"    remedy: {finding.about.remedy}")
        if self.findings and self._open_question:
            lines.append(f"  unexplained: {duration(self.diagnosis.unexplained_ms)}")
        return "\n".join([*lines, *(f"  {text}" for text in self.doubts)])

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what makes the explanation doubtful; empty when sound."""
        if not self.evidence.busy:
            return ()
        return ("machine busy: other processes ran meanwhile; stop them and explain again",)

    @property
    def _open_question(self) -> bool:
        """Tell whether more is unexplained than the error of such a sum."""
        return self.diagnosis.unexplained_ms > _ROUGH * self.diagnosis.excess_ms

    def _headline(self) -> str:
        d, e = self.diagnosis, self.evidence
        before, after = duration(e.before.latency_ms), duration(e.after.latency_ms)
        return (
            f"{e.after.name}: {after}, {e.before.name}: {before}. On paper {_times(d.promise)} times "
            f"faster, measured {_times(d.gain)} times [{_times(1 / e.high)}, {_times(1 / e.low)}]."
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<li style="margin:0.3em 0">{html.escape(f.about.title)}: <strong>'
            f"{html.escape(duration(f.lost_ms))}</strong> beyond the promise "
            f"({'measured' if f.measured else 'estimated'})."
            f"<br>Seen: {html.escape('; '.join(f.seen))}."
            f"<br>Remedy: {html.escape(f.about.remedy)}</li>"
            for f in self.findings
        )
        left = html.escape(duration(self.diagnosis.unexplained_ms))
        rest = f"{_LINE}Unexplained: {left}.</p>" if rows and self._open_question else ""
        doubts = "".join(f"{_LINE}{html.escape(doubt)}.</p>" for doubt in self.doubts)
        return (
            f'<div style="padding:0 0.4em;max-width:60em">{_LINE}{html.escape(self._headline())}</p>'
            f"{_LINE}<strong>{html.escape(self.verdict)}</strong></p>"
            f'<ol style="margin:0.3em 0">{rows}</ol>{rest}{doubts}</div>'
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def explain(
    a: Any,
    b: Any,
    on: Any = None,
    *,
    names: tuple[str, str] | None = None,
    limits: compare.Limits | None = None,
    seed: int = 0,
) -> Explanation:
    """Name what keeps `b` from being as much faster than `a` as its work promises.

    Where the first rounds leave open whether the promise is kept, it looks again, for longer.

    Unlike `benchmark.compare` it takes sides with different numbers of threads: they are a suspect.

    Args:
        a: the reference: a path, a `Candidate`, a Keras model in memory, or a `Pipeline` (a file with
            the Python code around it).
        b: the candidate that should be faster, in the same way.
        on: a split or an array whose first image is timed; None takes a random one.
        names: labels of the two; None takes the files' names.
        limits: how much evidence to gather; None takes the profile's.
        seed: of the random orders.

    Returns:
        The explanation. Its cause is None where no cause was found.

    Raises:
        InputError: no artefact, an unknown format, a wrong input shape, or a pipeline around a file that
            runs in TensorFlow.
        EdgelabError: an artefact can't be loaded.
    """
    labels = names or _labels(a, b)
    before, after = (_subject(x, label) for x, label in zip((a, b), labels, strict=True))
    parts = tuple(anatomy.of(s.candidate.path, s.candidate.runtime) for s in (before, after))
    image = _image(on)
    chosen = limits or experiments.LIMITS[workspace.profile()]

    def look(limit: compare.Limits, number: int) -> Diagnosis:
        found = experiments.run(
            before, after, (parts[0], parts[1]), image, limit=limit, seed=number
        )
        sides = [
            Side(s.name, s.runtime, s.candidate.threads, latency, part, batches)
            for s, latency, part, batches in zip(
                (before, after), found.latency_ms, parts, found.by_batch, strict=True
            )
        ]
        return diagnosis.diagnose(_evidence(sides[0], sides[1], found))

    answer = look(chosen, seed)
    if (
        answer.unsure
    ):  # new rounds, more of them: the first ones, chosen for being unclear, don't count
        answer = look(_longer(chosen), seed + 1)
    result = Explanation(answer)
    records.publish("explanation", " / ".join(result.names), result)
    return result


def _longer(limits: compare.Limits) -> compare.Limits:
    """Return limits for a second look: twice as many rounds, never fewer than can be mirrored."""
    rounds = max(compare.MIRRORED, 2 * limits.min_rounds)
    return replace(
        limits,
        min_rounds=rounds,
        max_rounds=max(rounds, 2 * limits.max_rounds),
        seconds=2 * limits.seconds,
    )


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"


def _evidence(before: Side, after: Side, found: Found) -> Evidence:
    here = machine.describe()
    return Evidence(
        before=before,
        after=after,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        without=found.without,
        operators_ms=found.operators_ms,
        reading_ms=found.reading_ms,
        padded_macs=found.padded_macs,
        reference=found.reference,
        cache_bytes=machine.own_cache_bytes(),
        int8=tuple(here["int8"]),
        cores=int(here["cores"]),
        busy=found.busy,
    )


def _labels(a: Any, b: Any) -> tuple[str, str]:
    first, second = (_label(x) for x in (a, b))
    return (first, second) if first != second else (first, f"{second} again")


def _label(x: Any) -> str:
    artefact = x.artefact if isinstance(x, Pipeline) else x
    path = artefact.path if isinstance(artefact, Candidate) else artefact
    return Path(path).stem if isinstance(path, str | Path) else getattr(path, "name", "model")


def _subject(x: Any, name: str) -> Subject:
    artefact = x.artefact if isinstance(x, Pipeline) else x
    pipeline = x if isinstance(x, Pipeline) else None
    if isinstance(artefact, Candidate):
        candidate = Candidate(
            workspace.existing(artefact.path), artefact.runtime, artefact.threads, artefact.weights
        )
    elif keras.is_model(artefact):
        safe = "".join(c if c.isalnum() else "_" for c in name)
        candidate = Candidate(keras.save(artefact, f"{safe}.keras"))
    elif isinstance(artefact, str | Path):
        candidate = Candidate(workspace.existing(artefact))
    else:
        raise InputError(
            f"{name!r} is a {type(artefact).__name__}; give the path of an artefact, a Candidate, a "
            "Pipeline, or a Keras model."
        )
    return Subject(name, candidate, pipeline)


def _image(on: Any) -> np.ndarray | None:
    if on is None:
        return None
    images = np.asarray(getattr(on, "x", on))
    if len(images) == 0:
        raise InputError("There are no images to time; the split or array is empty.")
    return images[:1]
