"""The formula in NumPy gives what the engines give."""

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import InputError
from edgelab.slm import engines, forward
from tests.slm import tiny


@pytest.mark.parametrize("engine", ["torch", "llama.cpp"])
def test_it_computes_what_an_engine_computes(tmp_path, engine):
    if engine not in engines.available():
        pytest.skip(f"{engine} is not installed")
    source = tiny.folder(tmp_path / "tiny") if engine == "torch" else tiny.gguf(tmp_path / "t.gguf")
    options = {} if engine == "torch" else {"keys": "f32", "values": "f32"}
    with slm.load(source, **options) as model:
        ids = model.encode("".join(tiny.TEXTS))
        expected = model.logits(ids)
    np.testing.assert_allclose(forward.logits(tiny.checkpoint(), ids), expected, atol=1e-4)


def test_a_token_never_sees_what_follows():
    checkpoint = tiny.checkpoint()
    long = forward.logits(checkpoint, [5, 6, 7, 8])
    np.testing.assert_allclose(forward.logits(checkpoint, [5, 6]), long[:2], atol=1e-5)


@pytest.mark.parametrize("ids", [[], [512], [-1]])
def test_tokens_that_there_are_not_are_refused(ids):
    with pytest.raises(InputError, match="between 0 and 511"):
        forward.logits(tiny.checkpoint(), ids)
