"""What deploy/ and docs/operations.md say is so: names of settings, paths, ports, users and times are the code's.

No image is built here (scripts/image does that), and no cluster asked.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from askcorpus.settings import Settings
from askcorpus_ui.web.app import create_app
from askcorpus_ui.web.server import LEAVING_SECONDS
from scripted import ScriptedAssistant

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
PORT = Settings.model_fields["port"].default
USER = 10001


def manifest(kind: str) -> Any:
    """The object of a kind in kubernetes.yaml."""
    objects = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    return next(one for one in objects if one["kind"] == kind)


@pytest.fixture(scope="module")
def paths() -> set[str]:
    assistant: Any = ScriptedAssistant()
    return set(create_app(assistant, Settings()).openapi()["paths"])


@pytest.mark.parametrize(
    "file",
    [*sorted(file for file in DEPLOY.iterdir() if file.is_file()), ROOT / "docs/operations.md"],
    ids=lambda file: file.name,
)
def test_variables_are_settings(file: Path) -> None:
    names = set(re.findall(r"ASKCORPUS_([A-Z][A-Z_]+)", file.read_text(encoding="utf-8")))
    assert names and {name.lower() for name in names} <= Settings.model_fields.keys()


def test_settings_on_the_page_are_settings() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert len(rows) > 10 and set(rows) <= Settings.model_fields.keys()


def test_the_image_runs_as_nobody_in_particular_and_names_no_other_host() -> None:
    assert re.findall(r"^ARG (.+)", DOCKERFILE, re.MULTILINE) == ["BASE=python:3.12-slim"]
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}"] * 2
    assert f"USER {USER}:{USER}" in DOCKERFILE and f"EXPOSE {PORT}\n" in DOCKERFILE
    assert "://" not in DOCKERFILE.replace(f"http://127.0.0.1:{PORT}/health", "")


def test_what_is_copied_into_the_image_is_there_and_all_that_the_wheel_needs() -> None:
    copied = [name for line in re.findall(r"^COPY ((?!--).*)", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert {"src", "ingest", "ui", "eval", "prompts", "corpus", "pyproject.toml", "README.md", "LICENSE"} <= set(copied)


def test_the_image_has_what_its_settings_may_ask_for() -> None:
    """PostgreSQL and OpenTelemetry are settings of a server; nobody installs anything in a container."""
    extras = re.search(r"askcorpus-\*\.whl\)\[(\S+)\]", DOCKERFILE)
    assert extras and set(extras[1].split(",")) == {"chat", "llm", "mcp", "otel", "postgres"}


def test_probes_ask_addresses_that_need_no_key(paths: set[str]) -> None:
    container = manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]
    probed = {name: probe["httpGet"] for name, probe in container.items() if name.endswith("Probe")}
    assert {one["path"] for one in probed.values()} == {"/health", "/ready"} <= paths
    assert probed["readinessProbe"]["path"] == "/ready" and probed["livenessProbe"]["path"] == "/health"
    assert container["ports"] == [{"name": "http", "containerPort": PORT}]
    assert {one["port"] for one in probed.values()} == {"http"}
    assert manifest("Service")["spec"]["ports"][0]["targetPort"] == "http"


def test_the_parts_of_the_manifest_name_each_other() -> None:
    spec = manifest("Deployment")["spec"]
    labels = spec["template"]["metadata"]["labels"]
    pod = spec["template"]["spec"]
    assert spec["selector"]["matchLabels"] == labels == manifest("Service")["spec"]["selector"]
    assert (
        pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == manifest("PersistentVolumeClaim")["metadata"]["name"]
    )
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    assert f"ASKCORPUS_DATA={mounts['data']}" in DOCKERFILE
    security = pod["securityContext"]
    assert security["runAsNonRoot"] and {security[name] for name in ("runAsUser", "runAsGroup", "fsGroup")} == {USER}


def test_nobody_is_killed_before_the_server_has_left() -> None:
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    given = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["askcorpus"]
    for stop, grace in (
        (given["ASKCORPUS_STOP_SECONDS"], pod["terminationGracePeriodSeconds"]),
        (compose["environment"]["ASKCORPUS_STOP_SECONDS"], compose["stop_grace_period"].removesuffix("s")),
    ):
        assert int(grace) > int(stop) + 2 * LEAVING_SECONDS


def test_compose_serves_this_machine_only_and_without_rights() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["askcorpus"]
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert {volume.partition(":")[0] for volume in service["volumes"]} >= compose["volumes"].keys()
