"""Print docs/settings.md, made from the settings themselves: ``make docs``. A test fails when the page is stale."""

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from askcorpus.settings import Settings

HEAD = """\
# Settings

<!-- Made from src/askcorpus/settings.py by `make docs`; do not edit. -->

Each setting can be given in three ways; the first that is there counts:

1. a flag of the command, where it has one (`askcorpus --help`);
2. the environment: the name in capitals after `ASKCORPUS_`, as in `ASKCORPUS_PORT=8000`;
3. `askcorpus.toml` in the working directory, as in `port = 8000`.

A value out of range is an error, and so is an unknown name, in `askcorpus.toml`; in the environment, where others set
names too, it is told in one line. Keys are never shown or logged.

| Setting | Default | Allowed | Meaning |
|---|---|---|---|
"""

FOOT = """
The embedding model, its revision and prompts, and the length of passages are part of the index. When one of them
changes, an existing data folder is refused with one line: ingest into a new folder (`--data`), or set them back.
"""


def settings_page() -> str:
    """The whole page as Markdown."""
    return HEAD + "".join(map(_row, Settings.model_fields, Settings.model_fields.values())) + FOOT


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.default is None else f"`{field.default}`"
    return f"| `{name}` | {default} | {_allowed(field)} | {field.description} |\n"


def _allowed(field: FieldInfo) -> str:
    """The range of a number, in words."""
    limits = {type(limit): limit for limit in field.metadata}
    if Ge in limits and Le in limits:
        return f"{limits[Ge].ge:g} to {limits[Le].le:g}"
    return f"more than {limits[Gt].gt:g}" if Gt in limits else ""


if __name__ == "__main__":
    print(settings_page(), end="")
