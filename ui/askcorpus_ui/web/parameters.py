"""What stands behind the `?` of an address."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError


def only_known(request: Request) -> None:
    """Refuse a parameter that an address does not know: a filter with a misspelt name would limit nothing, in silence.

    Raises:
        RequestValidationError: there is one.
    """
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    there_are = f"there are: {', '.join(known)}" if known else "there are none here"
    faults = [
        {"type": "extra_forbidden", "loc": ("query", name), "msg": f"no parameter; {there_are}", "input": value}
        for name, value in request.query_params.items()
        if name not in known
    ]
    if faults:
        raise RequestValidationError(faults)
