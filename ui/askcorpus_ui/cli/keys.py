"""`askcorpus keys`: made, listed and revoked, while a server runs or none does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askcorpus_ui.cli.options import Data, Json

if TYPE_CHECKING:
    from askcorpus_ui.web.keys import Key, Keys

app = typer.Typer(help="Make, list and revoke keys of the server.", no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom it is for.")],
    data: Data = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help="ask (the default), ingest or admin; repeatable."),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, max=36_500, help="How long it is valid.")
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate",
            metavar="N",
            min=1,
            max=1_000_000,
            help="Requests a minute, at most. A question in the chat, and each of a batch, counts as one.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a key, and print it this once.

    From the first one on, the server of this folder needs one of every request. ask opens questions and reading, ingest
    changing documents, admin all of it and /metrics.
    """
    from askcorpus_ui.cli.console import note, print_json, say

    with _keys(data) as keys:
        secret, key = keys.add(name, scope or ("ask",), days=days, per_minute=rate)
    if json:
        print_json({"key": secret} | _told(key))
    else:
        say(secret)
        note(f"askcorpus: this is told once. It is {key.id}, for {key.name}: {_facts(key)}")


@app.command("list")
def list_keys(data: Data = None, json: Json = False) -> None:
    """List the keys, the oldest first, with those that are expired or revoked."""
    from askcorpus_ui.cli.console import print_json, say

    with _keys(data) as keys:
        found = keys.listed()
    if json:
        print_json({"keys": [_told(key) for key in found]})
    for key in found if not json else ():
        say(f"{key.id}  {key.state:7}  {key.name}: {_facts(key)}")


@app.command("revoke")
def revoke_keys(ids: Annotated[list[str], typer.Argument(metavar="ID…")], data: Data = None) -> None:
    """Let keys open nothing any more, from the next request on."""
    from askcorpus_ui.cli.console import say

    with _keys(data) as keys:
        revoked = keys.revoke(ids)
    say(f"{revoked} revoked")


@contextmanager
def _keys(data: Path | None) -> "Iterator[Keys]":
    from askcorpus.settings import read_settings
    from askcorpus_ui.web.keys import Keys

    settings = read_settings(data=data)
    keys = Keys(settings.data, settings.database_url)
    try:
        yield keys
    finally:
        keys.close()


def _facts(key: "Key") -> str:
    rate = f", {key.per_minute} requests a minute" if key.per_minute else ""
    until = f", until {_day(key.expires)}" if key.expires else ""
    return f"{' '.join(key.scopes)}, since {_day(key.made)}{until}{rate}"


def _told(key: "Key") -> dict[str, object]:
    times = {name: _time(getattr(key, name)) for name in ("made", "expires", "revoked")}
    return key._asdict() | times | {"state": key.state}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
