"""A proxy may say under which path it serves all this, if a setting trusts it; nobody else may."""

import httpx
import pytest

from askcorpus.errors import UsageError
from askcorpus.settings import read_settings
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


@pytest.mark.parametrize("proxy", ["proxy.example", "10.0.0.1/8", "10.0.0.0/40", "*"])
def test_what_is_no_address_is_refused(proxy: str) -> None:
    with pytest.raises(UsageError, match="trusted_proxies"):
        read_settings(trusted_proxies=proxy)
