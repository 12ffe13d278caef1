"""One look for every chart: colours, grid, fonts, and which technique has which colour.

A technique keeps its colour through the whole course, so a student who has seen that int8 is blue
in lesson 20 reads lesson 24 faster. The colours are Okabe and Ito's, which people with any of the
common colour-vision deficiencies tell apart; no chart relies on colour alone.

    with style.canvas(7.2, 3.0) as figure:
        axes = figure.subplots()

Source: M. Okabe and K. Ito, "Color Universal Design", 2002.
"""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2  # inches; at DISPLAY_DPI this is the width of a notebook's output
DISPLAY_DPI = 100  # pixels an inch on the page
RENDER_DPI = 200  # pixels an inch in the file: sharp on dense screens and in print

INK = "#333333"
MUTED = "#6E6E6E"
GRID = "#DDDDDD"
ACCENT = "#D55E00"  # vermillion: the one thing to look at

# Okabe–Ito, with grey for the reference and three darker hues of Paul Tol's for the late-comers.
COLOURS = {
    "float32": "#999999",
    "float16": "#56B4E9",
    "dynamic": "#E69F00",
    "int8": "#0072B2",
    "int16": "#000000",
    "int4": "#D55E00",
    "mixed": "#882255",
    "aware": "#CC79A7",
    "pruned": "#F0E442",
    "clustered": "#999933",
    "distilled": "#009E73",
}
# Tried in this order: "int8 QAT" is quantization-aware, "pruned int8" is pruned. A name that
# matches nothing is taken for the plain float model.
_TECHNIQUES = (
    ("distilled", r"distil"),
    ("clustered", r"cluster|pcqat|cqat"),
    ("pruned", r"prun|spars|masked|2:4"),
    ("aware", r"aware|qat"),
    ("mixed", r"mixed|recipe"),
    ("int16", r"int16|16x8|i16|a16"),
    ("int4", r"int4|int2|int3|4.?bit|3.?bit|2.?bit|\bw4|q4"),
    ("dynamic", r"dyn"),
    ("float16", r"float16|fp16|half|bf16|f16"),
    ("int8", r"int8|uint8|8.?bit|\bw8|quant|integer"),
    ("float32", r"float|fp32|f32|keras|baseline|original"),
)
_WORDS = re.compile(
    r"\d[ -]?bits?|[a-z0-9:]*(?:" + "|".join(p for _, p in _TECHNIQUES) + r")[a-z0-9:]*",
    re.IGNORECASE,
)

_RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # travels with matplotlib, so charts look alike everywhere
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": DISPLAY_DPI,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "hatch.linewidth": 0.6,
    "axes.unicode_minus": True,
    "text.parse_math": False,  # a dollar sign in a model's name is a dollar sign
}


@contextlib.contextmanager
def applied() -> Iterator[None]:
    """Apply the course's style, whatever the notebook has set, and put everything back after."""
    import matplotlib as mpl

    # Starting from the defaults keeps a student's rcParams out of our charts, and ours out of theirs.
    settings: Any = {
        key: value
        for key, value in mpl.rcParamsDefault.items()
        if not key.startswith(("backend", "interactive", "toolbar"))
    }
    with mpl.rc_context(settings | _RC):
        yield


@contextlib.contextmanager
def canvas(width: float = WIDTH, height: float = 3.0) -> Iterator[Figure]:
    """Give an empty figure in the course's style; it belongs to nobody else, so nothing is drawn twice.

    Args:
        width: in inches; keep to `WIDTH`, the width of a notebook's output.
        height: in inches.
    """
    with applied():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        pack(figure, 0.07)
        yield figure


def pack(figure: Figure, inches: float = 0.03) -> None:
    """Set how far the parts of a figure stay from each other."""
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=inches, h_pad=inches, wspace=0.06, hspace=0.9 * inches)


def technique(name: str) -> str:
    """Return the compression technique that a model's name tells, "float32" when it tells none."""
    for known, pattern in _TECHNIQUES:
        if re.search(pattern, name, re.IGNORECASE):
            return known
    return "float32"


def stem(name: str) -> str:
    """Return a model's name without the words that name techniques: what two variants share."""
    return re.sub(r"[^a-z0-9]+", "", _WORDS.sub("", name).lower())


def colour(name: str) -> str:
    """Return the colour of the technique that a model's name tells."""
    return COLOURS[technique(name)]


