"""From evidence to a cause: how much time a change promises, how much is lost, and to what.

    found = diagnosis.diagnose(evidence)
    found.promise, found.gain, found.cause

On paper a file that multiplies half as much with weights of a quarter of the bits takes an eighth of the
time. What it takes beyond that is the *excess*, and every cause claims milliseconds of it
(`edgelab.explaining.suspects`), from the outside in and never twice the same time. What nobody claims stays unexplained.
A cause is named only where it accounts for more than what stays unexplained, or for half of the excess:
the largest of some small costs is no reason.

All of it is a pure function of the evidence; `edgelab.explaining.experiments` gathers it. Lesson 25.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.explaining import suspects
from edgelab.explaining.anatomy import Anatomy
from edgelab.explaining.evidence import Evidence, Reference, Side, fixed_and_each
from edgelab.explaining.suspects import Finding
from edgelab.serialize import Serializable

__all__ = [
    "Diagnosis",
    "Evidence",
    "Finding",
    "Reference",
    "Side",
    "diagnose",
    "fixed_and_each",
    "paper_gain",
    "promise",
]

# A paper gain is a rule of thumb; a candidate this close to it keeps its promise.
KEPT = 1.3
# What costs less than this share of the excess is not worth telling.
WORTH_NAMING = 0.15
# What costs this share of the excess limits the candidate, whatever else there may be.
MAIN = 0.5


@dataclass(frozen=True)
class Diagnosis(Serializable):
    """What a candidate's time beyond its promise went to, the costliest first."""

    evidence: Evidence
    promise: float
    findings: tuple[Finding, ...]

    @property
    def gain(self) -> float:
        """Return how many times faster the candidate is than the reference."""
        return 1 / self.evidence.ratio

    @property
    def promised_ms(self) -> float:
        """Return the time that the candidate would take if it kept what its work promises."""
        return self.evidence.before.latency_ms / self.promise

    @property
    def excess_ms(self) -> float:
        """Return the time beyond that; 0 where the promise is kept."""
        return max(0.0, self.evidence.after.latency_ms - self.promised_ms)

    @property
    def kept(self) -> bool:
        """Tell whether the candidate is about as fast as its work promises, its whole interval."""
        return self.promise * self.evidence.high <= KEPT

    @property
    def unsure(self) -> bool:
        """Tell whether the interval leaves open if the promise is kept."""
        return not self.kept and self.promise * self.evidence.low <= KEPT

    @property
    def cause(self) -> str | None:
        """Return the key of the cause that limits the candidate, None where no cause was found."""
        if not self.findings:
            return None
        first = self.findings[0]
        limits = first.lost_ms > self.unexplained_ms or first.lost_ms >= MAIN * self.excess_ms
        return first.cause if limits else None

    @property
    def unexplained_ms(self) -> float:
        """Return the part of the excess that no finding claims."""
        return max(0.0, self.excess_ms - sum(finding.lost_ms for finding in self.findings))


def paper_gain(before: Anatomy, after: Anatomy) -> float:
    """Return how many times faster a file should be on paper: fewer products, fewer bits a weight.

    Products with a weight that is 0 count as not done, as whoever pruned them hoped. A network without
    weights promises nothing: 1.

    Args:
        before: of the reference.
        after: of the candidate.
    """
    if not (before.macs and after.macs):
        return 1.0
    products = before.macs * (1 - before.idle) / max(1.0, after.macs * (1 - after.idle))
    return products * (before.bits / after.bits)


def promise(before: Side, after: Side, cores: int) -> float:
    """Return the gain on paper, threads included up to the number of cores."""
    threads = min(after.threads, cores) / min(before.threads, cores)
    return paper_gain(before.parts, after.parts) * threads


def diagnose(evidence: Evidence) -> Diagnosis:
    """Name what keeps a candidate from the speed that its work promises."""
    promised = promise(evidence.before, evidence.after, evidence.cores)
    found = Diagnosis(evidence, promised, ())
    if found.kept or found.unsure:
        return found
    left = found.excess_ms
    claimed = []
    for claim in suspects.of(evidence, promised):
        lost = min(left, claim.lost_ms)
        left -= lost
        claimed.append(Finding(claim.cause, lost, claim.seen, claim.measured))
    worth = [f for f in claimed if f.lost_ms >= WORTH_NAMING * found.excess_ms]
    worth.sort(key=lambda f: -f.lost_ms)
    return Diagnosis(evidence, promised, tuple(worth))
