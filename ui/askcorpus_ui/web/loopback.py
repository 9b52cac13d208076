"""Which addresses are this machine, and who asks: the names in a request's ``Host`` and ``Origin``.

Only the standard library is used, so that the same answers can be checked on every Python there is.
"""

import ipaddress
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address without port and brackets, is this machine's loopback.

    An IPv6 address that only wraps an IPv4 one (``::ffff:127.0.0.1``) is what it wraps. ``ipaddress`` says so itself
    from Python 3.13 on, and the opposite before.
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    wrapped = getattr(address, "ipv4_mapped", None)
    return (wrapped or address).is_loopback


def host_of(header: str) -> tuple[str, int | None] | None:
    """Name and port in a ``Host`` header, in lower case; ``None`` where it has none (``[``, ``a b``, ``x:y``)."""
    try:
        parts = urlsplit(f"//{header}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or any(sign in "@/?#" or sign.isspace() for sign in header):
        return None
    return name, port


def is_same_origin(origin: str, host: str) -> bool:
    """Whether the page of ``origin`` (``http://127.0.0.1:7860``) came from the server that ``host`` names.

    Only name and port are compared: behind a proxy that ends TLS the page's scheme is not the one we see.
    """
    scheme, separator, name = origin.partition("://")
    asked, page = host_of(host), host_of(name)
    if not separator or asked is None or page is None or scheme.lower() not in _PORTS:
        return False
    default = _PORTS[scheme.lower()]
    return (page[0], page[1] or default) == (asked[0], asked[1] or default)
