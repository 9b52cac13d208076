"""Which engine reads and embeds the files of a run: this process or, where the settings say so, a Ray cluster."""

from askcorpus.extras import require
from askcorpus.settings import Settings
from askcorpus_ingest.engine import Engine
from askcorpus_ingest.local_engine import LocalEngine


def choose_engine(settings: Settings) -> Engine:
    """The engine that the settings name. Cheap: one that works elsewhere is called when there is something to read.

    Raises:
        UsageError: it needs packages that are not installed.
    """
    if settings.engine == "local":
        return LocalEngine(settings.max_file_mb, settings.fields)
    require("ray", "The engine ray")
    from askcorpus_ingest.ray_engine import RayEngine

    return RayEngine(settings)
