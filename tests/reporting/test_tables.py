from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import InputError
from edgelab.reporting import tables


def test_values_stay_beside_their_texts() -> None:
    table = tables.of_rows(("Name", "Error"), [("a", 0.123456), ("b", None)])
    assert table.rows == [{"Name": "a", "Error": 0.123456}, {"Name": "b", "Error": None}]
    assert table.column("Error") == [0.123456, None]
    assert "0.123" in repr(table)


def test_an_unknown_column_is_named_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"no column 'Speed'.*Name"):
        tables.of_rows(("Name",), [("a",)]).column("Speed")


def test_more_than_seven_columns_are_refused() -> None:
    columns = [f"c{i}" for i in range(8)]
    with pytest.raises(InputError, match="7 at most"):
        tables.of_rows(columns, [range(8)])


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match="1 values for 2 columns"):
        tables.of_rows(("a", "b"), [("x",)])


def test_decimal_points_stand_below_each_other() -> None:
    aligned = tables.align_decimals(["4.05", "12.3", "7"])
    widths = [len(text) - text.index(".") if "." in text else 3 for text in aligned]
    assert widths == [3, 3, 3]
    assert len(aligned[2]) == len("7") + 3  # a blank for the point and for each decimal


def test_words_before_and_intervals_after_a_number_keep_it_in_place() -> None:
    words = tables.align_decimals(["reference 1", "faster 1.52"])
    assert len(words[0]) - len("reference 1") == 3
    spans = tables.align_decimals(["34.4 [34.3–34.6]", "9.44 [9.40–9.49]"])
    assert len(spans[0]) - spans[0].index(".") == len(spans[1]) - spans[1].index(".")


def test_a_text_without_a_number_stays_as_it_is() -> None:
    assert tables.align_decimals(["–", "1.5"])[0] == "–"


def test_numpy_numbers_are_numbers() -> None:
    table = tables.of_rows(("n", "x"), [(np.int64(1200), np.float32(0.5))])
    assert [cell.text for cell in table.cells[0]] == ["1\N{NARROW NO-BREAK SPACE}200", "0.500"]


def test_html_escapes_names_and_marks_heads_for_screen_readers() -> None:
    page = tables.of_rows(("Model", "ms"), [("<b>", 1.0)], caption="a & b")._repr_html_()
    assert "&lt;b&gt;" in page
    assert "a &amp; b" in page
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    assert "text-align:right" in page


def test_markdown_aligns_numbers_and_keeps_notes() -> None:
    lines = tables.of_rows(("a|b", "x"), [("n", 1.0)], notes=["Mind this."]).to_markdown()
    assert lines.splitlines()[0] == r"| a\|b | x |"
    assert lines.splitlines()[1] == "| :--- | ---: |"
    assert "*Mind this.*" in lines
