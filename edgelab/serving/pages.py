"""The one page that people see: upload, look, read the answer.

    app = api.create(settings, parts=[pages.add])

The server sends one HTML page, one style sheet and four small scripts, all from this folder: nothing is
fetched from anywhere else, so the page works without a network. Everything on it is computed by the same
`/predict` and `/search` that programs use. The texts stand here and go to the scripts as data, so that
both languages come from one catalogue. Lesson 43.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, url_for

from edgelab.serving import language
from edgelab.serving.language import N_, _

if TYPE_CHECKING:
    from edgelab.serving.application import Application

SIDE_PIXELS = 512  # a browser makes larger pictures smaller before it sends them

# In the page itself
TEXTS = {
    "title": N_("What is in the picture?"),
    "introduction": N_(
        "A small neural network on this computer looks at your pictures. They are not stored."
    ),
    "no_scripts": N_(
        "This page needs JavaScript. Without it, send your picture to /predict with any program."
    ),
    "skip": N_("Skip to the answer"),
    "language": N_("Language"),
    "choose": N_("Choose pictures"),
    "drop": N_("or drop them here"),
    "pictures": N_("Your pictures"),
    "smaller": N_("Make large pictures smaller before they are sent"),
    "ask": N_("Ask the network"),
    "cancel": N_("Cancel"),
    "restart": N_("Start again"),
    "answer": N_("Answer"),
    "knows": N_(
        "It knows only: {classes}. A picture of anything else gets one of these names too."
    ),
}

# What the scripts say
SPOKEN = {
    "remove": N_("Remove {name}"),
    "refused": N_("{name} is no picture and was left out."),
    "too_many": N_("At most {limit} pictures at once; {name} was left out."),
    "added": N_("Pictures ready: {count}."),
    "busy": N_("The network is looking …"),
    "cancelled": N_("Cancelled."),
    "done": N_("Done. Pictures answered: {count}."),
    "top": N_("The three likeliest"),
    "chart": N_("All classes, {name}"),
    "class": N_("Class"),
    "probability": N_("Probability"),
    "model": N_("{name}, version {version}, in {runtime}."),
    "times": N_(
        "In the server {total} ms: decoding {decode}, waiting {wait}, network {inference}."
    ),
    "round_trip": N_("From click to answer {milliseconds} ms; {kilobytes} kB were sent."),
    "saved": N_("Made smaller in the browser: {before} kB became {after} kB."),
    "from_cache": N_("Answered from the cache."),
    "similar": N_("Find similar pictures"),
    "similar_to": N_("Similar to {name}"),
    "similarity": N_("similarity {value}"),
    "search_times": N_(
        "In the server {total} ms: decoding {decode}, embedding {embed}, search {search}; "
        "{size} pictures in the index."
    ),
    "without": N_("Ask without them"),
    "again": N_("Try again"),
    "offline": N_("The server does not answer. Is it still running?"),
    "strange": N_("The answer can't be read (status {status})."),
    "number": N_("Number of the request: {id}"),
}


def add(app: Application) -> None:
    """Add the page to an application."""
    service = app.service

    @app.get("/", doc_ui=False)
    def page() -> str:
        engine = service.versions.engines[0]
        return render_template(
            "page.html",
            here=language.language(),
            languages=[("en", "English"), ("fr", "Français")],
            texts={name: _(text) for name, text in TEXTS.items()},
            settings={
                "texts": {name: _(text) for name, text in SPOKEN.items()},
                "language": language.language(),
                "side": SIDE_PIXELS,
                "images": service.settings.bounds.images,
                "predict": url_for("predict"),
                "search": "/search" if _has(app, "/search") else None,
            },
            classes=", ".join(_(name) for name in engine.classes),
        )


def _has(app: Application, address: str) -> bool:
    return any(rule.rule == address for rule in app.url_map.iter_rules())
