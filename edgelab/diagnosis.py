"""From evidence to a cause: how much time a change promises, how much is lost, and to what.

    found = diagnosis.diagnose(evidence)
    found.promise, found.gain, found.cause

On paper a file that multiplies half as much with weights of a quarter of the bits takes an eighth of the
time. What it takes beyond that is the *excess*, and every cause claims milliseconds of it: those that an
experiment took away, or, where nothing can be taken away, those that the work would have cost at the
reference's own rate. Causes claim from the outside in and never twice the same time. What nobody claims
stays unexplained, and when no cause claims enough, there is none to name.

The rules are pure functions of the evidence; `edgelab.experiments` gathers it. Lesson 25.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgelab.anatomy import DYNAMIC, FLOAT, INTEGER, LANES, WIDENED, Anatomy
from edgelab.causes import CAUSES, Cause
from edgelab.evidence import Evidence, Side, fixed_and_each
from edgelab.records import duration
from edgelab.serialize import Serializable

__all__ = [
    "Diagnosis",
    "Evidence",
    "Finding",
    "Side",
    "diagnose",
    "fixed_and_each",
    "paper_gain",
    "promise",
]

# A paper gain is a rule of thumb; a candidate this close to it keeps its promise.
KEPT = 1.3
# A cause that costs less than this share of the excess is not worth naming.
WORTH_NAMING = 0.15
_MEMORY_SHARE = 0.3  # of the time, before reading weights counts as what limits
_MEMORY_BYTES = 500_000  # fewer weights than this stay in a core's own cache
_SLOW_SHARE = 0.1  # of the multiplications without a fast kernel
_IDLE_LANES = 0.2  # of the multipliers, more than in the reference
_NARROW_SHARE = 0.3  # of the multiplications in int8, before its instructions can matter
_ZEROS_SAVED = 0.9  # filled zeros may cost this much more before zeros count as skipped
_FAST_INT8 = ("VNNI", "AMX", "dot product", "i8mm")
_WORTH_OF_INT8 = 2.5  # fast instructions multiply int8 at least this many times faster than floats
_CONVERTING = ("QuantizeLinear", "DequantizeLinear")
_DYNAMIC_CONVOLUTION = ("ConvInteger",)
_INTEGER_KINDS = ("QLinear", "MatMulInteger", "DynamicQuantizeMatMul")
_AROUND_IT = ("DynamicQuantizeLinear", "Cast", "Mul")  # rounds what goes in, scales what comes out


@dataclass(frozen=True)
class Finding(Serializable):
    """One cause with what it costs.

    Attributes:
        cause: key in `causes.CAUSES`.
        lost_ms: the time of one inference that it costs.
        seen: the evidence, one sentence each.
        measured: whether an experiment took it away; else the time is an estimate from rates.
    """

    cause: str
    lost_ms: float
    seen: tuple[str, ...]
    measured: bool

    @property
    def about(self) -> Cause:
        """Return title and remedy."""
        return CAUSES[self.cause]


@dataclass(frozen=True)
class Diagnosis(Serializable):
    """What limits the candidate, the costliest cause first; no findings where none was found."""

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
        """Tell whether the candidate is about as fast as its work promises."""
        return self.promise * self.evidence.ratio <= KEPT

    @property
    def cause(self) -> str | None:
        """Return the key of the cause that costs most, None where no cause was found."""
        return self.findings[0].cause if self.findings else None

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
    if found.kept:
        return found
    left = found.excess_ms
    claimed = []
    for claim in _claims(evidence):
        lost = min(left, claim.lost_ms)
        left -= lost
        claimed.append(Finding(claim.cause, lost, claim.seen, claim.measured))
    worth = [f for f in claimed if f.lost_ms >= WORTH_NAMING * found.excess_ms]
    worth.sort(key=lambda f: -f.lost_ms)
    return Diagnosis(evidence, promised, tuple(worth))


def _claims(e: Evidence) -> Iterator[Finding]:
    """Yield what each cause claims of the candidate's time, from the outside in."""
    yield from _around(e)
    yield from _fixed(e)
    yield from _kernels(e)
    yield from _weights(e)
    yield from _arithmetic(e)


