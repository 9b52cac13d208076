"""One server and one Chromium a module, ended before other tests want an event loop.

Nothing outside this machine can be reached, whatever a page asks for.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askcorpus.answer.llm import load_answerer
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings, read_settings
from openai_server import OpenAIServer, openai_server
from pages import PATIENCE, without_leaving
from scripted import ScriptedAssistant
from serving import real_assistant, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
DESK = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "reduced_motion": "reduce"}
KEY = "open sesame"
HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "context(**options): what the test's browser is like")
    config.addinivalue_line("markers", "at(fixture): the server that the test's page is opened at")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = _missing()
    if not missing:
        return
    if os.environ.get("REQUIRE_BROWSER"):
        raise pytest.UsageError(missing)  # a run that must test the page may not pass by skipping it
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=missing))


def _missing() -> str:
    try:
        import playwright  # noqa: F401 - only whether it is there
    except ImportError:
        return "playwright is not installed"
    return "" if CHROMIUM else "no Chromium on this machine"


@pytest.fixture(scope="module")
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the server of ``address`` keeps things in."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def address(assistant: ScriptedAssistant, data: Path) -> Iterator[str]:
    with serving(assistant, read_settings(data=data)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Firefox for all tests."""
    firefox = pytest.importorskip("firefox", exc_type=ImportError)
    if firefox.PROGRAM is None:
        pytest.skip("no Firefox on this machine")
    with firefox.running(firefox.PROGRAM, tmp_path_factory.mktemp("firefox")) as window:
        yield window


@pytest.fixture
def firefox(window: Any) -> Any:
    window.resize(1280, 800)
    return window


@pytest.fixture(scope="session")
def arabic_firefox(window: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Another that reads Arabic: which language it reads, a Firefox learns when it starts."""
    running = pytest.importorskip("firefox").running
    speaking = {"intl.accept_languages": "ar-EG"}
    with running(window.program, tmp_path_factory.mktemp("arabic"), **speaking) as arabic:
        arabic.resize(1280, 800)
        yield arabic


@pytest.fixture(scope="module")
def guarded(assistant: ScriptedAssistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = read_settings(api_key=KEY, data=tmp_path_factory.mktemp("guarded"))
    with serving(assistant, settings) as address:
        yield address


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("real")
    with (
        real_assistant(folder, embeddings) as assistant,
        serving(assistant, read_settings(data=folder / "index")) as address,
    ):
        yield address


@pytest.fixture(scope="module")
def llm() -> Iterator[OpenAIServer]:
    """The model's server behind the chat of ``writer``."""
    with openai_server() as server:
        yield server


@pytest.fixture(scope="module")
def writer(
    tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings, llm: OpenAIServer
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("writer")
    answerer = load_answerer(Settings(llm="tiny", llm_base_url=llm.url), embeddings)
    with (
        real_assistant(folder, embeddings, answerer) as assistant,
        serving(assistant, read_settings(data=folder / "index")) as address,
    ):
        yield address


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The chat of the server that the test's ``at`` mark names, just opened.

    When the test ends it must have asked no other host for anything, and have logged no error.
    """
    marker, at = request.node.get_closest_marker("context"), request.node.get_closest_marker("at")
    address = request.getfixturevalue(at.args[0] if at else "address")
    context = browser.new_context(base_url=address, **DESK | (marker.kwargs if marker else {}))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    outside: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    context.on(
        "request",
        lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else outside.append(asked.url),
    )
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    yield page
    context.close()
    assert outside == []
    assert without_leaving(errors) == []
