"""A QR code for a page: a link that somebody opens with the camera of a phone."""

import segno
from markupsafe import Markup


def qr_code(link: str) -> Markup:
    """Draw a link as an SVG that stands in the page itself. It is dark on light in each theme, as cameras want it.

    The lowest level of error correction gives the fewest and largest modules: screens have no scratches.
    """
    drawn = segno.make(link, error="l", micro=False)
    return Markup(drawn.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None))  # noqa: S704 - numbers and colours only
