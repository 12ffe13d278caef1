"""One tiny model for all tests of language models, written once as GGUF and as a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgelab import slm
from edgelab.slm import engines
from tests.slm import tiny


@pytest.fixture(scope="session")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny model as a GGUF file in float32."""
    return tiny.gguf(tmp_path_factory.mktemp("slm") / "tiny.gguf")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny model as a Hugging Face folder."""
    return tiny.folder(tmp_path_factory.mktemp("slm") / "tiny")


@pytest.fixture(scope="session")
def exact(gguf: Path) -> Iterator[slm.LanguageModel]:
    """Return the tiny model in llama.cpp, its cache in float32 so that logits can be compared."""
    need("llama.cpp")
    with slm.load(gguf, keys="f32", values="f32") as model:
        yield model


def need(engine: str) -> None:
    """Skip a test whose engine is not installed."""
    if engine not in engines.available():
        pytest.skip(f"{engine} is not installed")
