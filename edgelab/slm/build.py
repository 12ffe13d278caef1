"""What this machine's build of llama.cpp can do, and how another one is made.

    build.describe()                    # Build(version=…, instructions=('AVX', 'AVX2', …), backends=('CPU',), …)
    build.describe().unused             # what the processor has and this build does not use
    build.RECIPES["cuda"].commands["linux"]
    build.without_compiler()            # what to do where nothing can be compiled

llama-cpp-python comes as source and is compiled where it is installed, for the processor that it finds there: the same
`pip install` gives another program on another machine, and a graphics processor is used only by a build that was made
for it. Lesson 31.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import NamedTuple

from edgelab.measuring import machine
from edgelab.serialize import Serializable
from edgelab.slm import llama_library

_PIP = "pip install --force-reinstall --no-cache-dir --no-binary llama-cpp-python llama-cpp-python"
# What decides the speed of quantized matrices, under the build's name and under `machine`'s.
_PROCESSOR_NAMES = {
    "AVX2": "AVX2",
    "AVX_VNNI": "AVX-VNNI",
    "AVX512": "AVX-512",
    "AVX512_VNNI": "AVX-512 VNNI",
    "AVX512_BF16": "AVX-512 BF16",
    "AMX_INT8": "AMX int8",
    "DOTPROD": "NEON dot product",
    "MATMUL_INT8": "NEON i8mm",
    "SVE": "SVE",
}
# Features of how it was built, and no instructions of a processor.
_NO_INSTRUCTIONS = {
    "LLAMAFILE", "OPENMP", "REPACK", "ACCELERATE", "KLEIDIAI", "BLAS", "F16", "CPU", "BLAS_VENDOR",
}  # fmt: skip


@dataclass(frozen=True)
class Build(Serializable):
    """What a build of llama.cpp was made with."""

    version: str  # of llama-cpp-python
    backends: tuple[str, ...]  # what it can compute on: "CPU", "CUDA", "Metal", "Vulkan"
    instructions: tuple[str, ...]  # of the processor, that its kernels use
    features: tuple[
        str, ...
    ]  # how it was built: OPENMP (threads), REPACK (weights put in order at load) …
    gpu_offload: bool  # whether layers can be put on a graphics processor
    told: str  # the library's own line
    unused: tuple[str, ...]  # what this processor has for matrices and this build does not use


class Recipe(NamedTuple):
    """How a build for other hardware is made."""

    backend: str  # as `Build.backends` will say it
    hardware: str
    needs: str  # beside a C++ compiler
    flags: str  # for CMake
    commands: dict[str, str]  # by system: "linux", "macos", "windows" (PowerShell)


def _recipe(backend: str, hardware: str, needs: str, flags: str, *systems: str) -> Recipe:
    posix = f'CMAKE_ARGS="{flags}" {_PIP}'
    shells = {"linux": posix, "macos": posix, "windows": f"$env:CMAKE_ARGS = '{flags}'; {_PIP}"}
    return Recipe(backend, hardware, needs, flags, {name: shells[name] for name in systems})


RECIPES = {
    "cuda": _recipe(
        "CUDA", "NVIDIA", "the CUDA toolkit, with nvcc on the PATH", "-DGGML_CUDA=on", "linux", "windows"
    ),
    "metal": _recipe(
        "Metal", "Apple processors", "Xcode's command line tools; Metal is on by itself there", "-DGGML_METAL=on", "macos"
    ),
    "vulkan": _recipe(
        "Vulkan", "AMD, Intel, NVIDIA, many phones", "the Vulkan SDK, with glslc on the PATH", "-DGGML_VULKAN=on", "linux", "windows"
    ),
    "hip": _recipe("ROCm", "AMD", "ROCm, with hipcc on the PATH", "-DGGML_HIP=on", "linux"),
    "sycl": _recipe(
        "SYCL", "Intel", "oneAPI, with its setvars.sh sourced",
        "-DGGML_SYCL=on -DCMAKE_C_COMPILER=icx -DCMAKE_CXX_COMPILER=icpx", "linux",
    ),
    "openblas": _recipe(
        "BLAS", "any processor, for long prompts in float", "OpenBLAS with its headers",
        "-DGGML_BLAS=on -DGGML_BLAS_VENDOR=OpenBLAS", "linux", "windows",
    ),
    "portable": _recipe(
        "CPU", "any PC since about 2013 (AVX2): for a wheel that is carried to other machines",
        "nothing more", "-DGGML_NATIVE=off", "linux", "macos", "windows",
    ),
}  # fmt: skip


def describe() -> Build:
    """Return what the installed build of llama.cpp was made with.

    Raises:
        MissingRuntimeError: it is not installed.
    """
    llama_cpp = llama_library.package()
    with llama_library.listening():
        told = llama_cpp.llama_print_system_info().decode()
        offload = bool(llama_cpp.llama_supports_gpu_offload())
    parts = parsed(told)
    on = [name for name, value in parts.get("CPU", {}).items() if value != "0"]
    instructions = tuple(name for name in on if name not in _NO_INSTRUCTIONS)
    features = tuple(name for name in on if name in _NO_INSTRUCTIONS)
    facts = machine.describe()
    has = {*facts["int8"], *facts["float"]}
    unused = (
        said for name, said in _PROCESSOR_NAMES.items() if said in has and name not in instructions
    )
    return Build(
        str(llama_cpp.__version__),
        tuple(parts),
        instructions,
        features,
        offload,
        told.strip(" |\n"),
        tuple(unused),
    )


def parsed(told: str) -> dict[str, dict[str, str]]:
    """Return llama.cpp's line about itself by backend: {"CPU": {"AVX2": "1", …}}.

    Args:
        told: "CUDA : ARCHS = 890 | CPU : AVX = 1 | AVX2 = 1 | ".
    """
    found: dict[str, dict[str, str]] = {}
    backend = "CPU"  # builds that do not name one are for the processor
    for part in told.split("|"):
        words = part.strip()
        if " : " in words:
            backend, words = (side.strip() for side in words.split(" : ", 1))
            found.setdefault(backend, {})
        if "=" in words:
            name, value = (side.strip() for side in words.split("=", 1))
            found.setdefault(backend, {})[name] = value
    return found


def commands(system: str | None = None) -> dict[str, str]:
    """Return the command of every build that this system can make, by the recipe's name.

    Args:
        system: "linux", "macos" or "windows"; default: this machine's.
    """
    here = {"Darwin": "macos", "Windows": "windows"}.get(platform.system(), "linux")
    wanted = system or here
    return {name: r.commands[wanted] for name, r in RECIPES.items() if wanted in r.commands}


def without_compiler() -> tuple[str, ...]:
    """Return what to do where llama-cpp-python can't be compiled, the simplest first."""
    return (
        (
            "Install a compiler and call `make lab` again: `sudo apt-get install g++` (Debian, Ubuntu), "
            "`xcode-select --install` (macOS), the Build Tools for Visual Studio (Windows)."
        ),
        (
            "Take a wheel that its author compiled, for the processor only: `pip install llama-cpp-python --extra-index-url "
            "https://abetlen.github.io/llama-cpp-python/whl/cpu`. It uses fewer instructions than a build of your own."
        ),
        (
            "Compile once on a machine of the same kind (`pip wheel --no-deps llama-cpp-python`) and install that file; "
            'it fits every Python version. With the flags of the recipe "portable" it also fits older processors.'
        ),
        (
            'Run the same file with OpenVINO, which has ready-made packages: `slm.load(path, engine="openvino")`. Types '
            "with a minimum per block (Q4_1, Q4_K) are rounded a second time there."
        ),
    )
