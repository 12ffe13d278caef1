"""The causes that `benchmark.explain` knows, and what helps against each.

    causes.CAUSES["zeros"].remedy

Every one of them is a complaint that fills the trackers of the tools: "quantized, and slower", "pruned, and
not faster", "more threads, and slower". They are ordered from the outside in: what happens before the
network is called, the call itself, then what the kernels do. Lesson 25 plants each one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One reason why a smaller network may not be a faster one."""

    key: str
    title: str
    remedy: str


CAUSES = {
    cause.key: cause
    for cause in (
        Cause(
            "python",
            "Python code around the network costs more than the network",
            "Do the same in one NumPy or library call instead of a loop, do it once for a batch, or "
            "move it into the model. Optimising the network helps little as long as this stands.",
        ),
        Cause(
            "call",
            "the way of calling costs more than the network",
            "Call a compiled graph (tf.function) or a converted file; predict() is made for large "
            "batches.",
        ),
        Cause(
            "threads",
            "more threads than there is work or cores for",
            "Use one thread, at most as many as there are free cores, and measure; threads of several "
            "workers add up.",
        ),
        Cause(
            "overhead",
            "the network is too small: a call costs more than what it computes",
            "Give it several images at once, or join operators; fewer bits and fewer weights can't "
            "help here.",
        ),
        Cause(
            "memory",
            "reading the weights takes the time, not multiplying them",
            "Store and compute with fewer bits, share weights (convolutions), or use a batch, so that "
            "each weight that is read does more.",
        ),
        Cause(
            "kernels",
            "operators without a fast kernel",
            "Use a type and operators that the runtime has fast kernels for (int8 rather than int16 "
            "activations), or another runtime.",
        ),
        Cause(
            "dynamic",
            "convolutions that are quantized while they run",
            "Quantize statically, with calibration images; dynamic quantization is made for matrix "
            "products.",
        ),
        Cause(
            "converters",
            "conversions between floats and integers inside the network",
            "Quantize the operators in between as well, or replace those that have no integer kernel.",
        ),
        Cause(
            "narrow",
            "layers too narrow for the processor's vector instructions",
            "Keep channels at multiples of 8 and remove layers or pixels instead: a processor multiplies "
            "8 or 16 numbers in one step, however few are needed.",
        ),
        Cause(
            "zeros",
            "zeros without structure: they are multiplied like any other number",
            "Remove whole filters (structured pruning); keep scattered zeros for a smaller download.",
        ),
        Cause(
            "widened",
            "narrow weights that are widened to floats before they are multiplied",
            "Quantize the activations too (full integer); weights alone make the file smaller, not "
            "the arithmetic.",
        ),
        Cause(
            "float",
            "layers that stayed in floating point",
            "Quantize the layers that hold most multiplications; look at which operators the "
            "quantizer was told to take.",
        ),
        Cause(
            "instructions",
            "a processor without fast instructions for int8",
            "Measure on the device that will run it. Without VNNI, AMX or a dot product instruction "
            "choose a smaller architecture rather than fewer bits.",
        ),
    )
}
