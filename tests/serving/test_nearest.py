"""Exact neighbours and the graph: both against a sort in plain Python."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.serving import exact, graph


def some(count: int, dimensions: int = 8, seed: int = 0) -> np.ndarray:
    return exact.unit(np.random.default_rng(seed).normal(size=(count, dimensions)))


def test_exact_neighbours_are_those_of_a_sort() -> None:
    vectors, query = some(300), some(1, seed=1)[0]
    cosines = [
        math.fsum(float(a) * float(b) for a, b in zip(row, query, strict=True)) for row in vectors
    ]
    expected = sorted(range(300), key=lambda i: -cosines[i])[:7]
    rows, similarities = exact.nearest(vectors, query, 7)
    assert rows.tolist() == expected
    assert similarities == pytest.approx([cosines[i] for i in expected], abs=1e-6)


def test_a_vector_finds_itself_first() -> None:
    vectors = some(50)
    rows, similarities = exact.nearest(vectors, vectors[17], 3)
    assert rows[0] == 17
    assert similarities[0] == pytest.approx(1)


def test_equal_ones_come_in_their_order() -> None:
    vectors = exact.unit(np.array([[1, 0], [0, 1], [1, 0], [1, 0], [0, 1]]))
    assert exact.nearest(vectors, vectors[0], 2)[0].tolist() == [0, 2]
    assert exact.nearest(vectors, vectors[0], 5)[0].tolist() == [0, 2, 3, 1, 4]


def test_fewer_vectors_than_asked_for_are_all() -> None:
    assert len(exact.nearest(some(3), some(1)[0], 10)[0]) == 3


def test_zeros_stay_zeros_and_resemble_nothing() -> None:
    vectors = exact.unit(np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert vectors.tolist() == [[0, 0], [pytest.approx(0.6), pytest.approx(0.8)]]
    assert exact.nearest(vectors, vectors[0], 1)[1].tolist() == [0]


def test_nan_is_refused() -> None:
    with pytest.raises(InputError, match="NaN"):
        exact.unit(np.array([[1.0, np.nan]]))


@pytest.mark.parametrize(("query", "k"), [(np.ones(5, np.float32), 3), (np.ones(8, np.float32), 0)])
def test_a_search_that_makes_no_sense_is_refused(query: np.ndarray, k: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="8 numbers"):
        exact.nearest(some(20), query, k)
    graph.build(some(20), tmp_path / "g")
    with pytest.raises(InputError, match="8 numbers"):
        graph.Graph(tmp_path / "g").nearest(query, k)


def test_a_graph_finds_what_the_exact_search_finds(tmp_path: Path) -> None:
    vectors, queries = some(3000, 16), some(50, 16, seed=1)
    graph.build(vectors, tmp_path / "g")
    found = graph.Graph(tmp_path / "g")
    assert len(found) == 3000
    hits = 0
    for query in queries:
        rows, similarities = found.nearest(query, 10)
        true, cosines = exact.nearest(vectors, query, 10)
        hits += len(set(rows.tolist()) & set(true.tolist()))
        assert similarities == pytest.approx(vectors[rows] @ query, abs=1e-4)
        assert list(similarities) == sorted(similarities, reverse=True)
        assert similarities[0] <= cosines[0] + 1e-4
    assert hits / 500 >= 0.95


def test_more_effort_finds_no_less(tmp_path: Path) -> None:
    vectors, queries = some(4000, 32), some(60, 32, seed=1)
    graph.build(vectors, tmp_path / "g")
    found = graph.Graph(tmp_path / "g")
    hits = []
    for effort in (10, 400):
        pairs = [
            (found.nearest(query, 10, effort)[0], exact.nearest(vectors, query, 10)[0])
            for query in queries
        ]
        hits.append(sum(len(set(a.tolist()) & set(b.tolist())) for a, b in pairs))
    assert hits[0] < hits[1]


def test_a_graph_of_few_gives_all(tmp_path: Path) -> None:
    vectors = some(5)
    graph.build(vectors, tmp_path / "g")
    assert sorted(graph.Graph(tmp_path / "g").nearest(vectors[2], 50)[0].tolist()) == [
        0,
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("content", [b"", b"no graph", b"VOYA" + b"\xff" * 60])
def test_a_file_that_is_no_graph_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "g").write_bytes(content)
    with pytest.raises(FormatError, match="edgelab index"):
        graph.Graph(tmp_path / "g")


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "voyager", None)
    with pytest.raises(MissingRuntimeError, match="pip install voyager"):
        graph.build(some(3), Path("g"))