def _around(e: Evidence) -> Iterator[Finding]:
    """Look at what stands around the network: Python code, the call, threads."""
    latency = e.after.latency_ms
    if "python" in e.without:
        alone = e.without["python"]
        seen = f"with its Python code {duration(latency)}, the network alone {duration(alone)}"
        yield from _if_any("python", latency - alone, seen)
    if "call" in e.without:
        compiled = e.without["call"]
        seen = f"called with {e.after.runtime} {duration(latency)}, compiled {duration(compiled)}"
        yield from _if_any("call", latency - compiled, seen)
    fewer = {int(k.split()[1]): ms for k, ms in e.without.items() if k.startswith("threads ")}
    if fewer:
        best = min(fewer, key=lambda n: fewer[n])
        seen = (
            f"{e.after.threads} threads on {e.cores} cores: {duration(latency)}; {best} "
            f"{'thread' if best == 1 else 'threads'}: {duration(fewer[best])}"
        )
        yield from _if_any("threads", latency - fewer[best], seen)


def _fixed(e: Evidence) -> Iterator[Finding]:
    """Look at what a call costs however many images it takes: reading weights, and overhead."""
    inner, fixed = _inner_ms(e), e.after.fixed_ms
    large = e.after.parts.weight_bytes >= _MEMORY_BYTES
    reading = min(e.reading_ms, inner if fixed is None else fixed)
    if large and reading >= _MEMORY_SHARE * inner:
        amount = e.after.parts.weight_bytes / 1e6
        share = f"{duration(e.reading_ms)} of {duration(inner)}"
        seen = [f"only reading its {amount:.1f} MB of weights takes {share}"]
        if fixed is not None:
            seen.append(_batch_line(e.after))
        # What is paid once a call is the reading, if not at the best rate that the memory allows.
        yield Finding("memory", reading if fixed is None else fixed, tuple(seen), measured=True)
    elif fixed is not None:
        yield from _if_any("overhead", fixed, _batch_line(e.after))


def _kernels(e: Evidence) -> Iterator[Finding]:
    """Look for operators that no fast kernel takes, and for operators that only convert."""
    b, each = e.after.parts, e.after.each_ms
    if "kernels" in e.without:
        fast = e.without["kernels"]
        seen = f"with the runtime's fast kernels {duration(fast)}, without {duration(_inner_ms(e))}"
        yield from _if_any("kernels", _inner_ms(e) - fast, seen)
    elif b.slow >= _SLOW_SHARE:
        at_old_rate = b.macs / e.before.macs_each_ms
        kinds = sorted({p.arithmetic for p in b.parts if not p.fast})
        seen = f"no fast kernel takes {b.slow:.0%} of its multiplications ({', '.join(kinds)})"
        yield from _if_any("kernels", each - at_old_rate, seen, _rates(e), measured=False)
    slow = sum(e.operators_ms.get(kind, 0.0) for kind in _DYNAMIC_CONVOLUTION)
    if slow:
        around = sum(e.operators_ms.get(kind, 0.0) for kind in _AROUND_IT)
        told = [
            f"ConvInteger takes {duration(slow)}, rounding and scaling around it {duration(around)}"
        ]
        lost = slow + around - b.share(DYNAMIC) * b.macs / e.before.macs_each_ms
        if "dynamic" in e.without:
            static = e.without["dynamic"]
            told.append(f"quantized statically it takes {duration(static)}")
            lost = _inner_ms(e) - static
        yield from _if_any("dynamic", lost, *told, measured="dynamic" in e.without)
    converting = sum(e.operators_ms.get(kind, 0.0) for kind in _CONVERTING)
    seen = f"{b.converters} converting operators take {duration(converting)}"
    yield from _if_any("converters", converting, seen)


