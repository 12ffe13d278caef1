"""What a build of llama.cpp says of itself, and the recipes for other builds."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from edgelab.slm import build


def test_the_line_of_a_graphics_build_is_read() -> None:
    told = (
        "CUDA : ARCHS = 500,890 | USE_GRAPHS = 1 | CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | "
        "OPENMP = 1 | REPACK = 1 | "
    )
    assert build.parsed(told) == {
        "CUDA": {"ARCHS": "500,890", "USE_GRAPHS": "1"},
        "CPU": {"SSE3": "1", "AVX2": "1", "AVX512": "0", "OPENMP": "1", "REPACK": "1"},
    }
    assert list(build.parsed("Metal : EMBED_LIBRARY = 1 | CPU : NEON = 1 | ")) == ["Metal", "CPU"]
    assert build.parsed("AVX = 1 | AVX2 = 0 | ") == {"CPU": {"AVX": "1", "AVX2": "0"}}
    assert build.parsed("") == {}


def test_this_build_uses_only_what_this_processor_has() -> None:
    pytest.importorskip("llama_cpp")
    found = build.describe()
    assert "CPU" in found.backends
    assert found.gpu_offload == any(b not in ("CPU", "BLAS") for b in found.backends)
    assert not {"OPENMP", "REPACK", "LLAMAFILE"} & set(found.instructions)
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() == "x86_64" and cpuinfo.exists():
        flags = cpuinfo.read_text().lower().split()
        assert {"AVX", "AVX2"} & set(found.instructions)
        for name in found.instructions:
            if name.startswith("AVX"):
                assert name.lower() in flags or name.lower() + "f" in flags
    assert build.Build.from_dict(found.to_dict()) == found


def test_what_the_processor_has_and_the_build_does_not_use_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("llama_cpp")
    facts = {"int8": ["AVX2", "AVX-512 VNNI", "AMX int8"], "float": ["FMA"]}
    monkeypatch.setattr(build.machine, "describe", lambda: facts)
    monkeypatch.setattr(build, "parsed", lambda _: {"CPU": {"AVX2": "1", "AVX512_VNNI": "0"}})
    assert build.describe().unused == ("AVX-512 VNNI", "AMX int8")


def test_recipes_say_all_that_is_needed() -> None:
    assert {"cuda", "metal", "vulkan"} <= build.RECIPES.keys()
    for recipe in build.RECIPES.values():
        assert recipe.commands
        for system, command in recipe.commands.items():
            assert recipe.flags in command
            assert command.startswith("$env:" if system == "windows" else 'CMAKE_ARGS="')
            # Without these pip would take the wheel that it has built or kept before.
            assert "--force-reinstall --no-cache-dir --no-binary llama-cpp-python" in command
        assert all(flag.startswith("-D") for flag in recipe.flags.split())


def test_a_system_is_offered_what_it_can_build() -> None:
    assert "metal" in build.commands("macos")
    assert "metal" not in build.commands("linux")
    assert "cuda" not in build.commands("macos")
    assert build.commands().keys() <= build.RECIPES.keys()


def test_without_a_compiler_there_are_ways() -> None:
    ways = build.without_compiler()
    assert any("openvino" in way for way in ways)
    assert any("g++" in way for way in ways)
