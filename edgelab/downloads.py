"""Asking the network for something without ever hanging on it.

    with downloads.bounded("https://storage.googleapis.com", "the ImageNet weights"):
        ...                                   # a library's own download

A laptop in a class may have no network, or one that swallows packets. A library that downloads by
itself then waits for minutes. Here the host must answer within seconds first, and a stalled
transfer ends. The profile `ci` never asks.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

from edgelab import workspace
from edgelab.errors import MissingDataError

_ANSWER_SECONDS = 4.0
_STALL_SECONDS = 20.0


def reachable(url: str) -> bool:
    """Tell within about four seconds whether a host answers (any answer counts).

    Args:
        url: an http or https address on that host.
    """
    if workspace.profile() == "ci":
        return False
    answered = threading.Event()

    def ask() -> None:
        # S310: the addresses are constants of this package and of Keras, all https.
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):  # noqa: S310
                answered.set()
        except urllib.error.HTTPError:
            answered.set()
        except OSError:
            pass

    # Looking up a name can't be given a time limit, so it happens where nobody waits for it.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_ANSWER_SECONDS + 0.5)
    return answered.is_set()


@contextlib.contextmanager
def bounded(url: str, what: str) -> Iterator[None]:
    """Run a library's download so that it fails instead of hanging.

    Args:
        url: the host that it will ask.
        what: for the message: "the ImageNet weights of ResNet50".

    Raises:
        MissingDataError: the host does not answer, or the transfer broke off.
    """
    if not reachable(url):
        reason = "the profile ci uses no network" if workspace.profile() == "ci" else "no answer"
        raise MissingDataError(
            f"{what} must be downloaded once from {url} ({reason}). Connect this machine and run the "
            "cell again."
        )
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)
    try:
        yield
    except Exception as error:  # Keras raises a bare Exception when a transfer fails
        raise MissingDataError(
            f"The download of {what} from {url} broke off ({type(error).__name__}: {error}). Run "
            "the cell again when the network is stable."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
