from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError


def test_the_weights_of_a_convolution_and_its_halves_are_counted() -> None:
    chart = report.kernels(channels_in=4, channels_out=6)
    assert chart.table.column("Weights") == [4 * 6 * 9, 4 * 9, 4 * 6]
    assert "60 weights" in chart.table.caption
    assert "diagonal" in chart.alt


def test_every_weight_is_one_square() -> None:
    from matplotlib.colors import to_hex

    chart = report.kernels(channels_in=3, channels_out=2)
    squares = [
        sum(to_hex(patch.get_facecolor()) != "#ffffff" for patch in axes.patches)
        for axes in chart.figure.axes
    ]
    assert squares == chart.table.column("Weights")


@pytest.mark.parametrize("channels", [0, 13])
def test_too_many_channels_are_not_drawn(channels: int) -> None:
    with pytest.raises(InputError, match="channels can be drawn"):
        report.kernels(channels, 4)
