"""Prompt files are checked when they are read, and what is put into them stays what it is."""

from pathlib import Path

import pytest

from askcorpus.answer.prompts import CANNOT_ANSWER, VARIABLES, load_prompt
from askcorpus.errors import UsageError

ANSWER = {
    "passages": "P",
    "history": "",
    "question": "Q",
    "language": "fr",
    "boundary": "0123456789ab",
    "cannot_answer": CANNOT_ANSWER,
}


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_prompt_loads_and_uses_exactly_its_variables(name: str) -> None:
    assert set(load_prompt(name).input_variables) == VARIABLES[name]


def test_every_prompt_file_is_known() -> None:
    folder = Path(__file__).parents[1] / "prompts"
    assert {path.stem for path in folder.iterdir()} == set(VARIABLES)


def test_the_answer_prompt_says_the_rules_to_the_system_and_the_passages_to_the_user() -> None:
    system, user = load_prompt("answer").invoke(ANSWER).to_messages()
    assert (system.type, user.type) == ("system", "human")
    assert CANNOT_ANSWER in system.text
    assert "ISO 639-1 code is fr" in system.text
    assert user.text == "P\n\nQuestion: Q"


def test_sections_are_left_out_when_their_variable_is_empty() -> None:
    system, user = load_prompt("answer").invoke(ANSWER | {"language": "", "history": "H"}).to_messages()
    assert "ISO 639-1" not in system.text
    assert "Earlier in this conversation" in user.text
    assert user.text.endswith("H\n\nQuestion: Q")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{{question}} {{{passages}}} {"a": 1} {0} {} }} {{', id="braces"),
        pytest.param("{{#history}}x{{/history}}{{>partial}}{{=<% %>=}}", id="mustache"),
        pytest.param('<b>"l\'été" & 5 < 6</b>', id="what HTML would escape"),
        pytest.param("${HOME} $(id) {% raw %} %s \\n", id="other template languages"),
    ],
)
def test_what_is_put_in_is_never_read_as_a_template(text: str) -> None:
    user = load_prompt("answer").invoke(ANSWER | {"passages": text, "question": text}).to_messages()[1]
    assert user.text == f"{text}\n\nQuestion: {text}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{{{history}}}\n---\n{{{question}}}", "missing variable boundary", id="missing"),
        pytest.param("{{{history}}} {{{boundary}}}\n---\n{{{question}}} {{{queston}}}", "queston", id="misspelt"),
        pytest.param("{{{history}}} {{{boundary}}}\n---\n{{question}}", "three braces", id="escaping"),
        pytest.param("{{{history}}} {{{boundary}}} {{{question}}}", "'---'", id="one part"),
        pytest.param("{{#history}} {{{boundary}}}\n---\n{{{question}}}", "not a mustache", id="unclosed section"),
    ],
)
def test_a_wrong_prompt_file_is_named_with_its_fault(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rewrite.md").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        load_prompt("rewrite", tmp_path)
    assert "rewrite.md" in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_prompt_file_that_is_not_utf_8_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "rewrite.md").write_bytes("{{{history}}} réécris\n---\n{{{question}}}".encode("latin-1"))
    with pytest.raises(UsageError, match=r"rewrite\.md is not UTF-8 text\. Save it as UTF-8"):
        load_prompt("rewrite", tmp_path)


def test_a_missing_prompt_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"answer\.md cannot be read"):
        load_prompt("answer", tmp_path)
