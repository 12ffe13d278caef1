"""The application of most tutorials, to compare with. Serve nothing with it.

    python -m edgelab.serving.naive --port 8044

It works, on a good day. Flask's development server; the model called through `predict` of Keras, made
for large batches; no limit on anything; whatever goes wrong is a page of HTML with status 500. Count
what `edgelab.serving` does that is missing here. Lesson 43.
"""

from __future__ import annotations

import argparse
import io

import numpy as np
from flask import Flask, Response, jsonify, request

from edgelab import models
from edgelab.images import cifar


def create() -> Flask:
    """Return the application."""
    from PIL import Image

    app = Flask("naive")
    model = models.load("resnet8")

    @app.post("/predict")
    def predict() -> Response:
        results = []
        for file in request.files.getlist("images"):
            picture = Image.open(io.BytesIO(file.read())).convert("RGB").resize((32, 32))
            logits = model.predict(np.asarray(picture, np.float32)[None] / 255, verbose=0)[0]
            results.append({"class": cifar.CLASSES[int(logits.argmax())]})
        return jsonify(results=results)

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8044)
    create().run(port=parser.parse_args().port)
