"""What each cause claims of a candidate's time: the rules behind `benchmark.explain`.

    for claim in suspects.of(evidence, promise=2.0):
        claim.cause, claim.lost_ms, claim.seen

What a suspect costs the candidate is half of the answer. The reference may pay the same, and a part of it
is what the promise allows: twice as fast as a side that spends a millisecond in Python still allows half a
millisecond. So a cause claims

    cost in the candidate − cost in the reference / promise

and the claims of all parts of a file add up to what it takes beyond its promise. A cost is what an
experiment took away; where nothing can be taken away it is an estimate from rates, and says so. The order
is from the outside in. Lesson 25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from edgelab.explaining.anatomy import DYNAMIC, FLOAT, INTEGER, LANES, WIDENED
from edgelab.explaining.causes import CAUSES, Cause
from edgelab.explaining.evidence import Evidence, Side
from edgelab.records import duration
from edgelab.serialize import Serializable

_MEMORY_SHARE = 0.3  # of the time, before reading weights counts as what limits
# A core's own cache where the system does not tell: most processors have this much or more.
STATED_CACHE_BYTES = 500_000
_SLOW_SHARE = 0.1  # of the multiplications without a fast kernel
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
        lost_ms: the time of one inference that it costs beyond the promise.
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
class _View:
    """One side with its experiments, so that one rule asks both sides the same."""

    side: Side
    without: Mapping[str, float]
    operators_ms: Mapping[str, float]
    reading_ms: float
    padded_macs: int
    rate: float  # multiply-accumulates a millisecond of the reference

    @property
    def multiplying_ms(self) -> float:
        """Return the time of its multiplications as the reference would do them, at most all of it.

        A file may spend its time on operators that do not multiply; saving products or bits can't
        be blamed for those.
        """
        return min(self.side.each_ms, self.side.parts.macs / self.rate)


def of(e: Evidence, promise: float) -> Iterator[Finding]:
    """Yield what each cause claims of the time beyond the promise, from the outside in.

    Args:
        e: the evidence.
        promise: how many times faster the candidate should be.
    """
    rate = max(e.before.macs_each_ms, 1e-9)  # a network without weights multiplies nothing
    after = _View(e.after, e.without, e.operators_ms, e.reading_ms, e.padded_macs, rate)
    r = e.reference
    before = _View(e.before, r.without, r.operators_ms, r.reading_ms, r.padded_macs, rate)

    def claim(
        cause: str, cost: Callable[[_View], float], *seen: str, measured: bool = True
    ) -> Iterator[Finding]:
        lost = cost(after) - max(0.0, cost(before)) / promise  # a cost below 0 is noise
        if lost > 0:
            yield Finding(cause, lost, seen, measured)

    yield from _around(e, claim)
    yield from _fixed(e, after, claim)
    yield from _kernels(e, claim)
    yield from _weights(e, claim)
    yield from _arithmetic(e, promise)


_Claim = Callable[..., Iterator[Finding]]


def _around(e: Evidence, claim: _Claim) -> Iterator[Finding]:
    """Look at what stands around the network: Python code, the call, threads."""
    latency = e.after.latency_ms
    if "python" in e.without:
        alone = e.without["python"]
        seen = f"with its Python code {duration(latency)}, the network alone {duration(alone)}"
        yield from claim("python", _taken_away("python"), seen)
    if "call" in e.without:
        compiled = e.without["call"]
        seen = f"called with {e.after.runtime} {duration(latency)}, compiled {duration(compiled)}"
        yield from claim("call", _taken_away("call"), seen)
    fewer = _fewer_threads(e.without)
    if fewer:
        best = min(fewer, key=lambda n: fewer[n])
        seen = (
            f"{e.after.threads} threads on {e.cores} cores: {duration(e.after.alone_ms)}; {best} "
            f"{'thread' if best == 1 else 'threads'}: {duration(fewer[best])}"
        )

        def undelivered(v: _View) -> float:
            # What threads promise and no number of them delivers is lost to threads as well: there is
            # not enough work, or no free core. As with zeros: the saving on paper, less the real one.
            one = _fewer_threads(v.without).get(1)
            return 0.0 if one is None else v.side.alone_ms - one / min(v.side.threads, e.cores)

        yield from claim("threads", undelivered, seen, measured=False)


def _taken_away(suspect: str) -> Callable[[_View], float]:
    """Return the rule for a suspect around the network: the whole time less the time without it."""
    return lambda v: v.side.latency_ms - v.without.get(suspect, v.side.latency_ms)


def _fewer_threads(without: Mapping[str, float]) -> dict[int, float]:
    return {int(k.split()[1]): ms for k, ms in without.items() if k.startswith("threads ")}


def _fixed(e: Evidence, after: _View, claim: _Claim) -> Iterator[Finding]:
    """Look at what a call costs however many images it takes: reading weights, and overhead."""
    fixed, inner = e.after.fixed_ms, e.after.alone_ms
    cache = e.cache_bytes or STATED_CACHE_BYTES

    def fixed_of(v: _View) -> float:
        # A call costs about the same with every network: where the reference was too slow to be
        # tried with batches, the candidate's own cost stands for it.
        found = v.side.fixed_ms if v.side.fixed_ms is not None else fixed
        return min(v.side.alone_ms, found or 0.0)

    def reading(v: _View) -> float:
        if v.side.parts.weight_bytes <= cache:
            return 0.0
        return min(v.reading_ms, v.side.alone_ms if v.side.fixed_ms is None else v.side.fixed_ms)

    by_memory = reading(after) >= _MEMORY_SHARE * inner
    if by_memory:
        amount = e.after.parts.weight_bytes / 1e6
        told = (
            "a core's own cache holds" if e.cache_bytes else "a core's own cache is taken to hold"
        )
        seen = [
            (
                f"only reading its {amount:.1f} MB of weights takes {duration(e.reading_ms)} of "
                f"{duration(inner)}; {told} {cache / 1e6:.1f} MB"
            )
        ]
        if fixed is not None:
            seen.append(_batch_line(e.after))
        yield from claim("memory", reading, *seen, measured=False)
    if fixed is not None:

        def overhead(v: _View) -> float:
            return fixed_of(v) - (reading(v) if by_memory else 0.0)

        yield from claim("overhead", overhead, _batch_line(e.after))


def _kernels(e: Evidence, claim: _Claim) -> Iterator[Finding]:
    """Look for operators that no fast kernel takes, and for operators that only convert."""
    b, each, inner = e.after.parts, e.after.each_ms, e.after.alone_ms
    at_old_rate = b.macs / max(e.before.macs_each_ms, 1e-9)
    if "kernels" in e.without:
        fast = e.without["kernels"]
        seen = f"with the runtime's fast kernels {duration(fast)}, without {duration(inner)}"
        yield from claim("kernels", _inside("kernels"), seen)
    elif b.slow >= _SLOW_SHARE:
        kinds = sorted({p.arithmetic for p in b.parts if not p.fast})
        seen = f"no fast kernel takes {b.slow:.0%} of its multiplications ({', '.join(kinds)})"
        yield from _if_any("kernels", each - at_old_rate, seen, _rates(e), measured=False)
    slow = _sum(e.operators_ms, _DYNAMIC_CONVOLUTION)
    if slow:
        around = _sum(e.operators_ms, _AROUND_IT)
        told = [
            f"ConvInteger takes {duration(slow)}, rounding and scaling around it {duration(around)}"
        ]
        if "dynamic" in e.without:
            told.append(f"quantized statically it takes {duration(e.without['dynamic'])}")
            yield from claim("dynamic", _inside("dynamic"), *told)
        else:
            lost = slow + around - b.share(DYNAMIC) * at_old_rate
            yield from _if_any("dynamic", lost, *told, measured=False)
    converting = _sum(e.operators_ms, _CONVERTING)
    if converting:
        seen = f"{b.converters} converting operators take {duration(converting)}"
        yield from claim("converters", lambda v: _sum(v.operators_ms, _CONVERTING), seen)


def _inside(suspect: str) -> Callable[[_View], float]:
    """Return the rule for a suspect in the network: its time alone less the time without it."""
    return lambda v: v.side.alone_ms - v.without.get(suspect, v.side.alone_ms)


def _sum(times: Mapping[str, float], kinds: tuple[str, ...]) -> float:
    return sum(times.get(kind, 0.0) for kind in kinds)


def _weights(e: Evidence, claim: _Claim) -> Iterator[Finding]:
    """Look for savings on paper only: thin layers, zeros, and narrow weights that are widened."""
    b, inner = e.after.parts, e.after.alone_ms
    if "narrow" in e.without and e.padded_macs:
        thin = sum(p.channels % LANES != 0 for p in b.parts)
        seen = [
            f"{thin} of {len(b.parts)} layers have a number of channels that is no multiple of {LANES}",
            (
                f"padded to multiples of {LANES} it multiplies {e.padded_macs / b.macs:.1f} times as much "
                f"and takes {duration(e.without['narrow'])}, before {duration(inner)}"
            ),
        ]
        yield from claim("narrow", _of_narrow, *seen, measured=False)
    filled = e.without.get("zeros")
    if filled is not None and inner >= _ZEROS_SAVED * filled:
        seen = [
            f"{b.idle:.0%} of its multiplications are with a 0",
            f"with every 0 filled it takes {duration(filled)}, before {duration(inner)}",
        ]
        yield from claim("zeros", _of_zeros, *seen, measured=False)
    if "widened" in e.without:
        stored = f"stored in {b.widened_from:.0f} bits and widened to 32"
        seen = [
            f"{b.share(WIDENED):.0%} of its multiplications use weights {stored}",
            (
                f"with the same weights stored in 32 bits it takes {duration(e.without['widened'])}, "
                f"before {duration(inner)}"
            ),
        ]
        yield from claim("widened", _of_widened, *seen, measured=False)


def _of_narrow(v: _View) -> float:
    """Return the time of idle multipliers: beyond the padded network's, at its rate."""
    if "narrow" not in v.without or not v.padded_macs:
        return 0.0
    full = max(0.0, v.without["narrow"] - (v.side.fixed_ms or 0.0))
    return max(0.0, v.side.each_ms - full * v.side.parts.macs / v.padded_macs)


