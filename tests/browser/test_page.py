"""The page of the web application in a real browser: what a person does, sees and hears of it.

The application runs in this process, on a free port of this machine, with the course's own network. Pictures
of what was seen stay in `build/screens/`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import data
from edgelab.classroom import lessons
from edgelab.images import cifar
from tests.browser import jupyter

pytestmark = [
    pytest.mark.skipif(jupyter.chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.lesson,
]
SCREENS = lessons.root() / "build" / "screens"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the application."""
    from edgelab.serving import server
    from edgelab.serving.configuration import Settings

    settings = Settings(port=0, limits={"images": 8})
    running = server.Server(server.whole(settings), settings)
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running.url
    running.stop()
    thread.join()


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """Start Chromium once."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=jupyter.chromium(), args=jupyter.ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chrome: Any, url: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open the page; nothing may go wrong in it, and nothing may be fetched from elsewhere."""
    options = getattr(request, "param", {})
    context = chrome.new_context(
        viewport={"width": 1000, "height": 900}, **{"locale": "en-GB", **options}
    )
    page = context.new_page()
    wrong: list[str] = []
    asked: set[str] = set()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: asked.add(sent.url))
    page.goto(url)
    yield page
    context.close()
    assert wrong == []
    assert {a for a in asked if not a.startswith((url, "blob:", "data:"))} == set()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return files: two small pictures, a large one, and two that are none."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    sample = cifar.read_sample()["test"]().images
    for name, index in (("one.png", 0), ("two.png", 1)):
        Image.fromarray(sample[index]).save(folder / name)
    cat = next(photo for photo in data.photos() if photo.name == "cat").rgb
    Image.fromarray(cat).resize((2400, 1600)).save(folder / "large.jpg", quality=95)
    (folder / "broken.png").write_bytes((folder / "one.png").read_bytes()[:200])
    (folder / "words.txt").write_text("no picture", encoding="utf-8")
    return {file.name: file for file in folder.iterdir()}


def choose(page: Any, *files: Path) -> None:
    """Choose files as the dialog would."""
    page.locator("#files").set_input_files(files)


def ask(page: Any) -> Any:
    """Ask the network and return the answers' cards once they are there."""
    from playwright.sync_api import expect

    page.locator("#ask").click()
    expect(page.locator("#answer")).to_be_visible(timeout=20 * jupyter.SECOND)
    return page.locator(".card")


def photograph(page: Any, name: str) -> None:
    """Keep a picture of the whole page."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"serving-{name}.png", full_page=True)


def test_a_picture_is_answered_with_the_top_three_and_a_bar_for_every_class(
    page: Any, pictures: dict[str, Path]
) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#ask")).to_be_disabled()
    choose(page, pictures["one.png"])
    cards = ask(page)
    assert cards.count() == 1
    expect(cards.locator("h3")).to_have_text("one.png")
    assert cards.locator("ol li").count() == 3
    rows = cards.locator("tbody tr")
    assert rows.count() == 10
    shares = [float(text.strip("<% ")) for text in rows.locator("td").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=1.5)
    widths = [
        row.evaluate("td => getComputedStyle(td, '::before').width")
        for row in rows.locator("td").all()
    ]
    drawn = [float(width.removesuffix("px")) for width in widths]
    assert (
        np.argmax(drawn)
        == np.argmax(shares)
        == ["first" in (row.get_attribute("class") or "") for row in rows.all()].index(True)
    )
    told = page.locator("#facts").inner_text()
    assert re.search(r"resnet8-int8, version 1, in .*network \d", told)
    photograph(page, "answer")


def test_similar_pictures_are_found_from_the_answer(page: Any, pictures: dict[str, Path]) -> None:
    from playwright.sync_api import expect

    choose(page, pictures["one.png"])
    ask(page)
    page.get_by_role("button", name="Find similar pictures").click()
    found = page.get_by_role("list", name="Similar to one.png").locator("li")
    expect(found).to_have_count(10)
    # The picture is from the indexed sample itself, so the nearest is its own copy.
    expect(found.first).to_contain_text("similarity 1")
    for picture in found.locator("img").all():
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    photograph(page, "similar")


def test_several_pictures_keep_their_order(page: Any, pictures: dict[str, Path]) -> None:
    choose(page, pictures["two.png"], pictures["one.png"])
    cards = ask(page)
    assert cards.locator("h3").all_inner_texts() == ["two.png", "one.png"]


def test_a_bad_picture_is_named_and_the_others_are_asked_without_it(
    page: Any, pictures: dict[str, Path]
) -> None:
    from playwright.sync_api import expect

    choose(page, pictures["one.png"], pictures["broken.png"])
    page.locator("#ask").click()
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("broken.png")
    expect(page.locator("#answer")).to_be_hidden()
    photograph(page, "fault")
    page.get_by_role("button", name="Ask without them").click()
    expect(page.locator(".card h3")).to_have_text(["one.png"])
    expect(fault).to_be_empty()


def test_a_file_that_is_no_picture_and_one_too_many_are_left_out_with_a_word(
    page: Any, pictures: dict[str, Path]
) -> None:
    from playwright.sync_api import expect

    choose(page, pictures["words.txt"], *([pictures["one.png"]] * 9))
    told = page.get_by_role("status")
    expect(told).to_contain_text("words.txt is no picture")
    expect(told).to_contain_text("At most 8 pictures")
    assert page.locator("#previews li").count() == 8


@pytest.mark.parametrize("smaller", [True, False])
def test_a_large_picture_is_made_smaller_before_it_is_sent(
    page: Any, pictures: dict[str, Path], smaller: bool
) -> None:
    choose(page, pictures["large.jpg"])
    page.get_by_role("checkbox").set_checked(smaller)
    with page.expect_request("**/predict*") as sent:
        ask(page)
    size = int(sent.value.all_headers()["content-length"])
    whole = pictures["large.jpg"].stat().st_size
    assert (size < whole / 4) == smaller
    assert ("Made smaller" in page.locator("#facts").inner_text()) == smaller


def test_a_preview_is_taken_out_and_everything_can_start_again(
    page: Any, pictures: dict[str, Path]
) -> None:
    from playwright.sync_api import expect

    choose(page, pictures["one.png"], pictures["two.png"])
    page.get_by_role("button", name="Remove one.png").click()
    assert page.locator("#previews span").all_inner_texts() == ["two.png"]
    ask(page)
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#answer")).to_be_hidden()
    assert page.locator("#previews li").count() == 0


def test_pictures_can_be_dropped(page: Any, pictures: dict[str, Path]) -> None:
    transfer = page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
            return transfer;
        }""",
        list(pictures["one.png"].read_bytes()),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    assert page.locator("#previews span").all_inner_texts() == ["dropped.png"]