def _weights(e: Evidence) -> Iterator[Finding]:
    """Look for savings on paper only: thin layers, zeros, and narrow weights that are widened."""
    b, each = e.after.parts, e.after.each_ms
    idle = b.idle_lanes
    if idle - e.before.parts.idle_lanes >= _IDLE_LANES:
        thin = sum(p.channels % LANES != 0 for p in b.parts)
        seen = [
            f"{thin} of {len(b.parts)} layers have a number of channels that is no multiple of {LANES}"
        ]
        seen.append(f"about {idle:.0%} of the multipliers have nothing to do")
        yield from _if_any("narrow", idle * each, *seen, measured=False)
    filled = e.without.get("zeros")
    if b.idle > e.before.parts.idle and filled is not None:
        seen = [f"{b.idle:.0%} of its multiplications are with a 0"]
        seen.append(
            f"with every 0 filled it takes {duration(filled)}, before {duration(_inner_ms(e))}"
        )
        if _inner_ms(e) >= _ZEROS_SAVED * filled:
            yield from _if_any("zeros", b.idle * each, *seen, measured=False)
    widened = b.share(WIDENED, fast=True)
    if widened:
        stored = f"stored in {b.widened_from:.0f} bits and widened to 32"
        seen = [f"{widened:.0%} of its multiplications use weights {stored}"]
        lost = widened * each * (1 - b.widened_from / 32)
        yield from _if_any("widened", lost, *seen, measured=False)


def _arithmetic(e: Evidence) -> Iterator[Finding]:
    """Look at what is multiplied in which kind of number, and how fast this processor is at it."""
    b, each = e.after.parts, e.after.each_ms
    floats, narrow = b.share(FLOAT, fast=True), b.share(INTEGER, DYNAMIC, fast=True)
    quantized = any(p.arithmetic in (INTEGER, DYNAMIC) for p in b.parts)
    float_ms = min(each, floats * b.macs / e.before.macs_each_ms)
    if quantized and floats:
        layers = sum(p.arithmetic == FLOAT for p in b.parts)
        seen = (
            f"{layers} of {len(b.parts)} layers with {floats:.0%} of the multiplications stayed in "
            "floating point"
        )
        yield from _if_any("float", float_ms * (1 - 8 / 32), seen, measured=False)
    if narrow < _NARROW_SHARE or any(word in name for name in e.int8 for word in _FAST_INT8):
        return
    narrow_ms = max(0.0, each - float_ms)
    if e.operators_ms:
        narrow_ms = sum(
            ms for kind, ms in e.operators_ms.items() if kind.startswith(_INTEGER_KINDS)
        )
    rate = narrow * b.macs / narrow_ms / e.before.macs_each_ms if narrow_ms else 0.0
    if 0 < rate < _WORTH_OF_INT8 and e.before.parts.share(FLOAT) > 0.5:
        has = ", ".join(e.int8) or "none"
        seen = (
            f"this processor's instruction sets for int8: {has}; it multiplies int8 {rate:.1f} times "
            "as fast as floats"
        )
        yield from _if_any("instructions", narrow_ms * (1 - rate / 4), seen, measured=False)


def _inner_ms(e: Evidence) -> float:
    """Return the time of the network alone, called as it is."""
    return e.without.get("python", e.after.latency_ms)


def _batch_line(side: Side) -> str:
    largest = max(side.by_batch)
    return (
        f"one image takes {duration(side.by_batch[1])}, {largest} images in one call "
        f"{duration(side.by_batch[largest])}: {duration(side.fixed_ms)} are paid once a call"
    )


def _rates(e: Evidence) -> str:
    # Multiply-accumulates a millisecond are thousands a second; in thousand millions they read well.
    new, old = (side.macs_each_ms / 1e6 for side in (e.after, e.before))
    return f"{new:.3g} thousand million multiply-accumulates a second, the reference {old:.3g}"


def _if_any(cause: str, lost_ms: float, *seen: str, measured: bool = True) -> Iterator[Finding]:
    if lost_ms > 0:
        yield Finding(cause, lost_ms, seen, measured)
