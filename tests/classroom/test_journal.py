from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from edgelab import records
from edgelab.classroom import chain, journal as module, journal_page
from edgelab.classroom.journal import Journal
from edgelab.errors import JournalError
from edgelab.measuring import machine


def run_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env=os.environ | variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_published_record_reaches_the_file(journal: Journal) -> None:
    record = records.publish("measurement", "int8", {"latency_ms": 0.25})
    (line,) = journal.path.read_text("utf-8").splitlines()
    body = json.loads(line)
    assert body["payload"] == {"latency_ms": 0.25}
    assert (body["number"], body["prev"]) == (1, chain.GENESIS)
    assert (record.number, record.hash) == (1, body["hash"])


def test_a_record_says_where_it_was_made(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_LESSON", "10")
    journal.append("measurement", "int8", {})
    journal.append("exercise", "20.1 scale", {})
    first, second = journal.find()
    assert (first.lesson, second.lesson) == ("10", "20")
    assert (first.profile, first.machine) == ("ci", machine.fingerprint())
    assert first.edgelab


def test_each_record_carries_the_hash_of_the_one_before(journal: Journal) -> None:
    for n in range(5):
        journal.append("measurement", f"m{n}", {})
    entries = journal.find()
    assert [entry.prev for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert journal.verify() == []
    assert journal.head() == entries[-1]


def test_records_are_found_by_kind_and_name(journal: Journal) -> None:
    for kind, name in (("measurement", "a"), ("measurement", "b"), ("prediction", "a")):
        journal.append(kind, name, {})
    assert [e.number for e in journal.find("measurement")] == [1, 2]
    assert [e.number for e in journal.find(name="a")] == [1, 3]
    assert [r.number for r in records.history("prediction", "a")] == [3]


def test_a_second_kernel_goes_on_where_the_first_stopped(journal: Journal) -> None:
    journal.append("measurement", "a", {})
    other = Journal(journal.path)
    other.append("measurement", "b", {})
    journal.append("measurement", "c", {})
    assert [e.number for e in other.find()] == [1, 2, 3]
    assert journal.verify() == []


def test_importing_the_classroom_writes_nothing_and_installs_the_journal(tmp_path: Path) -> None:
    done = run_python(
        """
        import sys
        import edgelab.classroom
        from edgelab import records
        print(type(records.use(records.MemoryStore())).__name__)
        print(sorted({"numpy", "IPython", "ipywidgets", "tensorflow"} & set(sys.modules)))
        """,
        EDGELAB_WORKSPACE=str(tmp_path / "none"),
    )
    assert done.stdout.split("\n")[:2] == ["Journal", "[]"], done.stderr
    assert not (tmp_path / "none").exists()


def test_two_notebooks_that_write_at_once_make_one_chain(own_workspace: Path) -> None:
    code = """
        import sys
        from edgelab.classroom.journal import Journal
        journal = Journal()
        for n in range(40):
            journal.append("measurement", f"{sys.argv[1]}{n}", {"filling": "x" * 3000})
        """
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code), name],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    assert [writer.communicate(timeout=60)[1] for writer in writers] == ["", ""]
    written = Journal()
    assert written.verify() == []
    names = [entry.name for entry in written.find()]
    assert len(names) == 80
    # Both wrote in turn, and each one's records stand in its own order.
    for name in "ab":
        assert [n for n in names if n[0] == name] == [f"{name}{n}" for n in range(40)]


