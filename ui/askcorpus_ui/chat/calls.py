"""What the page sends to Gradio: calls, read into types that hold nothing else. Nothing in them is a file to fetch."""

from collections.abc import Sequence
from typing import Annotated, Any

import gradio as gr
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from askcorpus_ui.chat.conversation import ID, Place
from askcorpus_ui.chat.layout import CHOSEN

_SESSION = r"^[A-Za-z0-9_-]{1,64}$"
_Line = Annotated[str, Field(max_length=1_000)]
_Text = Annotated[str, Field(max_length=200_000)]
_Index = Annotated[int, Field(ge=0, lt=10_000)]


class _Typed(BaseModel):
    """Base of what the page sends: what it sends besides is left out."""

    model_config = ConfigDict(extra="ignore")


class _Written(_Typed):
    text: _Text


def _written(value: object) -> object:
    """What somebody wrote or chose; of other events the value is not used."""
    return value if isinstance(value, dict) and "text" in value else None


class _Happening(_Typed):
    """What happened beside the values: at which turn, link, thumb, conversation or filter, and what was written."""

    index: _Index | None = None
    value: Annotated[_Written | None, BeforeValidator(_written)] = None
    liked: bool | _Line | None = None
    href: Annotated[str, Field(max_length=10_000)] | None = None
    id: Annotated[str, Field(pattern=ID)] | None = None
    name: _Line | None = None


def _happened(value: object) -> object:
    """What happened; a field of text tells its text once more, which is not used."""
    return None if isinstance(value, str) else value


class _Call(_Typed):
    data: Annotated[list[Any], Field(max_length=50)]
    fn_index: Annotated[int, Field(strict=True, ge=0, lt=10_000)]
    session_hash: Annotated[str, Field(pattern=_SESSION)]
    trigger_id: int | None = None
    event_data: Annotated[_Happening | None, BeforeValidator(_happened)] = None


def _when_empty(value: Any) -> BeforeValidator:
    """What stands for a component that holds nothing yet."""
    return BeforeValidator(lambda given: value if given is None else given)


_VALUES: dict[type[Any], TypeAdapter[Any]] = {
    gr.JSON: TypeAdapter(Place | None),
    gr.Dropdown: TypeAdapter(Annotated[list[_Line], Field(max_length=1_000), _when_empty([])]),
    gr.Textbox: TypeAdapter(Annotated[_Text, _when_empty("")]),
}
"""What each kind of component on the page may hold. One that is not here cannot be an input."""

_DOCUMENTS: TypeAdapter[Any] = TypeAdapter(Annotated[list[_Line], Field(max_length=1_000), _when_empty([])])
"""What the page may carry of chosen documents."""

_NEEDED = {
    "rename": ("id", "value"),
    "delete": ("id",),
    "without": ("name",),
    "like": ("index",),
    "retry": ("index",),
    "unfiltered": ("index",),
    "edit": ("index", "value"),
    "begin_example": ("value",),
}
"""What must have happened for a handler of that name."""


_ASKING = frozenset({"begin", "begin_example", "edit", "retry", "unfiltered"})
"""Handlers that begin an answer."""


def asks(call: dict[str, Any], blocks: gr.Blocks) -> bool:
    """Whether what `read_call` has read begins an answer; what follows it does not."""
    return blocks.fns[call["fn_index"]].name in _ASKING


def read_call(body: bytes, blocks: gr.Blocks, *, queued: bool) -> dict[str, Any]:
    """What Gradio gets to see of the body of a call, which is ``queued`` or answered at once.

    Raises:
        ValueError: it is not what the page sends there (pydantic's ValidationError is one too).
    """
    call = _Call.model_validate_json(body)
    function = blocks.fns.get(call.fn_index)
    if function is None or function.fn is None or bool(function.queue) is not queued:
        raise ValueError(f"fn_index {call.fn_index}")
    for needed in _NEEDED.get(str(function.name), ()):
        if getattr(call.event_data, needed, None) is None:
            raise ValueError(f"event_data without {needed}")
    return call.model_dump(exclude={"data"}) | {"data": _values(function.inputs, call.data)}


def _values(components: Sequence[Any], values: Sequence[object]) -> list[Any]:
    if len(components) != len(values):
        raise ValueError(f"{len(values)} values for {len(components)}")
    return [
        to_jsonable_python(_adapter(component).validate_python(value), exclude_none=True)
        for component, value in zip(components, values, strict=True)
    ]


def _adapter(component: object) -> TypeAdapter[Any]:
    if isinstance(component, gr.JSON) and component.elem_id == CHOSEN:
        return _DOCUMENTS
    for kind, adapter in _VALUES.items():
        if isinstance(component, kind):
            return adapter
    raise ValueError(f"{type(component).__name__} is no input")


def first_fault(error: ValueError) -> str:
    """What is wrong with a call, in a line."""
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
    return str(error)
