"""One model in many sizes: llama.cpp's quantization ladder, and what is really inside each rung.

    q4 = ladder.quantize("model-f16.gguf", "Q4_K_M")          # its path
    for rung in ladder.rungs("model-f16.gguf"):
        print(rung)                                           # Q4_K_M: 5.26 bits per weight, honest

A type name is a recipe, not a format: "Q4_K_M" stores most matrices as Q4_K and the sensitive ones as Q6_K. A K type
packs 256 weights together, so a matrix whose rows are no multiple of 256 can't take it, and llama.cpp silently takes
another type: SmolLM2's "Q2_K" holds no Q2_K tensor at all. So every rung is opened and its contents are held against
its name. Lesson 31.

Each file is written in a process of its own, because llama.cpp ends the whole process when it finds a model that it
did not expect, and kept by content: the same rung is made once.
"""

from __future__ import annotations

import ctypes
import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from edgelab import progress, workspace
from edgelab.errors import FormatError, InputError
from edgelab.measuring import child
from edgelab.serialize import Serializable
from edgelab.slm import gguf_file, llama_library


class Recipe(NamedTuple):
    """What a type name stands for."""

    number: int  # llama.cpp's `llama_ftype`, which the file keeps as `general.file_type`
    main: str  # the tensor type that gives the name
    beside: tuple[str, ...] = ()  # what the recipe takes for some matrices of the blocks on purpose


# From many bits to few. The embedding is not part of the name: every recipe below 8 bits keeps it at 6 or 8.
RECIPES = {
    "F32": Recipe(0, "F32"),
    "F16": Recipe(1, "F16"),
    "BF16": Recipe(32, "BF16"),
    "Q8_0": Recipe(7, "Q8_0"),
    "Q6_K": Recipe(18, "Q6_K"),
    "Q5_1": Recipe(9, "Q5_1"),
    "Q5_K_M": Recipe(17, "Q5_K", ("Q6_K",)),
    "Q5_K_S": Recipe(16, "Q5_K"),
    "Q5_0": Recipe(8, "Q5_0"),
    "Q4_1": Recipe(3, "Q4_1"),
    "Q4_K_M": Recipe(15, "Q4_K", ("Q5_K", "Q6_K")),
    "Q4_K_S": Recipe(14, "Q4_K", ("Q5_K",)),
    "IQ4_NL": Recipe(25, "IQ4_NL", ("Q5_K",)),
    "Q4_0": Recipe(2, "Q4_0"),
    "IQ4_XS": Recipe(30, "IQ4_XS", ("Q5_K",)),
    "Q3_K_L": Recipe(13, "Q3_K", ("Q5_K",)),
    "Q3_K_M": Recipe(12, "Q3_K", ("Q4_K", "Q5_K")),
    "IQ3_M": Recipe(27, "IQ3_S", ("Q4_K",)),
    "Q3_K_S": Recipe(11, "Q3_K"),
    "IQ3_S": Recipe(26, "IQ3_S", ("Q4_K",)),
    "Q2_K": Recipe(10, "Q2_K", ("Q3_K", "Q4_K")),
    "TQ2_0": Recipe(37, "TQ2_0"),
    "TQ1_0": Recipe(36, "TQ1_0"),
    "MXFP4_MOE": Recipe(38, "MXFP4"),
}
# The ladder that lessons climb down; the other recipes lie between its rungs.
LADDER = ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M", "Q3_K_S", "Q2_K", "TQ2_0")
# Below three bits rounding needs to know which weights matter, from runs over example text.
NEED_IMPORTANCE = (
    "IQ3_XS", "IQ3_XXS", "Q2_K_S", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S",
)  # fmt: skip


