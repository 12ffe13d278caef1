from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from edgelab.classroom import chain
from edgelab.errors import JournalError
from tests.classroom.journal_made import line_of


def test_what_goes_in_comes_out() -> None:
    payload = {
        "third": 1 / 3,
        "tiny": 5e-324,
        "whole": 2**60,
        "float32": np.float32(0.1),
        "float64": np.float64(0.1),
        "int64": np.int64(7),
        "flag": np.bool_(True),
        "array": np.arange(3, dtype=np.int8),
        "pair": (1, 2),
        "folder": Path("a/b"),
        "text": "mémoire ×2 – 日本 \udcff",
        "nothing": None,
        "special": [math.inf, -math.inf],
    }
    line, prev = line_of(1, chain.GENESIS, **payload)
    entry = chain.decode(line)
    assert entry is not None
    assert entry.hash == prev
    assert entry.payload == {
        **payload,
        "float32": float(np.float32(0.1)),
        "array": [0, 1, 2],
        "pair": [1, 2],
        "folder": str(Path("a/b")),
    }


def test_not_a_number_survives() -> None:
    line, _hash = line_of(1, chain.GENESIS, value=math.nan)
    assert b"NaN" not in line
    entry = chain.decode(line)
    assert entry is not None
    assert math.isnan(entry.payload["value"])


def test_what_json_cannot_keep_is_refused_by_name() -> None:
    with pytest.raises(JournalError, match=r"payload\.payload\.model is a object"):
        line_of(1, chain.GENESIS, model=object())


def test_a_payload_that_is_nested_too_deeply_is_refused() -> None:
    nested: object = 1
    for _level in range(60):
        nested = [nested]
    with pytest.raises(JournalError, match="nested too deeply"):
        line_of(1, chain.GENESIS, nested=nested)


def test_the_hash_is_what_anybody_can_compute() -> None:
    line, hash_ = line_of(1, chain.GENESIS, text="é", value=1 / 3)
    body = json.loads(line)
    del body["hash"]
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == hash_