def _of_zeros(v: _View) -> float:
    """Return what leaving zeros out should have saved, less what it did save."""
    if "zeros" not in v.without:
        return 0.0
    saved = max(0.0, v.without["zeros"] - v.side.alone_ms)
    return max(0.0, v.side.parts.idle * v.multiplying_ms - saved)


def _of_widened(v: _View) -> float:
    """Return what narrow weights should have saved, less what they did save (or cost)."""
    if "widened" not in v.without:
        return 0.0
    saved = v.without["widened"] - v.side.alone_ms
    parts = v.side.parts
    share = parts.share(WIDENED, fast=True) * (1 - parts.widened_from / 32)
    return max(0.0, share * v.multiplying_ms - saved)


def _arithmetic(e: Evidence, promise: float) -> Iterator[Finding]:
    """Look at what is multiplied in which kind of number, and how fast this processor is at it."""
    b, each = e.after.parts, e.after.each_ms
    floats, narrow = b.share(FLOAT, fast=True), b.share(INTEGER, DYNAMIC, fast=True)
    quantized = any(p.arithmetic in (INTEGER, DYNAMIC) for p in b.parts)
    rate = max(e.before.macs_each_ms, 1e-9)
    promised = e.before.each_ms / promise
    float_ms = min(each, floats * b.macs / rate)
    if quantized and floats:
        layers = sum(p.arithmetic == FLOAT for p in b.parts)
        seen = (
            f"{layers} of {len(b.parts)} layers with {floats:.0%} of the multiplications stayed in "
            "floating point"
        )
        yield from _if_any("float", float_ms - floats * promised, seen, measured=False)
    if narrow < _NARROW_SHARE or any(word in name for name in e.int8 for word in _FAST_INT8):
        return
    narrow_ms = max(0.0, each - float_ms)
    if e.operators_ms:
        narrow_ms = sum(
            ms for kind, ms in e.operators_ms.items() if kind.startswith(_INTEGER_KINDS)
        )
    if not narrow_ms:
        return
    times = narrow * b.macs / narrow_ms / rate
    if times < _WORTH_OF_INT8 and e.before.parts.share(FLOAT) > 0.5:
        has = ", ".join(e.int8) or "none"
        seen = (
            f"this processor's instruction sets for int8: {has}; it multiplies int8 {times:.1f} times "
            "as fast as floats"
        )
        # What is slower than floats is not for want of instructions: floats need none of them.
        lost = min(narrow_ms, narrow * b.macs / rate) - narrow * promised
        yield from _if_any("instructions", lost, seen, measured=False)


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
