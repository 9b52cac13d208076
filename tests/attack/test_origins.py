"""Pages of other origins, and names that are not this server's: what a browser can be made to send by somebody else."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askcorpus.errors import UsageError
from askcorpus.settings import read_settings
from askcorpus_ui.chat.surface import JOIN, RUN
from askcorpus_ui.web import loopback
from askcorpus_ui.web.loopback import host_of, is_loopback, is_same_origin
from scripted import ScriptedAssistant
from serving import serving

KEY = "open sesame"
FRIEND = "https://desk.example.org"
POSTS = ("/api/v1/ask", "/api/v1/search", "/v1/chat/completions", "/v1/responses", "/v1/embeddings", RUN, JOIN)
GETS = (
    "/",
    "/health",
    "/ready",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/api/v1/documents",
    "/api/v1/facets",
    "/source/harbour",
    "/documents",
    "/v1/models",
)

LOOPBACK = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "127.0.0.1",
    "127.1.2.3",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
]
ELSEWHERE = [
    "",
    "example.org",
    "localhost.example.org",
    "127.0.0.1.example.org",
    "10.0.0.1",
    "0.0.0.0",
    "::",
    "fe80::1",
]
ELSEWHERE += ["::ffff:10.0.0.1", "::ffff:a00:1", "2130706433", "0x7f000001", "127.1", "017700000001", "::127.0.0.1"]


@pytest.fixture(scope="module")
def local() -> Iterator[httpx.Client]:
    with serving(ScriptedAssistant()) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture(scope="module")
def keyed() -> Iterator[httpx.Client]:
    settings = read_settings(api_key=KEY, allowed_origins=FRIEND)
    headers = {"X-API-Key": KEY}
    with serving(ScriptedAssistant(), settings) as address, httpx.Client(base_url=address, headers=headers) as client:
        yield client


def foreign(client: httpx.Client) -> list[str]:
    host, port = client.base_url.host, client.base_url.port
    return [
        "null",
        "http://evil.example",
        "https://evil.example",
        f"http://{host}",
        f"http://{host}:1",
        f"http://localhost:{port}",
        f"http://{host}:{port}.evil.example",
        f"http://{host}:{port}@evil.example",
        f"http://evil.example#{host}:{port}",
        f"ftp://{host}:{port}",
        f"{host}:{port}",
        "http://[::1",
        "file://",
        "chrome-extension://abc",
        "",
    ]


@pytest.mark.parametrize("path", GETS + POSTS)
def test_a_page_of_another_origin_gets_nothing(local: httpx.Client, keyed: httpx.Client, path: str) -> None:
    for client in (local, keyed):
        for origin in foreign(client):
            response = client.request("POST" if path in POSTS else "GET", path, json={}, headers={"Origin": origin})
            assert response.status_code == 403, origin
            assert '"code":"Forbidden"' in response.text
            assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", GETS + POSTS)
def test_a_preflight_of_another_origin_is_refused(local: httpx.Client, path: str) -> None:
    headers = {"Origin": "http://localhost:1", "Access-Control-Request-Method": "POST"}
    response = local.options(path, headers=headers | {"Access-Control-Request-Headers": "content-type"})
    assert response.status_code in (400, 403)
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize("path", GETS)
def test_a_page_of_another_origin_takes_nothing_along(local: httpx.Client, path: str, site: str) -> None:
    """An image, a script or a style has no ``Origin``: the page sees nothing of it, but how long it took."""
    for mode in ("no-cors", "cors", "same-origin", "websocket", ""):
        assert local.get(path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}).status_code == 403, mode
    assert local.get(path, headers={"Sec-Fetch-Site": site}).status_code == 403


@pytest.mark.parametrize("path", GETS)
def test_a_link_on_another_page_may_be_followed_and_an_address_typed(local: httpx.Client, path: str) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for headers in (followed, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {}):
        assert local.get(path, headers=headers).status_code not in (401, 403)


def test_an_origin_that_is_allowed_may_fetch(keyed: httpx.Client) -> None:
    fetched = {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert keyed.get("/api/v1/documents", headers=fetched).status_code == 200


def test_the_servers_own_pages_may_ask(local: httpx.Client) -> None:
    own = f"http://{local.base_url.host}:{local.base_url.port}"
    assert local.get("/api/v1/documents", headers={"Origin": own}).status_code == 200
    named = {"Origin": f"http://localhost:{local.base_url.port}", "Host": f"localhost:{local.base_url.port}"}
    assert local.get("/api/v1/documents", headers=named).status_code == 200


def test_a_second_origin_does_not_hide_the_first(local: httpx.Client) -> None:
    own = f"http://{local.base_url.host}:{local.base_url.port}"
    for order in ((own, "http://evil.example"), ("http://evil.example", own)):
        assert local.get("/health", headers=[("Origin", origin) for origin in order]).status_code == 403


def test_an_origin_that_is_allowed_may_ask_and_read(keyed: httpx.Client) -> None:
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    preflight = keyed.options("/api/v1/ask", headers=asked | {"Access-Control-Request-Headers": "x-api-key"})
    response = keyed.post("/api/v1/ask", json={"question": "council?"}, headers={"Origin": FRIEND})
    assert preflight.status_code == response.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == FRIEND
    assert response.headers["access-control-allow-origin"] == FRIEND


@pytest.mark.parametrize("origin", ["*", "desk.example.org", "https://a/b", "https://u@a", "javascript:1"])
def test_an_origin_that_is_none_cannot_be_allowed(origin: str) -> None:
    with pytest.raises(UsageError, match="allowed_origins"):
        read_settings(allowed_origins=origin)


@pytest.mark.parametrize(
    "host",
    ["", "[", "]", "[::1", "a b", "a@localhost", "localhost:x", "localhost:99999", "localhost/x", "localhost#", "x?"],
)
def test_a_host_that_is_none_is_a_bad_request(local: httpx.Client, host: str) -> None:
    assert local.get("/health", headers={"Host": host}).status_code == 400


def test_two_hosts_are_a_bad_request(local: httpx.Client) -> None:
    with socket.create_connection((local.base_url.host, local.base_url.port or 0), timeout=60) as raw:
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_websocket_is_not_taken(local: httpx.Client) -> None:
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "eA==",
    }
    own = f"http://{local.base_url.host}:{local.base_url.port}"
    for origin in ("http://evil.example", own):
        response = local.get("/gradio_api/queue/join", headers=headers | {"Origin": origin})
        assert response.status_code in (400, 403, 404, 405)


@pytest.mark.parametrize("host", LOOPBACK)
def test_what_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_what_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_every_python_agrees(python: str) -> None:
    """``ipaddress`` changed its mind about wrapped addresses in 3.13."""
    if shutil.which(python) is None:
        pytest.skip(f"no {python} on this machine")
    path = Path(loopback.__file__)
    code = f"import runpy; ours = runpy.run_path({str(path)!r})['is_loopback']; "
    code += f"print([ours(host) for host in {LOOPBACK + ELSEWHERE!r}])"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if run.returncode and "No module" not in run.stderr and "not found" in run.stderr:
        pytest.skip(f"{python} is not set up")
    assert run.stdout.strip() == str([True] * len(LOOPBACK) + [False] * len(ELSEWHERE)), run.stderr


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:7860", "localhost:7860", True),
        ("http://LOCALHOST:7860", "localhost:7860", True),
        ("https://desk.example", "desk.example", True),
        ("https://desk.example", "desk.example:443", True),
        ("http://desk.example", "desk.example:80", True),
        ("http://[::1]:7860", "[::1]:7860", True),
        ("http://[::1]:7860", "[::1]:7861", False),
        ("http://localhost:7860", "127.0.0.1:7860", False),
        ("http://desk.example:8080", "desk.example", False),
        ("null", "null", False),
        ("http://localhost#", "localhost", False),
        ("http://", "", False),
    ],
)
def test_whether_a_page_came_from_this_server(origin: str, host: str, same: bool) -> None:
    assert is_same_origin(origin, host) is same


def test_a_host_is_a_name_and_perhaps_a_port() -> None:
    assert host_of("Desk.Example:80") == ("desk.example", 80)
    assert host_of("[::1]") == ("::1", None)
    assert host_of("[") is None


@pytest.mark.parametrize("path", ["/", "/theme.css", "/source/harbour", "/docs", "/v1/models", "/nowhere", "/health"])
def test_no_other_page_may_load_frame_or_open_it(local: httpx.Client, path: str) -> None:
    """What a browser must be told: an image or a script of another page brings no ``Origin`` to refuse."""
    headers = local.get(path).headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Gradio-Server", "X-Forwarded-Prefix", "Forwarded", "Referer"]
)
def test_no_header_puts_another_address_into_the_page(local: httpx.Client, header: str) -> None:
    assert "evil.example" not in local.get("/", headers={header: "http://evil.example/x"}).text


def test_no_query_changes_the_page(local: httpx.Client) -> None:
    plain = local.get("/").text
    for query in ("deep_link=../x", "__theme=evil", "view=api", "__sign=evil", "x=evil"):
        assert local.get(f"/?{query}").text == plain


def test_after_a_body_that_was_not_read_the_connection_is_closed(local: httpx.Client) -> None:
    """What is left of it would be taken for the next request."""
    with socket.create_connection((local.base_url.host, local.base_url.port or 0), timeout=60) as raw:
        hidden = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        raw.sendall(b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer = b""
        try:
            for _ in range(9):
                raw.sendall(b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n")
            raw.sendall(hidden)
            while piece := raw.recv(10_000):
                answer += piece
        except ConnectionError:
            pass
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert b'"ok"' not in answer


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_of_a_body_of_two_lengths_nothing_is_the_next_request(local: httpx.Client, host: str) -> None:
    """A proxy that goes by the length would send the hidden one along, and take its answer for that to another's."""
    hidden = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    body = b"0\r\n\r\n" + hidden
    lengths = f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked"
    head = f"POST /api/v1/ask HTTP/1.1\r\nHost: {host}\r\n{lengths}\r\n\r\n"
    with socket.create_connection((local.base_url.host, local.base_url.port or 0), timeout=60) as raw:
        raw.sendall(head.encode() + body)
        answer = b""
        while piece := raw.recv(10_000):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "path", ["/", "/documents", "/source/harbour", "/api/v1/documents", "/api/v1/conversations", "/metrics"]
)
def test_no_proxy_keeps_what_needs_a_key_or_a_cookie(keyed: httpx.Client, path: str) -> None:
    assert keyed.get(path).headers["cache-control"].startswith("private")


@pytest.mark.parametrize("value", ["Bearer wrong", "Basic OnBhc3M=", "Bearer"])
def test_only_the_first_of_two_authorizations_counts(value: str) -> None:
    with serving(ScriptedAssistant(), read_settings(api_key=KEY)) as address:
        right, url = f"Bearer {KEY}", f"{address}/api/v1/documents"
        assert httpx.get(url, headers=[("Authorization", value), ("Authorization", right)]).status_code == 401
        assert httpx.get(f"{url}?api_key={KEY}&key={KEY}").status_code == 401
        for method in ("HEAD", "OPTIONS", "POST", "TRACE"):
            assert httpx.request(method, url).status_code == 401
