from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from edgelab import cli
from edgelab.errors import InputError
from edgelab.serving import naive
from edgelab.serving.configuration import Practices


def shown(*options: str) -> dict:
    result = CliRunner().invoke(cli.app, ["serve", "--show", *options])
    assert result.exit_code == 0, result.output
    return yaml.safe_load(result.output)


def test_the_command_shows_every_setting():
    settings = shown()
    assert settings["host"] == "127.0.0.1"
    assert set(settings["practices"]) == set(Practices.model_fields)


def test_options_come_before_the_file_and_practices_are_switched(tmp_path):
    file = tmp_path / "serving.yaml"
    file.write_text("port: 9000\nworkers: 7\n")
    settings = shown(
        *("--config", str(file), "--port", "9001", "--on", "micro_batching"),
        *("--off", "answer_cache", "--set", "practices.queue.length=3"),
    )
    assert (settings["port"], settings["workers"]) == (9001, 7)
    assert settings["practices"]["micro_batching"]["enabled"]
    assert not settings["practices"]["answer_cache"]["enabled"]
    assert settings["practices"]["queue"]["length"] == 3


def test_all_practices_are_switched_off_at_once_and_one_of_them_on_again():
    practices = shown("--off", "all", "--on", "one_load")["practices"]
    assert practices["one_load"]
    assert not practices["interpreter_per_worker"]
    assert not practices["queue"]["enabled"]


def test_a_model_of_one_s_own_is_called_as_its_file(tmp_path):
    path = tmp_path / "my-model.tflite"
    assert shown("--model", str(path))["models"][0]["name"] == "my-model"


@pytest.mark.parametrize("options", [["--on", "magic"], ["--set", "prot=1"], ["--port", "99999"]])
def test_what_does_not_exist_is_named(options):
    result = CliRunner().invoke(cli.app, ["serve", "--show", *options])
    assert isinstance(result.exception, InputError)


def test_the_naive_application_is_as_short_as_in_a_tutorial():
    source = Path(naive.__file__).read_text(encoding="utf-8")
    docstring = ast.parse(source).body[0].end_lineno
    assert len([line for line in source.splitlines()[docstring:] if line.strip()]) <= 40
