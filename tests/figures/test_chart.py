from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgelab import report
from edgelab.figures.chart import Chart
from tests.records_made import float_and_int8


@pytest.fixture(scope="module")
def chart() -> Chart:
    return report.bars(float_and_int8())


def test_a_notebook_gets_picture_words_and_numbers(chart: Chart) -> None:
    data, metadata = chart._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "image/png"}
    assert base64.b64decode(data["image/png"]) == chart.png
    assert metadata["image/png"]["alt"] == chart.alt
    assert 'alt="Bar chart.' in data["text/html"]
    assert "<details" in data["text/html"]
    assert "98" not in chart.alt  # no number that nobody measured


def test_the_text_twin_holds_the_table(chart: Chart) -> None:
    assert repr(chart.table) in repr(chart)
    assert chart.alt in repr(chart)


def test_the_picture_is_as_wide_as_a_notebook_and_sharp(chart: Chart) -> None:
    with Image.open(io.BytesIO(chart.png)) as image:
        assert chart.size[0] == 720
        assert image.width == 2 * chart.size[0]


def test_a_drawn_chart_is_a_small_file(chart: Chart) -> None:
    assert len(chart.png) < 60_000


def test_alternative_text_is_escaped() -> None:
    page = Chart(*_parts(), alt='5" < 6"').to_html()
    assert 'alt="5&quot; &lt; 6&quot;"' in page


def test_photographs_are_stored_as_a_jpeg() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data, metadata = report.pictures([photo])._repr_mimebundle_()
    assert "image/png" not in data
    assert base64.b64decode(data["image/jpeg"])[:2] == b"\xff\xd8"
    assert "data:image/jpeg" in data["text/html"]
    assert "alt" in metadata["image/jpeg"]


def test_a_chart_can_be_saved(chart: Chart, tmp_path: Path) -> None:
    assert chart.save(tmp_path / "chart.png").read_bytes() == chart.png


def test_drawing_a_chart_again_gives_the_same_bytes(chart: Chart) -> None:
    assert report.bars(float_and_int8()).png == chart.png


def test_charts_need_no_heavy_package_until_they_are_drawn() -> None:
    import subprocess
    import sys

    code = "import sys, edgelab.report; print('matplotlib' in sys.modules, 'PIL' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def _parts() -> tuple[object, object]:
    drawn = report.bars(float_and_int8())
    return drawn.figure, drawn.table
