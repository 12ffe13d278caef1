"""What every lesson keeps to, each rule a function that returns the offenders.

An offender is a sentence with the cell's number, so that a failing test says where to look. The
rules are of three kinds: for a lesson's source (as `lessons.read` gives it), for the student's
notebook, and for the worked one. `tests/notebooks/test_rules.py` shows each rule an offender.

    python -m tests.notebooks.rules          # offenders in all sources, in a second
    python -m tests.notebooks.rules 20       # in lesson 20
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.notebooks import prose

MOST_CODE_LINES = 15
MOST_TEXT_LINES = 22  # about half a screen between two code cells
MOST_OPENING_LINES = 32  # the frame at the top may be longer
MOST_OUTPUT_BYTES = 6_000  # of text, in one output
MOST_NOTEBOOK_BYTES = 2_500_000

Rule = Callable[[Any], list[str]]


# For the source


def lacks_a_frame(notebook: Any) -> list[str]:
    """A lesson opens with what the reader will be able to do, what it needs, its time, its parts."""
    opening = "\n".join(cell.source for cell in _before_code(notebook))
    asked = {
        "a heading `# 20 · The question`": r"^# \d\d · \S",
        "what the reader will be able to do ('you can', 'able to')": r"\byou (can|will)|\bable to\b",
        "what it needs ('Needs:')": r"(?i)\bneeds\b",
        "how long it takes ('Time:')": r"(?i)\btime\b",
        "the worksheet parts it feeds ('Feeds')": r"(?i)\bfeeds\b",
    }
    return [
        f"the opening lacks {what}"
        for what, pattern in asked.items()
        if not re.search(pattern, opening, re.MULTILINE)
    ]


def lacks_parameters(notebook: Any) -> list[str]:
    """The first code cell is tagged `parameters` and sets PROFILE, for papermill to replace."""
    code = [cell for _, cell in _code(notebook)]
    tagged = [cell for cell in code if "parameters" in _tags(cell)]
    if len(tagged) != 1 or code[0] is not tagged[0]:
        return ["exactly the first code cell must carry the tag 'parameters'"]
    if not re.search(r'^PROFILE = "class"', tagged[0].source, re.MULTILINE):
        return ['the parameters cell must say `PROFILE = "class"`']
    return []


def begins_nowhere(notebook: Any) -> list[str]:
    """One of the first cells calls `begin("20", PROFILE)`, so that records know their lesson."""
    text = "\n".join(cell.source for _, cell in list(_code(notebook))[:4])
    if re.search(r'\bbegin\("\d\d", PROFILE\)', text):
        return []
    return ['no call `begin("NN", PROFILE)` in the first code cells']


def long_code(notebook: Any) -> list[str]:
    """A code cell holds one idea: fewer than fifteen lines, blank ones and markers not counted."""
    found = []
    for number, cell in _code(notebook):
        lines = [line for line in cell.source.split("\n") if line.strip()]
        count = len([line for line in lines if not re.match(r"\s*### (BEGIN|END) ", line)])
        if count >= MOST_CODE_LINES:
            found.append(f"cell {number}: {count} lines of code; split it into ideas")
    return found


def long_text(notebook: Any) -> list[str]:
    """Text between two code cells fits on half a screen."""
    found, lines, first, opening = [], 0.0, 0, True
    for number, cell in (*_numbered(notebook), (0, None)):
        if cell is not None and cell.cell_type == "markdown":
            first = first or number
            lines += prose.lines(cell.source)
            continue
        most = MOST_OPENING_LINES if opening else MOST_TEXT_LINES
        if lines > most:
            found.append(f"cell {first}: about {lines:.0f} lines of text; {most} fit")
        lines, first, opening = 0.0, 0, False
    return found


def typed_results(notebook: Any) -> list[str]:
    """Prose carries no measured figures: they belong to the run, not to the text.

    A claim that circulates may be quoted, in a quotation (`> Claim: …`); code is not prose.
    """
    found = []
    for number, cell in _text(notebook):
        words = prose.figures(cell.source)
        found += [f"cell {number}: {word!r} is a result typed into prose" for word in words]
    return found


def commands_in_prose(notebook: Any) -> list[str]:
    """No command stands in prose that nothing executes."""
    found = []
    for number, cell in _text(notebook):
        if re.search(r"```(?:bash|sh|shell|console|powershell)", cell.source):
            found.append(f"cell {number}: a shell command that is not executed")
    return found


def own_style(notebook: Any) -> list[str]:
    """`report` sets the style of figures; a lesson never touches it."""
    pattern = r"rcParams|plt\.style|matplotlib\.use|rc_context|sns\.set"
    return [
        f"cell {number}: sets the style of figures itself"
        for number, cell in _code(notebook)
        if re.search(pattern, cell.source)
    ]


def shell_and_magics(notebook: Any) -> list[str]:
    """A lesson is Python: no shell lines, no magics, nothing installed."""
    return [
        f"cell {number}: {match[0].strip()!r}"
        for number, cell in _code(notebook)
        if (match := re.search(r"^\s*[!%].*", cell.source, re.MULTILINE))
    ]


def expects_exceptions(notebook: Any) -> list[str]:
    """papermill stops at a cell tagged `raises-exception`: catch the error and print it."""
    return [
        f"cell {number}: the tag 'raises-exception' stops papermill; catch the error and print it"
        for number, cell in _code(notebook)
        if "raises-exception" in _tags(cell)
    ]


def checks_without_hints(notebook: Any) -> list[str]:
    """Every check has two hints."""
    code = "\n".join(cell.source for _, cell in _code(notebook))
    found = []
    for name in dict.fromkeys(re.findall(r'\bcheck\(\s*"([^"]+)"', code)):
        found += [
            f"the check {name!r} has no hint {level}"
            for level in (1, 2)
            if not re.search(rf'\bhint\(\s*"{re.escape(name)}",\s*{level}', code)
        ]
    return found


def solutions_without_checks(notebook: Any) -> list[str]:
    """What a student fills in is checked: a solution is followed by a check within three code cells."""
    code = list(_code(notebook))
    found = []
    for index, (number, cell) in enumerate(code):
        if "### BEGIN SOLUTION" not in cell.source:
            continue
        after = "\n".join(c.source for _, c in code[index : index + 4])
        if not re.search(r"\b(check|predict|question)\(", after):
            found.append(f"cell {number}: a solution that nothing checks")
    return found


def lacks_an_ending(notebook: Any) -> list[str]:
    """A lesson ends with questions, the way on, and what the reader has achieved."""
    code = [cell.source for _, cell in _code(notebook)]
    text = "\n".join(cell.source for _, cell in list(_text(notebook))[-5:])
    found = []
    if not code or "lesson_summary(" not in code[-1]:
        found.append("the last code cell does not call `lesson_summary`")
    if not code or not re.search(r"\bworksheet_progress\(|\bws\.show\(", code[-1]):
        found.append("the last code cell does not show the worksheet (`worksheet_progress`)")
    if not any(re.search(r"\bquestion\(", source) for source in code):
        found.append("no questions")
    if not re.search(r"(?i)\bnext\b", text):
        found.append("the last texts do not say where to go next")
    return found


def emoji(notebook: Any) -> list[str]:
    """No emoji."""
    return [
        f"cell {number}: {match[0]!r}"
        for number, cell in _numbered(notebook)
        if (
            match := re.search(
                "[\U0001f000-\U0001faff\u2600-\u26ff\u2705\u274c\u2728]", cell.source
            )
        )
    ]


# For the student's notebook


def repeated_ids(notebook: Any) -> list[str]:
    """Every cell has an id of its own."""
    counts = Counter(cell.get("id") for cell in notebook.cells)
    return [f"{count} cells have the id {key!r}" for key, count in counts.items() if count > 1]


def outputs(notebook: Any) -> list[str]:
    """A student starts from an empty page."""
    return [
        f"cell {number}: holds an output or an execution count"
        for number, cell in _code(notebook)
        if cell.outputs or cell.execution_count is not None
    ]


def solutions_left(notebook: Any) -> list[str]:
    """No solution and no marker is left."""
    return [
        f"cell {number}: holds a solution marker"
        for number, cell in _numbered(notebook)
        if re.search(r"(BEGIN|END) SOLUTION", cell.source)
    ]


def unreadable_code(notebook: Any) -> list[str]:
    """Every cell is valid Python, stubs included: a student notebook runs from top to bottom."""
    found = []
    for number, cell in _code(notebook):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            found.append(f"cell {number}: line {error.lineno}: {error.msg}")
    return found


def foreign_metadata(notebook: Any) -> list[str]:
    """Nothing in the file tells on which machine or with which front end it was made."""
    found = []
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("the kernel is not python3")
    extra = set(notebook.metadata) - {"kernelspec", "language_info", "edgelab"}
    found += [f"notebook metadata {key!r}" for key in sorted(extra)]
    for number, cell in _numbered(notebook):
        extra = set(cell.metadata) - {"tags", "jupyter"}
        found += [f"cell {number}: metadata {key!r}" for key in sorted(extra)]
    return found


# For the worked notebook


def complaints(notebook: Any) -> list[str]:
    """Warnings and logs never reach the page, and no cell has failed."""
    found = []
    for number, output in _outputs(notebook):
        if output.output_type == "error":
            found.append(f"cell {number}: {output.ename}: {output.evalue}")
        elif output.get("name") == "stderr":
            found.append(f"cell {number}: on stderr: {output.text[:120]!r}")
    return found


def long_output(notebook: Any) -> list[str]:
    """An output can be taken in; the file stays small enough for git."""
    found = []
    for number, output in _outputs(notebook):
        size = len(_shown(output).encode())
        if size > MOST_OUTPUT_BYTES:
            found.append(f"cell {number}: {size:,} bytes of text in one output")
    import nbformat

    size = len(nbformat.writes(notebook).encode())
    if size > MOST_NOTEBOOK_BYTES:
        found.append(f"the notebook has {size:,} bytes")
    return found


def machine_traces(notebook: Any) -> list[str]:
    """No path of this machine and no memory address stands in an output."""
    pattern = (
        r"(?<![\w.])/(?:tmp|home|root|Users|var|opt|usr|private)/\S*|[A-Z]:\\\\?Users\S*"
        r"|site-packages\S*|\bat 0x[0-9a-f]{6,}"
    )
    return [
        f"cell {number}: {match[0]!r}"
        for number, output in _outputs(notebook)
        if (match := re.search(pattern, _shown(output)))
    ]


def not_executed(notebook: Any) -> list[str]:
    """Every code cell ran, in order, in one go."""
    counts = [cell.execution_count for _, cell in _code(notebook) if cell.source.strip()]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return [f"the execution counts are {counts}"]


def saved_widgets(notebook: Any) -> list[str]:
    """No widget state is saved: with it, a page draws widgets from the network instead of pictures."""
    return ["the notebook holds the state of widgets"] if "widgets" in notebook.metadata else []


def widgets_without_twin(notebook: Any) -> list[str]:
    """A widget that shows a figure has a picture, and any other widget a text or a page, as twin."""
    view = "application/vnd.jupyter.widget-view+json"
    return [
        f"cell {number}: a widget without a static twin"
        for number, output in _outputs(notebook)
        if view in output.get("data", {}) and not {"image/png", "text/html"} & set(output["data"])
    ]


def plots_without_conclusion(notebook: Any) -> list[str]:
    """Every plot is followed by what can be concluded from it, and what can't."""
    pattern = (
        r"(?i)conclu|can[’']t|cannot|can not|does not (?:say|show|tell|mean)|what you (?:can|see)"
    )
    cells = list(_numbered(notebook))
    found = []
    for index, (number, cell) in enumerate(cells):
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        after = cells[index + 1][1] if index + 1 < len(cells) else None
        if pictures and not (
            after is not None and after.cell_type == "markdown" and re.search(pattern, after.source)
        ):
            found.append(f"cell {number}: a plot without what can and can't be concluded below it")
    return found


