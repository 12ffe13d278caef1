"""The command `edgelab`.

    edgelab doctor               what runs on this machine
    edgelab lab                  JupyterLab, on lesson 00
    edgelab run 24 --report      a lesson from top to bottom, with an HTML report
    edgelab notebooks            make the notebooks from their sources
    edgelab worksheets           make the worksheets' pages from their schemas
    edgelab check-submission     what is missing or wrong in a worksheet
    edgelab export-nbgrader      lessons as assignments of nbgrader
    edgelab train resnet8        train a network of the zoo, or stdlib-4m, the course's language model
    edgelab journal verify       was a record of the journal altered?
    edgelab grade …              marks, feedback and a gradebook of a folder of hand-ins
    edgelab serve                a model in a web application, on this machine only
    edgelab index FOLDER         make a folder of images searchable by image
    edgelab load URL             put a web application of this machine under load

What goes wrong on purpose (an `EdgelabError`) ends with one sentence and exit code 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from edgelab.errors import EdgelabError, InputError

app = typer.Typer(
    help="Learn edge-AI model optimisation by measuring it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_FORWARD = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def main() -> None:
    """Run the command line; the entry point of `edgelab`."""
    try:
        app()
    except EdgelabError as error:
        print(f"edgelab: {error}", file=sys.stderr)
        sys.exit(1)


@app.command()
def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Import every package too (half a minute).")
    ] = False,
) -> None:
    """Tell what runs on this machine; exit code 1 when the course lacks something."""
    from edgelab import doctor as doctors

    report = doctors.report(deep=deep)
    typer.echo(repr(report))
    raise typer.Exit(1 if report.failed else 0)


@app.command()
def lab(
    lesson: Annotated[str, typer.Argument(help="The lesson to open, by its number.")] = "00",
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Open a browser, or only print the address. By default: where there is one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open JupyterLab on a lesson; Ctrl+C stops it."""
    import signal
    import webbrowser

    from edgelab import lab as labs
    from edgelab.classroom import lessons

    notebook = lessons.get(lesson).student
    home = lessons.root()
    with labs.serve(notebook.relative_to(home).as_posix(), home) as server:
        opened = (labs.has_browser() if browser is None else browser) and webbrowser.open(
            server.url
        )
        typer.echo("JupyterLab runs. " + ("It is also here:" if opened else "Open this address:"))
        typer.echo(f"\n    {server.url}\n\nCtrl+C in this terminal stops it.")
        # A container that is stopped sends this signal; the server must not outlive us.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            server.process.wait()
        except KeyboardInterrupt:
            typer.echo("\nJupyterLab is stopped; your notebooks are saved.")


@app.command()
def run(
    lesson: Annotated[str, typer.Argument(help="The lesson's number, for instance 24.")],
    profile: Annotated[
        str, typer.Option(help="ci (quickest), class, or full (the real data set).")
    ] = "class",
    report: Annotated[bool, typer.Option("--report", help="Write an HTML report too.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where to. By default: build/lessons in the clone.")
    ] = None,
) -> None:
    """Execute a worked lesson from top to bottom and print its result.

    It runs in a workspace of its own, so nothing of it enters a student's journal.
    """
    import shutil

    from edgelab import workspace
    from edgelab.classroom import execution, lessons

    if profile not in workspace.PROFILES:
        raise InputError(
            f"There is no profile {profile!r}; use one of {', '.join(workspace.PROFILES)}."
        )
    chosen = lessons.get(lesson)
    folder = (out or lessons.root() / "build" / "lessons").resolve()
    target = folder / chosen.source.with_suffix(".ipynb").name
    own = folder / f"{chosen.name}-workspace"
    shutil.rmtree(own, ignore_errors=True)  # a run shows itself, not the run before
    executed = execution.execute(
        lessons.worked(lessons.read(chosen.source)),
        chosen.name,
        workspace=own,
        profile=profile,
    )
    execution.write_notebook(executed, target)
    written = [target]
    if report:
        written.insert(0, execution.write_html(executed, target.with_suffix(".html"), chosen.title))
    if table := execution.result_text(executed):
        typer.echo(f"\n{table}")
    typer.echo("")
    for path in written:
        typer.echo(f"{'report' if path.suffix == '.html' else 'notebook'}: {path}")


