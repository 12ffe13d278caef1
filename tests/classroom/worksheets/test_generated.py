"""The worksheets in the folder `worksheets/` are those of the schema."""

from __future__ import annotations

from edgelab.classroom.worksheets import generated, loading, markdown, page


def test_the_generated_worksheets_match_their_schema() -> None:
    assert generated.drifted() == (), "run `edgelab worksheets` and commit what it writes"


def test_every_worksheet_has_both_forms_in_both_languages() -> None:
    assert loading.known() == ("analysis",)
    folder = loading.find("analysis").parent
    for lang in ("en", "fr"):
        assert (folder / f"analysis.{lang}.md").is_file()
        assert (folder / f"analysis.{lang}.html").is_file()


def test_they_hold_no_trace_of_where_they_were_made() -> None:
    sheet = loading.load("analysis")
    assert markdown.blank(sheet, "fr") == markdown.blank(sheet, "fr")
    assert "/" not in page.blank(sheet, "en").split("<style>")[0].replace("</", "").replace(
        "/>", ""
    )
