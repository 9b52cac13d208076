"""``python -m askcorpus_ui.cli`` is the ``askcorpus`` command."""

from askcorpus_ui.cli.commands import main

if __name__ == "__main__":
    main()
