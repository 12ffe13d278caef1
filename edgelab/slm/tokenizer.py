"""A byte-level BPE tokenizer, trained in a second: text as numbers, and back without loss.

    tokenizer = tokenizer.train(texts, vocabulary=4096)       # the content of a tokenizer.json
    tokenizer.ids(tokenizer, "def read(path):")

Byte-pair encoding starts from the 256 bytes, so no text is unknown, and joins the most frequent pair
until the vocabulary is full. Lesson 30 looks at the result.

Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016;
on bytes: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgelab.errors import InputError, MissingRuntimeError

END = "<|endoftext|>"
# llama-cpp-python's detokenize drops every token of more than 32 bytes, such as a newline with 40 blanks.
_LONGEST_TOKEN = 30
_BYTES = 256


def train(texts: Iterable[str], vocabulary: int = 4096) -> dict[str, Any]:
    """Train a tokenizer on texts; token 0 is the end of a text.

    Args:
        texts: to learn the joins from.
        vocabulary: tokens in all, the 256 bytes and the end mark among them.

    Returns:
        The content of a `tokenizer.json`.

    Raises:
        InputError: a vocabulary below 257, or texts too short to fill it.
        MissingRuntimeError: tokenizers is not installed.
    """
    if vocabulary <= _BYTES:
        raise InputError(f"vocabulary is {vocabulary}; the bytes and the end mark take 257.")
    package = _tokenizers()
    tokenizer = package.Tokenizer(package.models.BPE())
    tokenizer.pre_tokenizer = package.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = package.decoders.ByteLevel()
    trainer = package.trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=package.pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=_LONGEST_TOKEN,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() < vocabulary:
        raise InputError(
            f"The texts fill only {tokenizer.get_vocab_size()} of {vocabulary} tokens; give more text."
        )
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    return content


def ids(content: Mapping[str, Any], texts: Sequence[str]) -> list[list[int]]:
    """Return the tokens of each text, without any special token added.

    Args:
        content: of a `tokenizer.json`.
        texts: to cut.

    Raises:
        MissingRuntimeError: tokenizers is not installed.
    """
    tokenizer = _tokenizers().Tokenizer.from_str(json.dumps(content))
    encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [list(text.ids) for text in encoded]


def text(content: Mapping[str, Any], tokens: Sequence[int]) -> str:
    """Return the text of tokens; the end mark is left out.

    Args:
        content: of a `tokenizer.json`.
        tokens: their numbers.

    Raises:
        MissingRuntimeError: tokenizers is not installed.
    """
    decoded: str = _tokenizers().Tokenizer.from_str(json.dumps(content)).decode(list(tokens))
    return decoded


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingRuntimeError(
            "Text becomes tokens with the package tokenizers: `pip install tokenizers`."
        ) from error
    return tokenizers
