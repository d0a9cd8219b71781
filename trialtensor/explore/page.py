"""A page that holds one interactive figure, and the same page in a notebook."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

# Pixels of a frame in a notebook: a figure whose height isn't known, what stands around it, and
# the most that it may take of a page that shows other things.
UNKNOWN_HEIGHT, AROUND, MOST = 480, 260, 1000

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>body {{ font: 15px/1.5 system-ui, sans-serif; margin: 0; padding: 12px 16px; }}
h1 {{ font-size: 1.25rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }}</style>
</head>
<body class="tt-page">
<h1>{title}</h1>
<noscript><p>This figure needs JavaScript. {alt}</p></noscript>
{figure}
{tables}
<script>{script}</script>
</body>
</html>
"""


def page(title: str, alt: str, figure: str, tables: str, script: str) -> str:
    """Return a whole page; it asks for nothing outside of itself.

    Parameters
    ----------
    title, alt : str
        Plain text.
    figure, tables : str
        HTML.
    script : str
    """
    digest = hashlib.sha256(script.encode()).digest()
    code = base64.b64encode(digest).decode("ascii")
    # Bokeh styles its elements by style elements of their own, which a hash can't name.
    policy = (
        f"default-src 'none'; script-src 'sha256-{code}'; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(
        policy=policy,
        title=escape(title),
        alt=escape(alt),
        figure=figure,
        tables=tables,
        script=script,
    )


def frame(page: str, title: str, layout: LayoutDOM) -> str:
    """Return a page in an ``<iframe>``, high enough to be useful in a notebook.

    Parameters
    ----------
    page : str
        HTML.
    title : str
    layout : bokeh.models.LayoutDOM
        What it shows.
    """
    height = min(_height(layout) + AROUND, MOST)
    return (
        f'<iframe srcdoc="{escape(page)}" title="{escape(title)}" '
        f'sandbox="allow-scripts allow-downloads" '
        f'style="width: 100%; height: {height}px; border: 0"></iframe>'
    )


def _height(layout: LayoutDOM) -> int:
    """Return about how many pixels a layout takes: those of columns add up."""
    children = getattr(layout, "children", None)
    if not children:
        return int(getattr(layout, "height", None) or UNKNOWN_HEIGHT)
    own = [_height(each[0] if isinstance(each, tuple) else each) for each in children]
    return sum(own) if type(layout).__name__ == "Column" else max(own)