@app.command()
def notebooks(
    only: Annotated[
        list[str] | None, typer.Argument(help="Numbers of lessons; all by default.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when something drifted.")
    ] = False,
    execute: Annotated[
        bool, typer.Option("--execute/--no-execute", help="Execute worked lessons that changed.")
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Execute them even if their code did not change.")
    ] = False,
) -> None:
    """Make the student's and the worked notebooks from the sources in solutions/."""
    from edgelab.classroom import factory, lessons

    if check:
        drifted = factory.check()
        for line in drifted:
            typer.echo(line)
        typer.echo(
            "Call `make notebooks` and commit what it writes."
            if drifted
            else "All notebooks match their sources."
        )
        raise typer.Exit(1 if drifted else 0)
    chosen = [lessons.get(number) for number in only] if only else None
    written = factory.generate(chosen, run=execute, force=force, say=typer.echo)
    for path in written:
        typer.echo(f"wrote {path.relative_to(lessons.root())}")
    if not written:
        typer.echo("All notebooks match their sources.")


@app.command()
def worksheets(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when something drifted.")
    ] = False,
) -> None:
    """Make the worksheets to fill by hand and to print, and the exemplars, from their schemas."""
    from edgelab.classroom.worksheets import generated

    drifted = generated.drifted()
    for path in drifted if check else generated.generate():
        typer.echo(f"{path} differs from what it is made from" if check else f"wrote {path}")
    if not drifted:
        typer.echo("All worksheets match what they are made from.")
    raise typer.Exit(1 if check and drifted else 0)


