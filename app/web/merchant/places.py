"""The addresses of the merchant's pages, as the Dashboard keeps them.

On a reload the Dashboard tells the app its path, without the query. So whatever a page is about stands in the path: a channel, a
customer. `bridge.js` does the same with what a list was asked for: `orders/find/state=problem`.
"""

from urllib.parse import quote, unquote

from app.errors import BadRequest


def as_segment(text: str) -> str:
    """Write any text as one segment of a path. A "~" stands for "%", which the Dashboard's router would decode on its way."""
    return quote(text, safe="@").replace("~", "%7E").replace("%", "~")


def from_segment(segment: str) -> str:
    """Read what `as_segment` wrote. Raises BadRequest where it hides a NUL, which the edge cannot see."""
    text = unquote(segment.replace("~", "%"))
    if "\0" in text:
        raise BadRequest("The address of this page holds a NUL character.")
    return text
