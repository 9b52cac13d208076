"""Packages that not everybody needs: which extra brings them, and what to do where they are not installed.

``pip install askcorpus`` gives the library and the command. ``askcorpus[chat]`` adds what ``serve`` needs,
``askcorpus[eval]`` what ``eval`` needs, ``askcorpus[mcp]`` what ``mcp`` needs, ``askcorpus[llm]`` what a language model
needs, ``askcorpus[models]`` what embedding models beside the bundled one and rerankers need, ``askcorpus[otel]`` what
sending traces needs, ``askcorpus[postgres]`` what a database on a PostgreSQL server needs, ``askcorpus[ray]`` what
ingest by a Ray cluster needs, ``askcorpus[all]`` all but the last.
"""

from importlib.util import find_spec
from typing import Literal

from askcorpus.errors import AskcorpusError, UsageError

Extra = Literal["chat", "eval", "llm", "mcp", "models", "otel", "postgres", "ray"]

MODULES: dict[Extra, tuple[str, ...]] = {
    "chat": (
        "anyio",
        "fastapi",
        "fastapi_offline",
        "gradio",
        "jinja2",
        "markupsafe",
        "prometheus_client",
        "pydantic_core",
        "starlette",
        "uvicorn",
    ),
    "eval": ("ir_measures", "jinja2", "markupsafe", "scipy"),
    "mcp": ("anyio", "mcp"),
    "otel": (
        "opentelemetry.exporter",
        "opentelemetry.sdk",
        "opentelemetry.trace",
    ),  # Chroma brings the folder they are in
    "models": ("sentence_transformers", "torch", "transformers"),
    "postgres": ("psycopg",),
    "ray": ("ray",),
    "llm": ("langchain",),  # which says itself what a provider needs: langchain_openai is one of many
}
"""The modules without which the part of askcorpus that an extra is for does not run."""


def require(extra: Extra, needed_by: str, error: type[AskcorpusError] = UsageError) -> None:
    """Make sure that the extra's packages are there, before any work is done. Imports none of them.

    Raises:
        UsageError: one is not installed; where it is another kind of fault, the ``error`` given.
    """
    if absent := missing(extra):
        raise error(
            f"{needed_by} needs packages that are not installed ({', '.join(absent)}).",
            f"Install them: {install_command(extra)}",
        )


def missing(extra: Extra) -> list[str]:
    """The modules of an extra that are not installed; imports none of them."""
    return [module for module in MODULES[extra] if find_spec(module) is None]


def install_command(extra: Extra) -> str:
    """What to type to install an extra."""
    return f"pip install 'askcorpus[{extra}]'"