@app.command()
def check_submission(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A worksheet's JSON or Markdown file; by default the workspace's.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the audit that the instructor runs; exit code 1 when something is missing or wrong."""
    from edgelab.classroom.worksheets import submission

    checked = submission.check(file)
    typer.echo(checked.text)
    raise typer.Exit(1 if checked.errors else 0)


@app.command()
def export_nbgrader(
    out: Annotated[Path, typer.Option(help="The course folder, made where there is none.")],
    only: Annotated[
        list[str] | None, typer.Argument(help="Numbers of lessons; all by default.")
    ] = None,
    points: Annotated[int, typer.Option(help="Points of one exercise.")] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that were changed since.")
    ] = False,
) -> None:
    """Write lessons as assignments of nbgrader, with its configuration and a README."""
    from edgelab.classroom import lessons, nbgrader_export

    chosen = [lessons.get(number) for number in only] if only else None
    for path in nbgrader_export.export(out, chosen, points=points, force=force):
        typer.echo(f"wrote {path}")


@app.command(context_settings=_FORWARD)
def train(context: typer.Context) -> None:
    """Train a model that the course ships: `resnet8 --epochs 20`, or the language model `stdlib-4m`."""
    from edgelab.networks import cifar_training
    from edgelab.slm import course, course_training

    chosen = course_training if course.NAME in context.args else cifar_training
    raise typer.Exit(chosen.main(context.args))


@app.command(context_settings=_FORWARD)
def journal(context: typer.Context) -> None:
    """Show, verify or locate the journal: `edgelab journal verify`."""
    from edgelab.classroom.journal_cli import journal_app

    journal_app(context.args, prog_name="edgelab journal")


@app.command()
def grade(
    worksheet: Annotated[str, typer.Argument(help="For instance worksheets/analysis.yaml.")],
    submissions: Annotated[
        Path,
        typer.Argument(help="The folder of hand-ins, or the ZIP file that Moodle made of them."),
    ],
    *,
    out: Annotated[
        Path, typer.Option(help="Where everything goes; sheets that are there are merged.")
    ] = Path("grades"),
    lms: Annotated[
        Path | None, typer.Option(help="The CSV file that Moodle or Canvas exported, to fill.")
    ] = None,
    lms_column: Annotated[
        str, typer.Option(help="Its column for the marks, where there are several.")
    ] = "",
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many work at once; by default one a core.")
    ] = None,
    lang: Annotated[
        Literal["en", "fr"] | None,
        typer.Option(help="Of sheets, class page and reasons; by default that of the interface."),
    ] = None,
) -> None:
    """Grade a folder of worksheets: marks, feedback, gradebook, and what is too similar.

    What a person must judge waits in `OUT/sheets/`: fill in the points there and call this again.
    """
    from edgelab.classroom.grading import batch

    result = batch.grade(
        worksheet, submissions, out, export=lms, column=lms_column, processes=processes, lang=lang
    )
    typer.echo(batch.told(result))


@app.command()
def index(
    folder: Annotated[Path, typer.Argument(help="Images; its sub-folders are taken as classes.")],
    *,
    network: Annotated[
        str, typer.Option(help="resnet8 (quick), or efficientnet_lite0 (for photographs).")
    ] = "resnet8",
    out: Annotated[
        Path | None,
        typer.Option(help="Where the index goes. By default indexes/ in the workspace."),
    ] = None,
) -> None:
    """Make an index of a folder of images, for the visual search of `edgelab serve --index`."""
    from edgelab.serving import indexing

    made = indexing.of_folder(folder, out, network)
    for name, reason in made.left_out.items():
        typer.echo(f"left out: {name}: {reason}")
    typer.echo(f"{made.images} images in {made.folder}")
    typer.echo(f"Search it: edgelab serve --index {made.folder}")


@app.command()
def serve(
    config: Annotated[
        Path | None, typer.Option(help="A YAML file with what differs from the defaults.")
    ] = None,
    *,
    host: Annotated[
        str | None, typer.Option(help="Where to listen. By default this machine only.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="By default one for every core.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="A .tflite or .onnx file. By default the course's ResNet8.")
    ] = None,
    on: Annotated[list[str] | None, typer.Option(help="A practice to switch on.")] = None,
    off: Annotated[
        list[str] | None, typer.Option(help="A practice to switch off, or “all”.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any setting, as in practices.queue.length=4."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(help="What `edgelab index` made. By default a sample of CIFAR-10."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print every setting, and end.")] = False,
    watched: Annotated[
        bool, typer.Option("--watched", hidden=True, help="End when standard input closes.")
    ] = False,
) -> None:
    """Serve a model over HTTP until Ctrl+C; whoever is being answered then still gets the answer."""
    from edgelab.serving import configuration, server

    given = {"host": host, "port": port, "workers": workers, "search.index": index}
    settings = configuration.load(
        config,
        [f"{name}={value}" for name, value in given.items() if value is not None] + (changes or []),
    )
    if model:
        settings = configuration.with_model(settings, model)
    if off and "all" in off:
        settings, off = configuration.bare(settings), []
    settings = configuration.switched(settings, on or [], off or [])
    if show:
        typer.echo(configuration.written(settings), nl=False)
        return
    server.run(settings, say=typer.echo, watched=watched)


@app.command()
def load(
    url: Annotated[
        str, typer.Argument(help="On this machine, for instance http://127.0.0.1:8043/predict.")
    ],
    images: Annotated[
        list[Path] | None,
        typer.Argument(help="Image files to send; by default 200 of the CIFAR-10 sample."),
    ] = None,
    *,
    clients: Annotated[int, typer.Option(help="Closed loop: how many wait for answers.")] = 4,
    rate: Annotated[
        float | None, typer.Option(help="Open loop: requests due per second.", show_default=False)
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long.")] = 10.0,
    in_flight: Annotated[int, typer.Option(help="Open loop: how many may wait at once.")] = 64,
    field: Annotated[str, typer.Option(help="The form's field.")] = "images",
    out: Annotated[
        Path | None, typer.Option(help="A JSON file for the result.", show_default=False)
    ] = None,
) -> None:
    """Put a web application of this machine under load and print what its answers took."""
    import json

    from edgelab import workspace
    from edgelab.serving import load_client, load_payloads

    files = [(p.name, workspace.existing(p).read_bytes()) for p in images or []]
    result = load_client.run(
        url,
        [load_payloads.multipart([file], field) for file in files or load_payloads.sample()],
        "closed" if rate is None else "open",
        clients=clients,
        rate=rate,
        seconds=seconds,
        in_flight=in_flight,
    )
    typer.echo(repr(result))
    if out:
        workspace.atomic_write(out, json.dumps(result.to_dict()) + "\n")


if __name__ == "__main__":
    main()