@dataclass(frozen=True)
class Rung(Serializable):
    """One file of the ladder: its name, and what is inside."""

    name: str
    path: str
    size_bytes: int
    bits_per_weight: float  # over all tensors
    block_bits_per_weight: float  # over the transformer blocks, which the name is about
    types: dict[str, int]  # how many matrices of the blocks have which type
    embedding: str  # the type of the embedding, which the name does not tell
    fallbacks: int  # matrices of the blocks that could not take the type that the recipe wanted
    seconds: float | None = None  # to make it; None if it was kept from before

    @property
    def matrices(self) -> int:
        """Return the number of matrices in the blocks."""
        return sum(self.types.values())

    @property
    def honest(self) -> bool:
        """Tell whether the blocks hold what the name says, and nothing that the recipe did not want."""
        return self.fallbacks == 0 and self.main in self.types

    @property
    def main(self) -> str:
        """Return the tensor type that gives the rung its name."""
        return RECIPES[self.name].main

    def __str__(self) -> str:
        inside = ", ".join(f"{n} {kind}" for kind, n in self.types.items())
        verdict = "honest" if self.honest else f"{self.fallbacks} of {self.matrices} fell back"
        if self.main not in self.types:
            verdict += f", no {self.main} inside"
        return (
            f"{self.name}: {self.bits_per_weight:.2f} bits per weight ({self.block_bits_per_weight:.2f} in "
            f"the blocks), {self.size_bytes:,} bytes; {inside}; embedding {self.embedding}; {verdict}"
        )


def quantize(
    gguf: str | os.PathLike[str],
    kind: str,
    path: str | os.PathLike[str] | None = None,
    *,
    threads: int = 1,
    requantize: bool = False,
) -> Path:
    """Quantize a GGUF file with llama.cpp, in a process of its own.

    Args:
        gguf: the source, in 32 or 16 bits.
        kind: one of `RECIPES`: "Q8_0", "Q4_K_M", …
        path: of the new file; default: the source's name with the type at its end, in the workspace.
        threads: that may work on it.
        requantize: allow a source that is quantized already. What was rounded away there does not come back, and
            the second rounding adds to the first; "F32" then only writes the rounded weights out.

    Returns:
        The path.

    Raises:
        InputError: no such type, a type that needs an importance matrix, or a quantized source.
        FormatError: no GGUF file, or llama.cpp refused the model; its reason is in the message.
        MissingRuntimeError: llama.cpp is not installed.
        StorageError: the file could not be written.
    """
    source = workspace.existing(gguf)
    made, _ = _kept(source, _checked(kind), threads, requantize=requantize)
    target = workspace.artefact_path(path or f"{_stem(source)}-{kind.upper()}.gguf")
    return workspace.copy_to(made, target)


def rungs(
    gguf: str | os.PathLike[str],
    kinds: Sequence[str] = LADDER,
    *,
    threads: int = 1,
    requantize: bool = False,
) -> tuple[Rung, ...]:
    """Make several rungs of the ladder and look into each.

    Args:
        gguf: the source.
        kinds: the types to make.
        threads: that may work on one.
        requantize: as in `quantize`.

    Returns:
        One `Rung` for each type, in the order asked for; their files are in the cache, under other names.

    Raises:
        As `quantize`.
    """
    source, names = workspace.existing(gguf), [_checked(kind) for kind in kinds]
    found = []
    with progress.bar(names, "Quantizing", unit="rungs") as bar:
        for name in bar:
            made, seconds = _kept(source, name, threads, requantize=requantize)
            found.append(inspect(made, name, seconds))
    return tuple(found)


