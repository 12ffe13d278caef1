"""The server: it answers, it says why it does not, and nothing of it is left whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from edgelab.errors import FormatError, InputError, MissingRuntimeError, ServerError
from edgelab.slm import gguf_writer, llama, server, server_process
from tests.slm import tiny

pytest.importorskip("llama_cpp")
pytest.importorskip("fastapi")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that writes ASCII and never ends.

    Bytes that never become a character hold up this server's stream until its end, and noise has many of them.
    """
    plain = tiny.checkpoint()
    words = plain.tokenizer["model"]["vocab"]
    plain_text = {number for word, number in words.items() if word.replace("\u0120", " ").isascii()}
    silent = [
        n for n in range(plain.shape.vocabulary) if n not in plain_text or n == plain.facts["eos"]
    ]
    embedding = plain.tensors[llama.EMBEDDING].copy()
    embedding[silent] = 0  # a score of 0, far below the best of the others
    quiet = plain.with_tensors({llama.EMBEDDING: embedding})
    return gguf_writer.write(quiet, tmp_path_factory.mktemp("server") / "tiny.gguf", "f32")


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Tell whether a process has ended; a zombie has."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


def test_a_server_answers_and_leaves_nothing_behind(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What other programs set in the environment must not move the server, nor send us through a proxy.
    for name, value in {
        "HOST": "203.0.113.1", "PORT": "1", "SEED": "none", "N_CTX": "-5", "http_proxy": "http://203.0.113.1:9",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with (
        pytest.raises(RuntimeError, match="a cell failed"),
        server.Server(model, context=256) as running,
    ):
        pid = running.pid
        assert pid is not None
        assert running.running
        assert running.url == f"http://127.0.0.1:{running.port}/v1"
        assert "-m llama_cpp.server --model" in " ".join(running.command)

        whole = running.ask("def f(", tokens=8)
        text = whole["choices"][0]["message"]["content"]
        assert whole["usage"]["completion_tokens"] == 8
        assert whole["model"] == "tiny"
        pieces = list(running.stream("def f(", tokens=8))
        assert len(pieces) > 1
        assert "".join(pieces) == text

        talk = [{"role": "user", "content": "def f("}]
        with running.client() as client:
            said = client.chat.completions.create(
                model=running.name, messages=talk, max_tokens=8, temperature=0
            )
        assert said.choices[0].message.content == text

        with pytest.raises(InputError, match=r"status 400: .*maximum context length is 256"):
            running.ask("word " * 2000)
        with pytest.raises(InputError, match=f"Port {running.port} can't be used"):
            server.Server(model, port=running.port).start()
        with pytest.raises(InputError, match="runs already"):
            running.start()

        two_streams_at_once(running)

        # It listens on loopback alone.
        listening = [
            c.laddr.ip for c in psutil.Process(pid).net_connections() if c.status == "LISTEN"
        ]
        assert listening == ["127.0.0.1"]
        raise RuntimeError("a cell failed")
    assert gone(pid)
    assert running.pid is None
    with pytest.raises(ServerError, match="inside its `with` block"):
        running.ask("x")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((server.HOST, running.port))


def two_streams_at_once(running: server.Server) -> None:
    """Both clients get their whole answer: the second request does not cut the first one off."""
    answers: dict[int, str] = {}

    def read(number: int) -> None:
        answers[number] = "".join(running.stream("def f(", tokens=100))

    clients = [threading.Thread(target=read, args=(number,)) for number in range(2)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers[0] == answers[1]
    assert answers[0] == "".join(running.stream("def f(", tokens=100))


def test_a_server_that_dies_while_it_answers_is_an_error_with_its_last_lines(model: Path) -> None:
    # An answer longer than what lies between two processes, so that it can't be through before the end.
    with server.Server(model, context=16384) as running:
        assert running.pid is not None
        stream = running.stream("def f(", tokens=16000)
        next(stream)
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(
            ServerError,
            match=r"(?s)(did not answer to the end|cut an answer off|is not running any more) .*status -9.*Uvicorn running",
        ):
            list(stream)
        with pytest.raises(ServerError, match=r"is not running any more .*status -9"):
            running.ask("x")
        assert "POST" in running.log(3) or "GET" in running.log(3)


def test_a_server_that_can_not_load_its_model_is_an_error_with_its_reason(
    model: Path, tmp_path: Path
) -> None:
    strange = tmp_path / "strange.gguf"
    strange.write_bytes(model.read_bytes().replace(b"llama", b"lhama"))
    running = server.Server(strange)
    with pytest.raises(
        ServerError, match=r"(?s)ended before it answered .*status 1.*Failed to load"
    ):
        running.start()
    assert running.pid is None


def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that the numbers of started processes come into."""
    pids: list[int] = []
    real = server_process.ServerProcess.wait

    def wait(process: server_process.ServerProcess, *rest: object) -> None:
        pids.append(process.pid)
        real(process, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(server_process.ServerProcess, "wait", wait)
    return pids


def test_a_server_that_is_never_ready_is_ended(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = started(monkeypatch)
    with pytest.raises(
        ServerError, match=r"did not answer within 0\.2 s \(its process still runs\)"
    ):
        server.Server(model, ready_seconds=0.2).start()
    assert len(pids) == 1
    assert gone(pids[0], 0.5)


def test_an_interrupt_while_it_starts_leaves_nothing(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = started(monkeypatch)

    def interrupted(_: server.Server) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(server.Server, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt), server.Server(model):
        pytest.fail("it never started")
    assert gone(pids[0], 0.5)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_server_ends_when_its_notebook_is_killed(how: signal.Signals) -> None:
    # The process is launched and the notebook dies before it answered, or any time later.
    script = (
        "import signal, time; from edgelab.slm.server_process import ServerProcess\n"
        # A shell that starts the tests behind it has interrupts ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "p = ServerProcess('x', ['--model', 'x', '--port', '0']); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.send_signal(how)
    assert gone(pid)


def test_bad_settings_and_files_are_refused_before_anything_starts(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = started(monkeypatch)
    with pytest.raises(InputError, match="port is 70000"):
        server.Server(model, port=70000)
    with pytest.raises(InputError, match="context is 0"):
        server.Server(model, context=0)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(model.read_bytes()[:-100])
    with pytest.raises(FormatError, match="truncated"):
        server.Server(cut)
    with socket.socket() as other:
        other.bind((server.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} can't be used"):
            server.Server(model, port=port).start()
    monkeypatch.setattr(server_process, "PACKAGES", ("uvicorn", "no_such_package"))
    with pytest.raises(MissingRuntimeError, match=r"needs no_such_package.*\[server\]"):
        server.Server(model).start()
    assert pids == []


def test_a_stolen_free_port_is_tried_again(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as thief:
        thief.bind((server.HOST, 0))
        thief.listen()
        taken = thief.getsockname()[1]
        ports = iter([taken, server_process.free_port()])
        monkeypatch.setattr(server_process, "free_port", lambda: next(ports))
        monkeypatch.setattr(
            server_process, "require_free", lambda _: None
        )  # it was free a moment ago
        with server.Server(model, context=256) as running:
            assert running.port != taken
            assert running.ask("x", tokens=1)["usage"]["completion_tokens"] == 1
