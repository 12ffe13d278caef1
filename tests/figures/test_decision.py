from __future__ import annotations

import pytest

from edgelab import report, workflow
from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.workflow import tree
from edgelab.workflow.requirements import Requirements


def case(kind: str = "image", **settings: object) -> workflow.Recommendation:
    return workflow.recommend(Requirements(kind, **settings), workflow.typical("linux", "intel"))


@pytest.mark.parametrize("kind", ["image", "language"])
@pytest.mark.parametrize("part", ["framework", "quantization"])
def test_the_table_has_a_row_for_every_end(kind: str, part: str) -> None:
    chart = report.decision_tree(part=part, kind=kind)
    start = next(a.then for a in tree.load().question(part).answers if kind in a.when)
    assert len(chart.table.rows) == len(list(tree.leaves(start)))
    assert set(chart.table.column("Taken")) == {"no"}
    assert "The way taken" not in chart.alt


def test_the_way_taken_is_marked_and_told() -> None:
    found = case("language", long_prompts=True)
    chart = report.decision_tree(found)
    (taken,) = [row for row in chart.table.rows if row["Taken"] == "yes"]
    assert taken["Choice"] == "OpenVINO"
    assert taken["Way"].endswith("pages of text > Intel")
    assert chart.alt.endswith("processor only, yes, pages of text, Intel: OpenVINO.")


def test_facts_alone_mark_a_way_too() -> None:
    facts = {"kind": "image", "platform": "android"}
    (taken,) = [r for r in report.decision_tree(facts).table.rows if r["Taken"] == "yes"]
    assert taken["Choice"] == "LiteRT"


def test_every_text_stays_inside_the_picture() -> None:
    for part in ("framework", "quantization"):
        for kind in ("image", "language"):
            for language in ("en", "fr"):
                figure = report.decision_tree(case(kind), part, language=language).figure
                style.settle(figure)
                width = figure.bbox.width
                (axes,) = figure.axes
                ends = [text.get_window_extent().x1 for text in axes.texts]
                assert max(ends) < width, (part, kind, language, max(ends) / width)


def test_it_speaks_french() -> None:
    chart = report.decision_tree(case(), language="fr")
    assert chart.table.columns[0] == "Chemin"
    assert "Le chemin pris" in chart.alt
    shown = {text.get_text() for text in chart.figure.axes[0].texts}
    assert "Où tourne-t-il\u00a0?" in shown


def test_a_case_that_nothing_runs_shows_the_end_without_a_choice() -> None:
    found = workflow.recommend(Requirements("language", "embedded"))
    assert report.decision_tree(found).alt.endswith("microcontroller: none.")


def test_unknown_parts_and_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="no part of the decision tree 'bits'"):
        report.decision_tree(part="bits")
    with pytest.raises(InputError, match="did you mean 'image'"):
        report.decision_tree(kind="images")