SOURCE_RULES: tuple[Rule, ...] = (
    lacks_a_frame,
    lacks_parameters,
    begins_nowhere,
    long_code,
    long_text,
    typed_results,
    commands_in_prose,
    own_style,
    shell_and_magics,
    expects_exceptions,
    checks_without_hints,
    solutions_without_checks,
    lacks_an_ending,
    emoji,
)
STUDENT_RULES: tuple[Rule, ...] = (
    repeated_ids,
    outputs,
    solutions_left,
    unreadable_code,
    foreign_metadata,
)
WORKED_RULES: tuple[Rule, ...] = (
    repeated_ids,
    solutions_left,
    foreign_metadata,
    complaints,
    long_output,
    machine_traces,
    not_executed,
    saved_widgets,
    widgets_without_twin,
    plots_without_conclusion,
)


def _numbered(notebook: Any) -> Iterator[tuple[int, Any]]:
    yield from enumerate(notebook.cells, 1)


def _code(notebook: Any) -> Iterator[tuple[int, Any]]:
    return ((n, cell) for n, cell in _numbered(notebook) if cell.cell_type == "code")


def _text(notebook: Any) -> Iterator[tuple[int, Any]]:
    return ((n, cell) for n, cell in _numbered(notebook) if cell.cell_type == "markdown")