def inspect(
    gguf: str | os.PathLike[str], kind: str | None = None, seconds: float | None = None
) -> Rung:
    """Look into any GGUF file and hold its contents against a type name.

    Args:
        gguf: the file.
        kind: the name to hold it against; default: what the file says of itself (`general.file_type`).
        seconds: kept in the record.

    Raises:
        FormatError: no GGUF file, or it does not say its type.
        InputError: no such type.
    """
    file = gguf_file.read(gguf)
    name = _named(file) if kind is None else _checked(kind)
    recipe = RECIPES[name]
    inside = Counter(t.type for t in file.tensors if t.in_block and t.is_matrix)
    wanted = {recipe.main, *recipe.beside}
    embedding = next((t.type for t in file.tensors if t.name == "token_embd.weight"), "none")
    return Rung(
        name=name,
        path=str(file.path),
        size_bytes=file.size_bytes,
        bits_per_weight=file.bits_per_weight,
        block_bits_per_weight=file.block_bits_per_weight,
        types=dict(inside.most_common()),
        embedding=embedding,
        fallbacks=sum(n for held, n in inside.items() if held not in wanted),
        seconds=seconds,
    )


def _checked(kind: str) -> str:
    name = kind.upper()
    if name in NEED_IMPORTANCE:
        raise InputError(
            f"{name} needs an importance matrix: with so few bits the rounding must know which weights matter, "
            "and that is counted in runs over example text (llama.cpp's tool `llama-imatrix`), which edgelab "
            "does not do. Without one choose Q2_K, IQ3_S or TQ2_0."
        )
    if name not in RECIPES:
        raise InputError(
            f"llama.cpp has no quantization type {kind!r}; choose from {', '.join(RECIPES)}."
        )
    return name


def _named(file: gguf_file.GgufFile) -> str:
    number = file.metadata.get("general.file_type")
    for name, recipe in RECIPES.items():
        if recipe.number == number:
            return name
    raise FormatError(
        f"{file.path.name} does not say what type it is (general.file_type is {number!r}); name one with kind=…"
    )


def _stem(source: Path) -> str:
    """Return a file's name without the type at its end."""
    names = "|".join((*RECIPES, *NEED_IMPORTANCE))
    return re.sub(rf"[-.](?:{names})$", "", source.stem, flags=re.IGNORECASE)


def _kept(source: Path, name: str, threads: int, *, requantize: bool) -> tuple[Path, float | None]:
    """Return the file in the cache, and the seconds that it took if it was made now."""
    file = gguf_file.read(source)
    if threads < 1:
        raise InputError(f"threads is {threads}; quantizing needs at least 1.")
    if file.is_quantized and not requantize:
        held = ", ".join(f"{n} {kind}" for kind, n in file.matrix_types.most_common())
        raise InputError(
            f"{source.name} is quantized already ({held}). Quantizing it again adds a second rounding to the "
            "first and brings nothing back. Start from a file in 16 or 32 bits; or, to see what happens, "
            "call this with requantize=True."
        )
    llama_library.package()  # missing: said here, not by a process that died
    key = {
        "what": "a rung of the quantization ladder",
        "gguf": workspace.file_hash(source),
        "type": name,
        "code": workspace.code_hashes("slm/ladder.py"),
        "versions": workspace.versions("llama-cpp-python"),
    }
    seconds: list[float] = []

    def make(target: Path) -> None:
        done = child.run(
            "edgelab.slm.ladder:write",
            threads=threads,
            source=str(source),
            target=str(target),
            number=RECIPES[name].number,
            workers=threads,
        )
        if done["code"] != 0 or not target.exists():
            raise FormatError(
                f"llama.cpp did not turn {source.name} into {name}: {done['said'] or 'it gave no reason'}."
            )
        seconds.append(done["seconds"])

    return workspace.cached(key, make, ".gguf"), seconds[0] if seconds else None


def write(source: str, target: str, number: int, workers: int) -> dict[str, Any]:
    """Quantize in this very process; runs in the child."""
    llama_cpp = llama_library.package()
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = number
    settings.nthread = workers
    settings.allow_requantize = True  # whether it is wanted was asked before
    with llama_library.listening() as log:
        begin = time.perf_counter()
        code = llama_cpp.llama_model_quantize(
            source.encode(), target.encode(), ctypes.byref(settings)
        )
        seconds = time.perf_counter() - begin
    return {"code": int(code), "seconds": seconds, "said": log.complaints}
