"""A language model behind HTTP, in the protocol that most clients speak: start it, ask it, and be sure it ends.

    with server.Server("SmolLM2-135M-Instruct.Q4_1.gguf") as running:
        running.url                                    # 'http://127.0.0.1:40817/v1'
        running.ask("Name a metal.")                   # the whole response, as JSON values
        for piece in running.stream("Name a metal."):
            print(piece, end="")
        with running.client() as client:               # the package openai, the same protocol
            client.chat.completions.create(…)

It is llama-cpp-python's own server in a process of its own, and it listens on this machine alone. Nothing of it is left
when the block ends: not after an error, not after an interrupt, and not when the notebook's kernel is killed, because
the server ends by itself as soon as its parent is gone. Lesson 31.

The server answers one request at a time. By default it also *cuts off* an answer when another request comes in, with
status 200; that is turned off here (`--interrupt_requests False`), so the second client waits.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from edgelab import progress
from edgelab.errors import InputError, MissingRuntimeError, ServerError
from edgelab.slm import gguf_file, server_process
from edgelab.slm.server_process import HOST, LAST_LINES, ServerProcess

_ATTEMPTS = 3  # with a free port of our own choice, which somebody may take before the server does
_ANSWER_SECONDS = 300.0  # without a byte of it

Message = Mapping[str, str]


class Server:
    """A model served on loopback, in a `with` statement.

    Args:
        gguf: the model.
        port: None takes a free one.
        context: tokens that prompt and answer may have together.
        threads: that compute.
        ready_seconds: how long it may take until it answers.

    Attributes:
        name: of the model, as clients see it.
        port: where it listens; 0 until it was started.

    Raises:
        InputError: a port that is taken or out of range, a context or a number of threads below 1.
        FormatError: no GGUF file.
        MissingRuntimeError: llama.cpp or a package of its server is not installed.
        ServerError: the server ended, or did not answer in time; its last lines are in the message.
    """

    def __init__(
        self,
        gguf: str | os.PathLike[str],
        *,
        port: int | None = None,
        context: int = 1024,
        threads: int = 1,
        ready_seconds: float = 60.0,
    ) -> None:
        self.path = gguf_file.read(gguf).path
        self.name = self.path.stem
        if port is not None and not 1 <= port <= 65535:
            raise InputError(f"port is {port}; ports are 1 to 65535.")
        if context < 1 or threads < 1:
            raise InputError(f"context is {context} and threads {threads}; both are at least 1.")
        self.context, self.threads, self.ready_seconds = context, threads, ready_seconds
        self.port = 0
        self._wanted_port = port
        self._process: ServerProcess | None = None
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def url(self) -> str:
        """Return the address that a client of this protocol is given."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def command(self) -> list[str]:
        """Return the command that serves this model in a terminal."""
        return [
            Path(sys.executable).name,
            "-m",
            "llama_cpp.server",
            *self._arguments(self.port or 8000),
        ]

    @property
    def pid(self) -> int | None:
        """Return the number of the server's process, None while there is none."""
        return self._process.pid if self._process is not None and self._process.running else None

    @property
    def running(self) -> bool:
        """Tell whether the server is alive."""
        return self.pid is not None

    def start(self) -> Self:
        """Start the server and wait until it answers; the `with` statement does it.

        Raises:
            As the class.
        """
        if self.running:
            raise InputError(f"The server of {self.name} runs already, on port {self.port}.")
        server_process.require_packages()
        for attempt in range(_ATTEMPTS):
            self.port = self._wanted_port or server_process.free_port()
            server_process.require_free(self.port)
            process = self._process = ServerProcess(self.name, self._arguments(self.port))
            try:
                with progress.task(f"Starting a server of {self.name}"):
                    process.wait(self._answers, self.ready_seconds)
            except ServerError:
                taken = "address already in use" in process.log(50).lower()
                self.stop()
                if not taken or self._wanted_port or attempt == _ATTEMPTS - 1:
                    raise
            except BaseException:  # an interrupt while it starts must not leave it running
                self.stop()
                raise
            else:
                break
        return self

    def stop(self) -> None:
        """End the server and everything that it started; stopping twice is no error."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(
        self,
        messages: str | Sequence[Message],
        tokens: int = 64,
        temperature: float = 0.0,
        **settings: Any,
    ) -> dict[str, Any]:
        """Send one request and return the whole response.

        Args:
            messages: what the user says, or the whole conversation, each with "role" and "content".
            tokens: of the answer, at most.
            temperature: 0 takes the most likely token.
            settings: anything else that the protocol knows ("stop", "top_p", "response_format", …).

        Returns:
            The response of `/v1/chat/completions`: `["choices"][0]["message"]["content"]` is the answer.

        Raises:
            InputError: the server refused the request; its words are in the message.
            ServerError: the server is not running, or ended meanwhile.
        """
        with self._post(messages, tokens, temperature, settings) as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer

    def stream(
        self,
        messages: str | Sequence[Message],
        tokens: int = 64,
        temperature: float = 0.0,
        **settings: Any,
    ) -> Iterator[str]:
        """Yield the answer as it is written (see `ask`)."""
        with self._post(messages, tokens, temperature, settings | {"stream": True}) as response:
            for line in response:
                data = line.decode().strip().removeprefix("data:").strip()
                if data == "[DONE]":
                    return
                if data.startswith("{"):
                    choices = json.loads(data).get("choices") or [{}]
                    if piece := choices[0].get("delta", {}).get("content"):
                        yield piece
            # A connection that breaks within an answer looks like its end, but for the missing last word.
            raise self._alive().error("cut an answer off")

    def client(self) -> Any:
        """Return a client of the package openai that talks to this server; close it, or use it in a `with`.

        Raises:
            MissingRuntimeError: the package is not installed.
        """
        try:
            import openai
        except ImportError as error:
            raise MissingRuntimeError(
                "This client is the package openai: `pip install openai`. `ask` and `stream` work without it."
            ) from error
        # Without a proxy: one that is set for the internet does not know this machine.
        direct = openai.DefaultHttpxClient(trust_env=False)
        return openai.OpenAI(base_url=self.url, api_key="not needed", http_client=direct)

    def log(self, lines: int = LAST_LINES) -> str:
        """Return the last lines that the server wrote."""
        return "" if self._process is None else self._process.log(lines)

    def _arguments(self, port: int) -> list[str]:
        settings = {
            "model": self.path,
            "model_alias": self.name,
            "host": HOST,
            "port": port,
            "n_ctx": self.context,
            "n_threads": self.threads,
            "n_threads_batch": self.threads,
            "logits_all": False,  # scores of every prompt token would take the memory of a second model
            "interrupt_requests": False,
            "verbose": False,
        }
        return [part for name, value in settings.items() for part in (f"--{name}", str(value))]

    @contextlib.contextmanager
    def _post(
        self,
        messages: str | Sequence[Message],
        tokens: int,
        temperature: float,
        settings: Mapping[str, Any],
    ) -> Iterator[Any]:
        process = self._alive()
        said = [{"role": "user", "content": messages}] if isinstance(messages, str) else [*messages]
        body = {
            "model": self.name,
            "messages": said,
            "max_tokens": tokens,
            "temperature": temperature,
            **settings,
        }
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            f"{self.url}/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_ANSWER_SECONDS) as response:
                yield response
        except urllib.error.HTTPError as error:
            said_back = error.read().decode(errors="replace")[:400]
            raise InputError(
                f"The server refused the request with status {error.code}: {said_back}"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise process.error("did not answer to the end") from error

    def _alive(self) -> ServerProcess:
        if self._process is None:
            raise ServerError(
                f"The server of {self.name} is not running: use it inside its `with` block."
            )
        if not self._process.running:
            raise self._process.error("is not running any more")
        return self._process

    def _answers(self) -> bool:
        """Tell whether our own server answers; another one on this port has another model."""
        try:
            with self._opener.open(f"{self.url}/models", timeout=2) as response:
                served = json.loads(response.read())["data"]
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            return False
        return self.name in [model["id"] for model in served]
