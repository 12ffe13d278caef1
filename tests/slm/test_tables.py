from dataclasses import replace

import pytest

from edgelab import slm
from edgelab.errors import InputError

COMMON = {"name": "a", "engine": "llama.cpp", "file_bytes": 9_000_000, "threads": 1}
PROMPT = slm.Speed(
    **COMMON, phase="prompt", tokens=256, before=0, seconds=(0.1,) * 7,
    low_seconds=0.09, high_seconds=0.11,
)  # fmt: skip
READ = slm.Perplexity(
    **COMMON, value=20.7224, standard_error_tokens=0.66, standard_error_windows=2.72,
    text="held-out", text_hash="x", window=512, tokens=8176, windows_nll=(3.0,),
)  # fmt: skip
APART = slm.Divergence(
    **(COMMON | {"name": "b", "file_bytes": 3_000_000}), reference="a", reference_hash="",
    nll_difference=0.00601, standard_error=0.0018, standard_error_windows=None, kl=0.00886,
    kl_standard_error=0.0001, top1_agreement=0.9331, perplexity=20.85, reference_perplexity=20.72,
    text="held-out", text_hash="x", window=512, tokens=8176,
)  # fmt: skip


def test_records_of_one_model_share_a_row():
    table = slm.table([PROMPT, READ, APART])
    assert table.column("Model") == ["a", "b"]
    assert table.column("Prompt (tokens/s)") == [pytest.approx(2560), None]
    assert table.column("Perplexity") == [20.7224, 20.85]
    assert table.column("Same first choice (%)") == [None, pytest.approx(93.31)]
    text = repr(table)
    assert "20.7 ± 2.7" in text
    assert "1 thread" in text
    assert "8176 tokens of held-out, windows of 512" in text


def test_columns_may_be_chosen():
    table = slm.table([READ, APART], columns=("file_bytes", "nll_difference"))
    assert table.columns == ("Model", "File size (MB)", "NLL difference (nats)")
    assert table.column("File size (MB)") == [9, 3]
    assert "0.0060 ± 0.0018" in repr(table)


def test_a_measured_perplexity_keeps_its_error_beside_a_comparison():
    both = slm.table([READ, replace(APART, name="a")])
    assert "± 2.7" in repr(both)


def test_engines_are_named_where_there_are_several():
    table = slm.table([PROMPT, replace(PROMPT, engine="openvino", measured_here=False)])
    assert table.column("Model") == ["a, llama.cpp", "a, openvino, not measured here"]
    assert "shipped reference run" in repr(table)


def test_a_busy_machine_is_told():
    assert "Machine busy during a, llama.cpp" in repr(slm.table([replace(PROMPT, busy=True)]))


def test_perplexities_of_two_texts_do_not_share_a_column():
    other = replace(READ, name="c", text="prose", text_hash="y")
    with pytest.raises(InputError, match="several texts"):
        slm.table([READ, other])
    assert slm.table([READ, other], columns=("file_bytes",))


@pytest.mark.parametrize(
    ("records", "columns", "words"),
    [
        ([], None, "list of records is empty"),
        (["a"], None, "not str"),
        ([READ], ("accuracy",), "no column 'accuracy'"),
        ([READ], ("kl",) * 7, "7 columns"),
    ],
)
def test_what_makes_no_table_is_refused(records, columns, words):
    with pytest.raises(InputError, match=words):
        slm.table(records, columns)