def distinct(names: Iterable[str]) -> list[str]:
    """Return one colour a name: the technique's, or others where two names would share one."""
    names = list(names)
    own = [colour(name) for name in names]
    if len(set(own)) == len(own):
        return own
    order = ("#999999", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
    return [order[i % len(order)] for i in range(len(names))]


def luminance(hue: str) -> float:
    """Return how light a colour is, 0 to 1 (without the gamma step: enough to choose an ink)."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(hue)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def readable_on(background: str) -> str:
    """Return black or white, whichever is easier to read on this colour."""
    return "black" if luminance(background) > 0.5 else "white"


def tint(hue: str, share: float = 0.45) -> str:
    """Return a colour mixed with white, light enough to write on."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (share * part + 1 - share for part in to_rgb(hue))
    return to_hex((red, green, blue))


def cut(text: str, width: int) -> str:
    """Return a text of at most this many characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def wrapped(name: str, width: int = 24) -> str:
    """Return a long name on several lines."""
    return "\n".join(textwrap.wrap(name, width, break_on_hyphens=True)) or name


def only_grid(axes: Axes, axis: str) -> None:
    """Keep the grid lines of one axis ("x" or "y"): the one that values are read from."""
    axes.grid(False)
    axes.grid(True, axis=axis)  # type: ignore[arg-type]


def plain_log(axis: Any) -> None:
    """Write a logarithmic axis in plain numbers, at 1, 2 and 5 where it spans little."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    subs = (1.0, 2.0, 5.0) if high / low < 1e3 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def label_lines(axes: Axes, labels: list[tuple[float, str, str]], size: float = 9.0) -> None:
    """Write each line's name at its right end, moved apart where two would overlap.

    Args:
        axes: with its limits already set.
        labels: for each line its last value, its name and its colour.
        size: of the letters, in points.
    """
    figure: Any = axes.figure
    settle(figure)
    bottom, top = axes.get_window_extent().y0, axes.get_window_extent().y1
    step = 1.35 * size * figure.dpi / 72
    right = axes.get_xlim()[1]
    wanted = sorted(
        (axes.transData.transform((right, value))[1], value, text, hue)
        for value, text, hue in labels
    )
    places: list[float] = []
    for pixel, *_ in wanted:
        places.append(max(pixel, places[-1] + step) if places else max(pixel, bottom))
    # What was pushed above the axes pushes its neighbours down again.
    ceiling = top
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], ceiling)
        ceiling = places[i] - step
    for place, (pixel, value, text, hue) in zip(places, wanted, strict=True):
        axes.annotate(
            text, (1, value), (6, (place - pixel) * 72 / figure.dpi),
            xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
            fontsize=size, color=hue if luminance(hue) < 0.5 else INK, annotation_clip=False,
        )  # fmt: skip


def interval(axes: Axes, x: Any, y: Any, on: str = "white", **reach: Any) -> None:
    """Draw an interval with caps, edged in white where the bar below it is as dark as its ink.

    Args:
        axes: where.
        x: place of the value that the interval belongs to.
        y: the same, on the other axis.
        on: the colour below it.
        reach: `xerr` or `yerr`, as in matplotlib's errorbar.
    """
    from matplotlib import patheffects

    drawn = axes.errorbar(
        x, y, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3, zorder=3, **reach
    )
    if luminance(on) < 0.2:
        halo = [patheffects.withStroke(linewidth=2.4, foreground="white")]
        for part in (*drawn[1], *drawn[2]):
            part.set_path_effects(halo)


def settle(figure: Figure) -> None:
    """Run the layout, so that sizes in pixels can be asked for."""
    engine: Any = figure.get_layout_engine()
    engine.execute(figure)


def room_for_labels(axes: Axes, ends: Iterable[tuple[float, Any]], gap: float = 10.0) -> None:
    """Widen an axis to the right until every text fits behind the bar or point that it labels.

    Args:
        axes: already laid out (`settle`); the left end stays.
        ends: for each text, where the bar or interval before it ends, and the text.
        gap: free pixels around a text.
    """
    pixels = axes.get_window_extent().width
    left = axes.get_xlim()[0]
    limit = left
    for end, text in ends:
        share = min(0.8, (text.get_window_extent().width + gap) / pixels)
        limit = max(limit, left + (end - left) / (1 - share))
    axes.set_xlim(left, limit if limit > left else left + 1.0)
