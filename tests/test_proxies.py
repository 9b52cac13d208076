"""A proxy may say under which path it serves all this, if a setting trusts it; nobody else may."""

import asyncio
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.types import Receive, Scope, Send

from askcorpus.errors import UsageError
from askcorpus.settings import read_settings
from askcorpus_ui.chat import surface
from askcorpus_ui.web.app import create_app
from askcorpus_ui.web.prefix import _OWN, Prefixed, check_root
from scripted import ScriptedAssistant
from serving import serving


def link(address: str, **headers: str) -> str:
    """The address of the first source in a reply, as far as its query."""
    body = {"model": "askcorpus", "messages": [{"role": "user", "content": "council"}]}
    reply = httpx.post(f"{address}/v1/chat/completions", json=body, headers=headers).json()
    url = reply["choices"][0]["message"]["annotations"][0]["url_citation"]["url"]
    return str(url).partition("?")[0]


def test_a_trusted_proxy_says_the_path_for_each_request() -> None:
    settings = read_settings(trusted_proxies="10.0.0.0/8, 127.0.0.1", root_path="/own")
    with serving(ScriptedAssistant(), settings) as address:
        for path in ("/desk", "/team/ask", "/desk/"):
            root, said = path.removesuffix("/"), {"X-Forwarded-Prefix": path}
            assert link(address, **said) == f"{address}{root}/source/harbour"
            assert link(f"{address}{root}", **said) == f"{address}{root}/source/harbour"
            assert httpx.get(f"{address}{root}", headers=said).headers["location"] == f"{root}/"
            described = httpx.get(f"{address}/openapi.json", headers=said).json()
            assert described["servers"] == [{"url": root}]
        assert link(address) == link(f"{address}/own") == f"{address}/own/source/harbour"
        assert link(address, **{"X-Forwarded-Prefix": "/"}) == f"{address}/source/harbour"


@pytest.mark.parametrize(
    "said", ["//evil.example", "https://evil.example", "/a, /b", "/../x", "/api", "/v1", "desk", "/a?b"]
)
def test_what_is_no_path_or_the_servers_own_is_passed_over(said: str) -> None:
    with serving(ScriptedAssistant(), read_settings(trusted_proxies="127.0.0.1", root_path="/own")) as address:
        assert link(address, **{"X-Forwarded-Prefix": said}) == f"{address}/own/source/harbour"


def test_one_said_twice_is_passed_over() -> None:
    with serving(ScriptedAssistant(), read_settings(trusted_proxies="127.0.0.1")) as address:
        headers = [("X-Forwarded-Prefix", "/a"), ("X-Forwarded-Prefix", "/b")]
        assert httpx.get(f"{address}/a", headers=headers).status_code == 404


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8", "::1"])
def test_nobody_else_says_it_nor_says_to_be_the_proxy(trusted: str) -> None:
    with serving(ScriptedAssistant(), read_settings(trusted_proxies=trusted)) as address:
        said = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-For": "10.0.0.1"}
        assert link(address, **said) == f"{address}/source/harbour"
        assert httpx.get(f"{address}/evil/health", headers=said).status_code == 404


def test_a_proxy_here_still_says_that_its_client_came_by_https() -> None:
    with serving(ScriptedAssistant(), read_settings(trusted_proxies="127.0.0.1")) as address:
        said = {"X-Forwarded-Prefix": "/desk", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        assert link(address, **said) == address.replace("http:", "https:") + "/desk/source/harbour"


@pytest.mark.parametrize(
    ("trusted", "usual", "scheme"),
    [
        ("127.0.0.1", "10.0.0.1", "https"),
        ("10.0.0.0/8", "10.0.0.1", "http"),
        ("", "10.0.0.1", "http"),
        ("", "*", "https"),
    ],
)
def test_a_trusted_proxy_elsewhere_says_that_its_client_came_by_https(
    monkeypatch: pytest.MonkeyPatch, trusted: str, usual: str, scheme: str
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", usual)
    with serving(ScriptedAssistant(), read_settings(trusted_proxies=trusted)) as address:
        assert link(address, **{"X-Forwarded-Proto": "https"}).startswith(f"{scheme}://")


@pytest.mark.parametrize("client", [None, ("", 0), ("testclient", 1), ("fe80::1%eth0", 1), ("10.0.0.1", 1)])
def test_a_sender_that_is_no_address_is_not_trusted(client: tuple[str, int] | None) -> None:
    roots: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        roots.append(scope["root_path"])

    scope = {
        "type": "http",
        "path": "/x",
        "method": "GET",
        "client": client,
        "headers": [(b"x-forwarded-prefix", b"/a")],
    }
    asyncio.run(Prefixed(app, "/own", ["127.0.0.1/32"])(scope, cast(Receive, None), cast(Send, None)))
    assert roots == ["/own"]


def test_no_root_takes_an_address_of_the_servers_own_away(tmp_path: Path) -> None:
    """What a new route begins with must be named where roots are checked, and what is named there must be served."""
    assistant: Any = ScriptedAssistant()
    app = create_app(assistant, read_settings(data=tmp_path, mcp=True, write_key="open sesame"))
    paths = [str(context.path) for context in iter_route_contexts(app.routes)]
    paths += [*surface.PAGES, *surface.FOLDERS, surface.EVENTS, surface.RUN, surface.JOIN, "/c/{id}"]
    served = {f"/{path.split('/')[1]}" for path in paths if path.strip("/")}
    assert served == {f"/{own.split('/')[1]}" for own in _OWN}
    for root in served:
        with pytest.raises(UsageError, match="root_path"):
            check_root(root)


@pytest.mark.parametrize("proxy", ["proxy.example", "10.0.0.1/8", "10.0.0.0/40", "*"])
def test_what_is_no_address_is_refused(proxy: str) -> None:
    with pytest.raises(UsageError, match="trusted_proxies"):
        read_settings(trusted_proxies=proxy)
