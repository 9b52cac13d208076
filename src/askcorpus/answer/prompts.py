"""The prompts: one plain text file each, in ``prompts/``, filled through LangChain's chat prompt templates.

A file holds two messages, the system's above the line ``---`` and the user's below it. Variables stand in three
braces, ``{{{question}}}``: what is put in stays as it is, braces included, and is never read as a template again.
(Two braces would turn ``"`` into ``&quot;``.) ``{{#history}} … {{/history}}`` is left out when the variable is empty.
"""

from pathlib import Path

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.utils.mustache import ChevronError, tokenize

from askcorpus.errors import UsageError

CANNOT_ANSWER = "NOT IN THE PASSAGES"
"""What the model is told to say, word for word, when the passages do not answer."""

VARIABLES = {
    "answer": frozenset({"passages", "history", "question", "language", "boundary", "cannot_answer"}),
    "rewrite": frozenset({"history", "question", "boundary"}),
    "judge": frozenset({"passages", "question", "sentences", "boundary"}),
    "draft_questions": frozenset({"passages", "language", "boundary"}),
}
"""Every prompt there is, and what it must use: all of this and nothing else."""

_SEPARATOR = "\n---\n"


def load_prompt(name: str, folder: Path | None = None) -> ChatPromptTemplate:
    """The prompt ``name``, one of ``VARIABLES``, from ``folder`` or from where askcorpus keeps its prompts.

    Raises:
        UsageError: the file is missing or not UTF-8, has not two parts, or its variables are not those that the code
            fills in.
    """
    path = (folder or _prompts_folder()) / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"Prompt {path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"Prompt {path} is not UTF-8 text.", "Save it as UTF-8.") from exc
    system, separator, user = text.partition(_SEPARATOR)
    if not separator:
        raise UsageError(f"Prompt {path} has no line '---' between the system's part and the user's.")
    _check_variables(path, text, VARIABLES[name])
    return ChatPromptTemplate.from_messages(
        [("system", system.strip()), ("human", user.strip())], template_format="mustache"
    )


def _check_variables(path: Path, text: str, expected: frozenset[str]) -> None:
    try:
        tokens = list(tokenize(text, "{{", "}}"))
    except ChevronError as exc:
        raise UsageError(f"Prompt {path} is not a mustache template: {' '.join(str(exc).split())}") from exc
    escaped = sorted(key for kind, key in tokens if kind == "variable")
    if escaped:
        raise UsageError(f"Prompt {path}: write {{{{{{{escaped[0]}}}}}}} with three braces, so that it stays as it is.")
    used = {key for kind, key in tokens if kind not in ("literal", "comment")}
    faults = [f"unknown variable {key}" for key in sorted(used - expected)]
    faults += [f"missing variable {key}" for key in sorted(expected - used)]
    if faults:
        raise UsageError(f"Prompt {path}: {'; '.join(faults)}.")


def _prompts_folder() -> Path:
    """Inside the package where it was installed; beside ``src`` in a checkout."""
    packaged = Path(__file__).parents[1] / "prompts"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "prompts"
