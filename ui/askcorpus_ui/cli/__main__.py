"""``python -m askcorpus_ui.cli``: the command, where no script was installed for it."""

from askcorpus_ui.cli.commands import main

main()
