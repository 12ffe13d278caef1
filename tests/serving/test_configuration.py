from __future__ import annotations

import pytest
import yaml

from edgelab.errors import InputError, MissingFileError
from edgelab.serving import configuration
from edgelab.serving.configuration import Practices, Settings


def test_it_listens_on_this_machine_only_unless_told_otherwise():
    assert Settings().host == "127.0.0.1"


def test_a_file_says_only_what_differs(tmp_path):
    file = tmp_path / "serving.yaml"
    file.write_text("limits: {images: 3}\npractices: {answer_cache: false}\n")
    settings = configuration.load(file)
    assert settings.limits.images == 3
    assert settings.limits.pixels == Settings().limits.pixels
    assert not settings.practices.answer_cache.enabled


@pytest.mark.parametrize(
    "change",
    ["limit.images=3", "limits.image=3", "practices.micro_batchng=true", "models=[{nmae: x}]"],
)
def test_a_misspelt_key_is_an_error_and_is_named(change):
    wrong = change.split("=")[0].split(".")[-1] if "models" not in change else "nmae"
    with pytest.raises(InputError, match=wrong):
        configuration.load(changes=[change])


@pytest.mark.parametrize(
    "change",
    [
        "port=70000",
        "limits.images=0",
        "workers=0",
        "limits.seconds=0",
        "port",
        "port=[",
        "models=[]",
    ],
)
def test_a_value_out_of_range_is_an_error(change):
    with pytest.raises(InputError):
        configuration.load(changes=[change])


def test_changes_come_after_the_file(tmp_path):
    file = tmp_path / "serving.yaml"
    file.write_text("practices:\n  queue: false\n")
    settings = configuration.load(file, ["practices.queue.length=4"])
    assert settings.practices.queue.length == 4
    assert not settings.practices.queue.enabled


def test_numbers_for_a_practice_switch_it_on():
    settings = configuration.load(changes=["practices.micro_batching.images=8"])
    assert settings.practices.micro_batching.enabled
    assert settings.practices.micro_batching.images == 8


def test_a_file_that_is_not_there_or_no_mapping_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        configuration.load(tmp_path / "nowhere.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(InputError, match="names and values"):
        configuration.load(tmp_path / "list.yaml")


def test_every_practice_can_be_switched_off_and_on_again():
    off = configuration.bare(Settings()).practices
    for name in Practices.model_fields:
        state = getattr(off, name)
        assert not getattr(state, "enabled", state), name
    on = configuration.switched(configuration.bare(Settings()), on=["micro_batching", "one_load"])
    assert on.practices.micro_batching.enabled
    assert on.practices.one_load


def test_without_limits_far_more_is_taken():
    off = configuration.switched(Settings(), off=["request_limits"])
    assert Settings().bounds == Settings().limits
    for name in type(off.limits).model_fields:
        assert getattr(off.bounds, name) > getattr(off.limits, name)


def test_an_unknown_practice_is_named_with_those_that_exist():
    with pytest.raises(InputError, match=r"magic.*micro_batching"):
        configuration.switched(Settings(), on=["magic"])


def test_what_is_written_can_be_read_again(tmp_path):
    settings = configuration.load(changes=["port=9", "practices.micro_batching=true"])
    file = tmp_path / "all.yaml"
    file.write_text(configuration.written(settings))
    assert configuration.load(file) == settings
    assert yaml.safe_load(file.read_text())["port"] == 9


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"practices": {"fall_back": True}}, "names no model"),
        ({"models": [{"share": 0}]}, "share 0"),
        ({"models": [{"name": "a"}, {"name": "a"}]}, "same name and version"),
    ],
)
def test_settings_that_make_no_sense_together_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        configuration.checked(values)


def test_more_requests_may_be_at_work_where_they_wait_for_a_batch():
    plain = configuration.load(changes=["workers=2"])
    assert plain.turns == 2
    assert configuration.switched(plain, on=["micro_batching"]).turns == 16
