"""The target of an evaluation: a running server, or the index at a folder."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askcorpus.client import Client
from askcorpus.errors import UsageError
from askcorpus.index.opening import require_index
from askcorpus.settings import Settings, read_settings
from askcorpus_eval.remote import RemoteAssistant

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

SENT = frozenset({"top_k", "max_error"})
"""The settings that go to a server with each question."""


def choose_settings(data: Path | None, server: str | None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings of what is asked: the index at ``data``, or else a server.

    Raises:
        UsageError: both are named, or a server is to set what it has set.
    """
    if data and server:
        raise UsageError("--data and --server do not go together.", "Leave one of them out.")
    settings = read_settings(data=data, server=server, **(overrides or {}))
    if data:
        return settings.model_copy(update={"server": None})
    if settings.server and (others := sorted({*(overrides or {})} - SENT)):
        raise UsageError(f"{others[0]} is the server's to set.", f"--set can be {' or '.join(sorted(SENT))} there.")
    return settings


@contextmanager
def connected(settings: Settings, address: str) -> Iterator[RemoteAssistant]:
    """The server at this address, asked with the key of ``settings``."""
    with Client(address, settings.api_key.get_secret_value() if settings.api_key else None) as client:
        yield RemoteAssistant(client, settings)


@contextmanager
def opened(settings: Settings) -> "Iterator[Assistant | RemoteAssistant]":
    """The server of ``settings``, or else an assistant over the index there.

    Raises:
        AskcorpusError: there is no index, or as the error says.
    """
    if settings.server:
        with connected(settings, settings.server) as served:
            yield served
        return
    from askcorpus.assistant import open_assistant

    require_index(settings)
    with closing(open_assistant(settings)) as assistant:
        yield assistant
