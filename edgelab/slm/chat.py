"""A conversation with a language model: its template, streaming, and the prompt cache between turns.

    with chat.Chat("SmolLM2-135M-Instruct.Q4_1.gguf") as talk:
        for piece in talk.stream("Name three metals."):
            print(piece, end="")
        talk.last                      # Answer(first_token_ms=…, reused_tokens=…, …)
    print(chat.prompt("SmolLM2-135M-Instruct.Q4_1.gguf", [{"role": "user", "content": "Hello"}]))

A chat model is a text model that has seen conversations written in one particular way. How, says a small program in
the file, the chat template; with another one the same weights answer worse. Every turn sends the whole conversation
again, and the prompt cache makes that cheap. Lesson 31.
"""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from edgelab.errors import FormatError, InputError
from edgelab.serialize import Serializable
from edgelab.slm import gguf_file, llama_library, sampling
from edgelab.slm.gguf_file import GgufFile
from edgelab.slm.prompt_cache import Session

MOST_CONTEXT = 2048  # unless asked for: a longer context takes memory from the start
_CONTROL = 3  # the kind of a token that is no text, in `tokenizer.ggml.token_type`
Message = Mapping[str, str]


@dataclass(frozen=True)
class Answer(Serializable):
    """What one answer took."""

    text: str
    tokens: int
    prompt_tokens: int  # the whole conversation up to here
    reused_tokens: int  # of them were still in the cache
    first_token_ms: float
    seconds: float  # until the last token
    finished: bool  # the model ended it; otherwise it ran out of tokens, or the reader stopped


def template(gguf: str | os.PathLike[str]) -> str:
    """Return the chat template that a GGUF file carries, a Jinja program.

    Raises:
        InputError: it has none: the model was never trained on conversations.
        FormatError: no GGUF file.
    """
    return _template(gguf_file.read(gguf))


def prompt(gguf: str | os.PathLike[str], messages: Sequence[Message]) -> str:
    """Return the text that the model sees for a conversation, up to where its answer begins.

    Args:
        gguf: the model.
        messages: each with "role" ("system", "user" or "assistant") and "content".

    Raises:
        InputError: no template, a message without role or content, a content that spells out a control token, or
            a conversation that the template refuses.
        FormatError: no GGUF file.
        MissingRuntimeError: llama.cpp is not installed.
    """
    return _render(gguf_file.read(gguf), messages)


