"""What a page may load and run, as the header Content-Security-Policy tells the browser."""

import base64
import hashlib

_PARTS = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'self'",
    "object-src": "'none'",
}


def content_policy(*markup: bytes, makes_functions: bool = False) -> str:
    """The policy of what comes from the server: nothing from elsewhere, and no script but its files.

    The scripts that stand in ``markup``, a page and what it puts into its own head, may run too, each by the digest of
    its text: whatever else gets into the page may not. One that ``makes_functions`` of texts, as Gradio's does of those
    that its components come with, may do so.
    """
    digests = dict.fromkeys(_digest(script) for one in markup for script in _scripts_in(one))
    scripts = [_PARTS["script-src"], *(f"'sha256-{digest}'" for digest in digests)]
    allowed = _PARTS | {"script-src": " ".join([*scripts, *["'unsafe-eval'"] * makes_functions])}
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def _scripts_in(page: bytes) -> list[bytes]:
    """The texts of the scripts that are no files."""
    opened = [one.partition(b">") for one in page.split(b"<script")[1:]]
    return [rest.partition(b"</script")[0] for attributes, _, rest in opened if b" src=" not in attributes]


def _digest(script: bytes) -> str:
    return base64.b64encode(hashlib.sha256(script).digest()).decode()
