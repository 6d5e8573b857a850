"""The look that the pages of the sandbox world share. `page` trusts its body: escape what comes from outside."""

from html import escape

from starlette.responses import HTMLResponse

_SHELL = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/world.css">
<script src="/static/world.js" defer></script>
</head>
<body class="{kind}">
{header}<main>
{body}
</main>
</body>
</html>
"""
_HEADER = '<header><a class="home" href="/">Sandbox world</a><span class="slash">/</span><h1>{title}</h1></header>\n'


def page(title: str, body: str, *, kind: str = "tool", language: str = "en", status: int = 200) -> HTMLResponse:
    """A whole page. `body` is HTML; `kind` "tool" has the world's header, other kinds stand alone."""
    header = _HEADER.format(title=escape(title)) if kind == "tool" else ""
    return HTMLResponse(
        _SHELL.format(title=escape(title), body=body, kind=kind, language=language, header=header), status
    )


def empty(text: str) -> str:
    """What a list shows while there is nothing in it."""
    return f'<p class="empty">{escape(text)}</p>'