def test_the_page_shows_that_it_is_busy_and_can_be_stopped(
    page: Any, pictures: dict[str, Path]
) -> None:
    from playwright.sync_api import expect

    page.route("**/predict*", lambda _route: None)  # the answer never comes
    choose(page, pictures["one.png"])
    page.locator("#ask").click()
    expect(page.locator("#form")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#ask")).to_be_disabled()
    photograph(page, "busy")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_have_text("Cancelled.")
    expect(page.locator("#ask")).to_be_enabled()


def test_a_server_that_is_gone_or_busy_is_told_and_can_be_asked_again(
    page: Any, pictures: dict[str, Path]
) -> None:
    from playwright.sync_api import expect

    page.route("**/predict*", lambda route: route.abort())
    choose(page, pictures["one.png"])
    page.locator("#ask").click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.unroute("**/predict*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".card")).to_have_count(1)


def test_the_page_changes_its_language(page: Any, url: str, pictures: dict[str, Path]) -> None:
    from playwright.sync_api import expect

    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Qu’y a-t-il sur l’image"))
    choose(page, pictures["one.png"])
    cards = ask(page)
    assert "avion" in cards.locator("tbody th").all_inner_texts()
    assert "%" in cards.locator("tbody td").first.inner_text()
    photograph(page, "french")


@pytest.mark.parametrize("page", [{"locale": "fr-FR"}], indirect=True)
def test_a_french_browser_gets_french(page: Any) -> None:
    assert page.locator("html").get_attribute("lang") == "fr"


def test_the_keyboard_alone_is_enough(page: Any, pictures: dict[str, Path]) -> None:
    def focused() -> str:
        return page.evaluate("document.activeElement.id || document.activeElement.textContent")

    def tab_to(wanted: str) -> None:
        for _ in range(12):
            if focused() == wanted:
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{wanted} can't be reached with Tab; the focus is on {focused()!r}.")

    tab_to("files")
    with page.expect_file_chooser() as dialog:
        page.keyboard.press("Space")
    dialog.value.set_files([pictures["one.png"]])
    tab_to("ask")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")
    assert focused() == "answer", "what is read next is the answer"


@pytest.mark.parametrize(
    "page", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True
)
def test_axe_finds_nothing_that_hinders(
    page: Any, pictures: dict[str, Path], request: pytest.FixtureRequest
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    before = Axe().run(page, options=rules)
    choose(page, pictures["one.png"], pictures["two.png"])
    ask(page)
    after = Axe().run(page, options=rules)
    photograph(page, request.node.callspec.params["page"]["color_scheme"])
    for found in (before, after):
        assert found.violations_count == 0, found.generate_report()


def test_a_name_with_a_script_in_it_is_shown_as_a_name(page: Any, tmp_path: Path) -> None:
    from PIL import Image

    stream = BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "PNG")
    name = "<img src=x onerror=alert(1)>.png"
    page.locator("#files").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": stream.getvalue()}]
    )
    cards = ask(page)
    assert cards.locator("h3").inner_text() == name
