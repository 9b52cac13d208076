"""The command line."""

from askcorpus_ui.cli.commands import main

__all__ = ["main"]
