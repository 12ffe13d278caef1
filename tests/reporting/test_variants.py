"""The choice among variants keeps both limits; where none does, the nearest is named."""

from __future__ import annotations

import pytest

from edgelab.errors import InputError
from edgelab.reporting import variants
from tests.variants_made import WHOLE, made


def test_a_variant_is_called_by_width_and_pixels():
    assert variants.name_of(1.0, 224) == WHOLE
    assert variants.name_of(0.35, 96) == "MobileNetV2 0.35 96"
    assert variants.family(WHOLE) == "MobileNetV2"


def test_of_those_that_fit_the_one_with_most_work_is_chosen():
    name, ms, work, reason = variants.choose(made(), WHOLE)
    assert (name, ms, work) == ("MobileNetV2 0.75 160", 1.9, 107.0)
    assert reason


def test_another_architecture_never_fits():
    names = [m.name for m in variants.fitting(made(), WHOLE, share_of_time=10, file_bytes=1e9)]
    assert names[0] == WHOLE
    assert "SqueezeNet" not in names


def test_where_none_fits_the_nearest_is_named():
    with pytest.raises(
        InputError, match=r"10% of the time.*MobileNetV2 1\.0 96 comes nearest: 22%"
    ):
        variants.choose(made(), WHOLE, share_of_time=0.1, file_bytes=20e6)