def _outputs(notebook: Any) -> Iterator[tuple[int, Any]]:
    return ((n, output) for n, cell in _code(notebook) for output in cell.outputs)


def _before_code(notebook: Any) -> list[Any]:
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            break
        cells.append(cell)
    return cells


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _shown(output: Any) -> str:
    """Return the text that an output shows: its stream, or its HTML or plain representation."""
    if output.output_type == "stream":
        return str(output.text)
    data = output.get("data", {})
    page = str(data.get("text/html", ""))
    # Pictures inside a page are not text, and markup is not read.
    page = re.sub(
        r"data:image/[^\"')]+|<style.*?</style>|<svg.*?</svg>|<[^>]*>", "", page, flags=re.DOTALL
    )
    return page or str(data.get("text/plain", ""))


def main(numbers: list[str]) -> int:
    """Print the offenders in the sources of these lessons (of all, without numbers)."""
    from edgelab.classroom import lessons

    found = 0
    for lesson in [lessons.get(number) for number in numbers] or lessons.find():
        notebook = lessons.read(lesson.source)
        unsolved = lessons.student(notebook)
        for rule, looked_at in (
            *((rule, notebook) for rule in SOURCE_RULES),
            *((rule, unsolved) for rule in STUDENT_RULES),
        ):
            for offender in rule(looked_at):
                print(f"{lesson.source.name}: {rule.__name__}: {offender}")
                found += 1
    print(f"{found} offenders")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
