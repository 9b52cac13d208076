"""The Helm chart says what deploy/kubernetes.yaml says, in a release's names and with what its values set.

Where helm is at hand it lints and renders the chart; a small reader of the few things the templates use does so
everywhere else, so that this is tested on every machine.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from programs import program, run

CHART = Path(__file__).parents[1] / "deploy/helm"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

FILLED: dict[str, Any] = {
    "writeKey": 'w"',
    "env": {"ASKCORPUS_LOG_FORMAT": "json", "ASKCORPUS_TOP_K": 5},
    "storage": {"size": "1Gi", "className": "fast"},
    "service": {"type": "LoadBalancer", "port": 8080},
}


def rendered(**changes: Any) -> dict[str, Any]:
    """The objects by kind, of a release named desk."""
    context = {"Values": {**VALUES, "apiKey": "k", **changes}, "Release": {"Name": "desk"}}
    texts = (_filled(path.read_text(encoding="utf-8"), context) for path in sorted(CHART.glob("templates/*.yaml")))
    objects = [yaml.safe_load(text) for text in texts]
    return {one["kind"]: one for one in objects if one}


def _filled(text: str, context: Any) -> str:
    """A template with its values: `if`, `range` and `end` stand on lines of their own, and pipes have a few words."""
    return "\n".join(_lines(iter(text.splitlines()), context, shown=True))


def _lines(lines: Iterator[str], context: Any, *, shown: bool) -> Iterator[str]:
    for line in lines:
        if condition := re.fullmatch(r"\{\{- if (not )?(\S+) \}\}", line):
            there = bool(_value(condition[2], context)) != bool(condition[1])
            yield from _lines(lines, context, shown=shown and there)
        elif line.startswith("{{- range $name, $value := "):
            body = list(_lines_until_end(lines))
            for name, value in _value(line.split()[-2], context).items():
                yield from (_words(one, context | {"$name": name, "$value": value}) for one in body if shown)
        elif line == "{{- end }}":
            return
        elif shown:
            yield _words(line, context)


def _lines_until_end(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == "{{- end }}":
            return
        yield line


def _words(line: str, context: Any) -> str:
    return re.sub(r"\{\{-? (.+?) \}\}", lambda found: _piped(found[1], context), line)


def _piped(words: str, context: Any) -> str:
    first, *rest = (part.strip() for part in words.split("|"))
    value = _value(first.split()[-1], context)
    for step in rest:
        if step == "quote":
            value = yaml.safe_dump(str(value), default_style='"').strip()
        elif step.startswith("default "):
            value = value or _value(step.split()[1], context)
        else:
            assert step.startswith("nindent ")
            value = "\n" + "\n".join(" " * int(step.split()[1]) + line for line in yaml.safe_dump(value).splitlines())
    assert value != "", words
    return str(value)


def _value(name: str, context: Any) -> Any:
    """Fails where there is no such value, as a misspelt one would silently be empty in helm."""
    for part in name.lstrip(".").split("."):
        context = context[part]
    return context


def test_with_its_own_values_it_is_the_manifest() -> None:
    """But for the name, what helm adds to find its own, and a key for writing."""
    plain = {one["kind"]: one for one in yaml.safe_load_all((CHART.parent / "kubernetes.yaml").read_text("utf-8"))}
    chart = rendered()

    assert chart.keys() == plain.keys() | {"Secret"}
    of_chart, of_plain = (one["Deployment"]["spec"]["template"]["spec"] for one in (chart, plain))
    ours, theirs = of_chart["containers"][0], of_plain["containers"][0]
    for name in ("ports", "startupProbe", "livenessProbe", "readinessProbe", "resources", "volumeMounts"):
        assert ours[name] == theirs[name], name
    assert ours["securityContext"] == theirs["securityContext"]
    assert of_chart["securityContext"] == of_plain["securityContext"]
    assert of_chart["terminationGracePeriodSeconds"] == of_plain["terminationGracePeriodSeconds"]
    names = [one["name"] for one in ours["env"]]
    assert [name for name in names if name != "ASKCORPUS_WRITE_KEY"] == [one["name"] for one in theirs["env"]]
    assert chart["Deployment"]["spec"]["strategy"] == plain["Deployment"]["spec"]["strategy"]
    assert chart["PersistentVolumeClaim"]["spec"] == plain["PersistentVolumeClaim"]["spec"]
    assert chart["Service"]["spec"]["ports"] == plain["Service"]["spec"]["ports"]


def test_the_parts_of_a_release_name_each_other() -> None:
    chart = rendered()
    spec = chart["Deployment"]["spec"]
    labels = {"app.kubernetes.io/name": "askcorpus", "app.kubernetes.io/instance": "desk"}
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == labels
    assert chart["Service"]["spec"]["selector"] == labels
    assert {one["metadata"]["name"] for one in chart.values()} == {"desk"}
    assert spec["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "desk"
    refs = [one["valueFrom"]["secretKeyRef"] for one in spec["template"]["spec"]["containers"][0]["env"][:2]]
    assert refs == [{"name": "desk", "key": "api-key"}, {"name": "desk", "key": "write-key", "optional": True}]


def test_values_are_heeded() -> None:
    chart = rendered(**FILLED)
    assert chart["Secret"]["stringData"] == {"api-key": "k", "write-key": 'w"'}
    env = {
        one["name"]: one.get("value") for one in chart["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert (env["ASKCORPUS_LOG_FORMAT"], env["ASKCORPUS_TOP_K"], env["ASKCORPUS_STOP_SECONDS"]) == ("json", "5", "10")
    assert chart["PersistentVolumeClaim"]["spec"]["storageClassName"] == "fast"
    assert (chart["Service"]["spec"]["type"], chart["Service"]["spec"]["ports"][0]["port"]) == ("LoadBalancer", 8080)

    own = rendered(existingSecret="mine")
    assert "Secret" not in own
    env_of = own["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env_of[0]["valueFrom"]["secretKeyRef"]["name"] == "mine"


def test_every_value_is_used_and_says_what_it_is() -> None:
    templates = "".join(path.read_text(encoding="utf-8") for path in CHART.glob("templates/*"))
    assert set(re.findall(r"\.Values\.(\w+)", templates)) == VALUES.keys()
    assert (CHART / "values.yaml").read_text(encoding="utf-8").count("#") >= 8


@pytest.mark.parametrize("version", ["1.31.0", kubernetes_validate.latest_version()])
def test_kubernetes_knows_every_field(version: str) -> None:
    """By its own schemas, in which a field that is not there is an error."""
    plain = list(yaml.safe_load_all((CHART.parent / "kubernetes.yaml").read_text(encoding="utf-8")))
    for one in [*plain, *rendered().values(), *rendered(existingSecret="mine").values(), *rendered(**FILLED).values()]:
        kubernetes_validate.validate(one, version, strict=True)

    misspelt = rendered()["Deployment"]
    misspelt["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(misspelt, version, strict=True)


def test_helm_finds_no_fault() -> None:
    assert "0 chart(s) failed" in run(program("helm"), "lint", "--strict", CHART, "--set", "apiKey=k")


@pytest.mark.parametrize("changes", [{}, {"existingSecret": "mine"}, FILLED])
def test_helm_fills_it_as_the_reader_here_does(changes: dict[str, Any], tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"apiKey": "k", **changes}), encoding="utf-8")
    filled = yaml.safe_load_all(run(program("helm"), "template", "desk", CHART, "--values", values))
    assert {one["kind"]: one for one in filled if one} == rendered(**changes)