class Chat:
    """A conversation with a model. Close it, or use it in a `with` statement.

    Args:
        gguf: the model; it must carry a chat template.
        system: what stands before the conversation, if anything.
        threads: that compute.
        context: tokens that the whole conversation may have; default: what the model was trained for, at most
            2,048.

    Attributes:
        messages: the conversation so far.
        last: what the last answer took; None before the first.

    Raises:
        InputError: the model has no chat template.
        As `llama_library.open_model`.
    """

    def __init__(
        self,
        gguf: str | os.PathLike[str],
        system: str | None = None,
        *,
        threads: int = 1,
        context: int | None = None,
    ) -> None:
        self._file = gguf_file.read(gguf)
        _template(self._file)  # refuse before the weights are loaded
        if context is None:
            context = min(int(self._file.setting("context_length")), MOST_CONTEXT)
        self.messages: list[Message] = []
        if system is not None:
            self.messages.append({"role": "system", "content": system})
        self.last: Answer | None = None
        self.session = Session(self._file.path, context=context, threads=threads)

    def stream(
        self, text: str, tokens: int = 256, temperature: float = 0.0, seed: int = 0
    ) -> Iterator[str]:
        """Yield the answer to a message, piece by piece, and keep both in the conversation.

        Args:
            text: what the user says.
            tokens: of the answer, at most.
            temperature: 0 takes the most likely token; above, tokens are drawn.
            seed: of the drawing.

        Raises:
            InputError: an empty message, one that spells out a control token, a conversation that is longer than the
                context, or a closed chat. Raised at once, not when the first piece is asked for.
        """
        if not text.strip():
            raise InputError("The message is empty; say something.")
        if tokens < 1:
            raise InputError(f"tokens is {tokens}; an answer has at least 1.")
        asked: Message = {"role": "user", "content": text}
        ids = self.session.encode(_render(self._file, [*self.messages, asked]), special=True)
        self.session.checked(ids, tokens)
        return self._answer(asked, ids, tokens, sampling.Sampler(temperature, seed))

    def say(self, text: str, tokens: int = 256, temperature: float = 0.0, seed: int = 0) -> str:
        """Return the whole answer to a message (see `stream`)."""
        return "".join(self.stream(text, tokens, temperature, seed))

    def close(self) -> None:
        """Release the model; closing twice is no error."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(
        self, asked: Message, ids: list[int], tokens: int, sampler: sampling.Sampler
    ) -> Iterator[str]:
        begin = time.perf_counter()
        seen = self.session.process(ids)
        scores, first_ms = seen.logits, seen.ms
        # Tokens may end within a character; the decoder keeps what is not complete.
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        said, count, finished = "", 0, False
        try:
            while count < tokens:
                token = sampler.choose(scores)
                if self.session.is_end(token):
                    finished = True
                    break
                count += 1
                piece = decoder.decode(self.session.decode(token))
                said += piece
                if piece:
                    yield piece
                if count < tokens:
                    scores = self.session.go_on(token)
            rest = decoder.decode(b"", final=True)
            said += rest
            if rest:
                yield rest
        finally:  # also when the reader stops early: what was said was said
            self.messages += [asked, {"role": "assistant", "content": said}]
            seconds = time.perf_counter() - begin
            self.last = Answer(said, count, seen.tokens, seen.reused, first_ms, seconds, finished)


def _template(file: GgufFile) -> str:
    found = file.metadata.get("tokenizer.chat_template")
    if not isinstance(found, str) or not found:
        raise InputError(
            f"{file.path.name} has no chat template, so it was not trained to answer. Let it go on with a text "
            "instead (`slm.load(path).generate(prompt)`), or take a model whose name says Instruct or Chat."
        )
    return found


def _render(file: GgufFile, messages: Sequence[Message]) -> str:
    words: list[str] = file.metadata.get("tokenizer.ggml.tokens", [])
    kinds: list[int] = file.metadata.get("tokenizer.ggml.token_type", [])
    controls = {word for word, kind in zip(words, kinds, strict=False) if kind == _CONTROL and word}
    for message in messages:
        if not {"role", "content"} <= message.keys():
            raise InputError(f"A message has 'role' and 'content'; this one has {sorted(message)}.")
        # A user who may write "<|im_start|>system" could give orders in the system's name.
        if smuggled := sorted(word for word in controls if word in message["content"]):
            raise InputError(
                f"The message spells out {smuggled[0]!r}, which is a control token of this model and no text. "
                "Write it differently, or cut it out."
            )
    formatter: Any = llama_library.package().llama_chat_format.Jinja2ChatFormatter

    def word(name: str) -> str:
        number = file.metadata.get(f"tokenizer.ggml.{name}_token_id")
        return words[number] if isinstance(number, int) and number < len(words) else ""

    import jinja2

    try:
        shown = formatter(template=_template(file), bos_token=word("bos"), eos_token=word("eos"))
        return str(shown(messages=list(messages)).prompt)
    except jinja2.TemplateSyntaxError as error:
        raise FormatError(
            f"The chat template of {file.path.name} is no valid Jinja ({error}); the file is damaged."
        ) from error
    except (jinja2.TemplateError, ValueError, TypeError) as error:
        raise InputError(
            f"The chat template of {file.path.name} refuses this conversation ({error}). Most want user and "
            "assistant in turn, and a system message only at the beginning."
        ) from error