def test_threads_of_one_kernel_share_a_journal(journal: Journal) -> None:
    threads = [
        threading.Thread(target=lambda: [journal.append("measurement", "m", {}) for _ in range(10)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.number for e in journal.find()] == list(range(1, 41))
    assert journal.verify() == []


def test_a_write_that_was_killed_costs_nothing_before_it(journal: Journal) -> None:
    journal.append("measurement", "a", {})
    journal.append("measurement", "b", {})
    with journal.path.open("r+b") as file:
        file.truncate(journal.path.stat().st_size - 40)
    assert [p.kind for p in journal.verify()] == ["interrupted"]
    assert journal.append("measurement", "c", {}).number == 2
    assert [e.name for e in journal.find()] == ["a", "c"]
    assert [p.kind for p in journal.verify()] == ["interrupted"]
    journal.require_intact()


def test_every_length_that_a_killed_write_may_leave_is_survived(journal: Journal) -> None:
    journal.append("measurement", "a", {})
    first = journal.path.read_bytes()
    journal.append("measurement", "b", {})
    second = journal.path.read_bytes()[len(first) :]
    for length in range(0, len(second) + 1, 3):
        journal.path.write_bytes(first + second[:length])
        journal.append("measurement", "c", {})
        names = [e.name for e in journal.find()]
        assert names in (["a", "c"], ["a", "b", "c"]), length
        assert not any(p.tampering for p in journal.verify()), length


def test_an_edited_line_is_named_and_stops_nobody_from_going_on(journal: Journal) -> None:
    for name in ("a", "b", "c"):
        journal.append("measurement", name, {"latency_ms": 2.5})
    lines = journal.path.read_text("utf-8").splitlines(keepends=True)
    lines[1] = lines[1].replace("2.5", "0.5")
    journal.path.write_text("".join(lines), "utf-8")

    (problem,) = journal.verify()
    assert (problem.kind, problem.number, problem.line) == ("edited", 2, 2)
    assert "Record 2 (measurement “b”), line 2, was edited" in problem.text
    with pytest.raises(JournalError, match=r"Record 2 \(measurement “b”\).*was edited"):
        journal.require_intact()
    assert [e.name for e in journal.find()] == ["a", "c"]

    assert journal.append("measurement", "d", {}).number == 4
    assert [p.number for p in journal.verify()] == [2]


def test_recording_goes_on_behind_an_edited_last_line(journal: Journal) -> None:
    journal.append("measurement", "a", {"latency_ms": 2.5})
    journal.path.write_text(journal.path.read_text("utf-8").replace("2.5", "0.5"), "utf-8")
    assert journal.append("measurement", "b", {}).number == 2
    assert [p.number for p in journal.verify()] == [1]


def test_a_long_record_is_found_as_the_last_one(journal: Journal) -> None:
    journal.append("comparison", "long", {"samples": [n / 3 for n in range(30_000)]})
    assert journal.path.stat().st_size > 400_000
    assert journal.append("measurement", "b", {}).number == 2
    assert journal.verify() == []


def test_floats_come_back_to_the_last_digit(journal: Journal) -> None:
    samples = [1 / 3, 0.1 + 0.2, 1e-300, 123456789.123456789]
    journal.append("measurement", "a", {"samples": samples})
    assert Journal(journal.path).find()[0].payload["samples"] == samples


def test_a_measurement_comes_back_as_it_was(journal: Journal) -> None:
    latency = records.Latency((0.1, 0.2, 0.3), 0.1, 0.3, 0.6)
    measured = records.Measurement(
        "int8", "litert", 1, latency=latency, throughput={1: 5.0, 8: 9.5}
    )
    records.publish("measurement", "int8", measured)
    (entry,) = Journal(journal.path).find()
    assert records.Measurement.from_dict(entry.payload) == measured


def test_an_unwritable_journal_keeps_the_record(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file where a folder should be refuses everybody, administrators included.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGELAB_WORKSPACE", str(tmp_path / "file" / "workspace"))
    with pytest.raises(JournalError, match=r"Nothing is lost: 1 record\(s\).*measurement 'int8'"):
        records.publish("measurement", "int8", {"latency_ms": 0.25})
    (kept,) = journal.pending
    assert kept.payload == {"latency_ms": 0.25}
    assert [r.name for r in records.history("measurement")] == ["int8"]

    monkeypatch.setenv("EDGELAB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert journal.append("measurement", "float32", {}).number == 2
    assert [(e.number, e.name) for e in journal.find()] == [(1, "int8"), (2, "float32")]
    assert journal.pending == ()
    assert journal.verify() == []


def test_a_refused_permission_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(module.os, "open", refuse)
    with pytest.raises(JournalError, match=r"Permission denied.*EDGELAB_WORKSPACE"):
        journal.append("measurement", "a", {})
    monkeypatch.undo()
    assert [e.name for e in journal.pending] == ["a"]


def test_a_journal_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(JournalError, match="cannot be read"):
        Journal(tmp_path / "journal.jsonl").read()


def test_a_disk_that_fills_up_while_writing_loses_nothing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append("measurement", "a", {})
    before = journal.path.read_bytes()
    write, calls = os.write, []

    def half_then_full(file: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return write(file, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "write", half_then_full)
    with pytest.raises(JournalError, match="No space left on device"):
        journal.append("measurement", "b", {"value": 1 / 3})
    monkeypatch.setattr(module.os, "write", write)
    assert len(calls) == 2
    assert journal.path.read_bytes() == before
    assert [e.name for e in journal.flush()] == ["b"]
    assert [(e.number, e.name) for e in journal.find()] == [(1, "a"), (2, "b")]
    assert journal.verify() == []


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a Unix concept")
def test_a_real_limit_of_the_system_loses_nothing(own_workspace: Path) -> None:
    done = run_python(
        """
        import resource
        from edgelab.classroom import journal
        from edgelab.classroom.journal import the_journal
        from edgelab.errors import JournalError
        the_journal().append("measurement", "a", {})
        size = journal.path().stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
        try:
            the_journal().append("measurement", "b", {"text": "x" * 500})
        except JournalError as error:
            print("refused", journal.path().stat().st_size == size)
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        print([e.name for e in journal.flush()], journal.verify())
        """
    )
    assert done.stdout == "refused True\n['b'] []\n", done.stderr


def test_a_lock_that_is_never_released_is_told(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    journal.append("measurement", "a", {})
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0.1)
    with (
        filelock.FileLock(f"{journal.path}.lock"),
        pytest.raises(JournalError, match="another program holds its lock"),
    ):
        journal.append("measurement", "b", {})
    assert [e.name for e in journal.flush()] == ["b"]


def test_a_payload_that_cannot_be_kept_is_refused_before_anything_is_written(
    journal: Journal,
) -> None:
    with pytest.raises(JournalError, match=r"payload\.payload\.model"):
        journal.append("measurement", "a", {"model": object()})
    assert journal.pending == ()
    assert not journal.path.exists()


def test_a_journal_elsewhere_can_be_read_without_touching_its_folder(
    journal: Journal, tmp_path: Path
) -> None:
    journal.append("measurement", "a", {})
    folder = tmp_path / "hand-in"
    folder.mkdir()
    (folder / "journal.jsonl").write_bytes(journal.path.read_bytes())
    assert [e.name for e in Journal(folder / "journal.jsonl").find()] == ["a"]
    assert [p.name for p in folder.iterdir()] == ["journal.jsonl"]


def test_the_page_shows_the_last_records_in_words(journal: Journal) -> None:
    latency = records.Latency((0.1, 0.2, 0.3), 0.1, 0.3, 0.6)
    size = records.Size(1, 1, 61_000, 1)
    for name in ("old", "int8"):
        measured = records.Measurement(name, "litert", 1, latency=latency, size=size)
        records.publish("measurement", name, measured)
    records.publish("prediction", "20.int8_size", {"value": 4.0, "unit": "×"})
    records.publish("exercise", "20.1 scale", {"passed": True, "misconception": ""})
    records.publish("answer", "20.q1", {"choice": "b"})
    records.publish("prediction", "from another version", {})
    page = journal_page.page(journal, limit=5)
    assert "200 µs, 61.0 kB" in page.text
    assert "4\u00a0×" in page.text
    assert "20.1 scale            passed" in page.text
    assert "old" not in page.text
    assert "1 earlier record." in page.text
    assert "none was altered" in page.text


def test_cpu_use_is_told_in_cores(journal: Journal) -> None:
    journal.append("cpu", "m", {"cores": 1.04, "machine_cores": 4})
    text = journal_page.page(journal).text
    assert "CPU use" in text
    assert "1 of 4 cores busy" in text


def test_the_page_names_an_altered_record_and_what_is_pending(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append("measurement", "a", {"x": 2.5})
    journal.path.write_text(journal.path.read_text("utf-8").replace("2.5", "0.5"), "utf-8")
    monkeypatch.setattr(module, "_write", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(JournalError):
        journal.append("measurement", "b", {})
    text = journal_page.page(journal).text
    assert "was edited" in text
    assert "could not be written yet" in text


def test_names_from_elsewhere_are_shown_as_text(journal: Journal) -> None:
    journal.append("measurement", "<script>alert(1)</script>", {})
    assert "<script>" not in journal_page.page(journal).html


def test_an_empty_journal_says_how_it_begins(journal: Journal) -> None:
    assert "There is no record yet" in journal_page.page(journal).text


def test_the_module_speaks_for_the_workspace(own_workspace: Path) -> None:
    before = records.use(module.the_journal())
    try:
        records.publish("choice", "20 model", {"summary": "int8"})
    finally:
        records.use(before)
    assert [e.name for e in module.find("choice")] == ["20 model"]
    assert module.verify() == []
    assert module.pending() == ()
    assert module.path() == own_workspace / "journal.jsonl"
