"""The claim page as it would look with values that are not saved: for the merchant's settings."""

from base64 import b64encode

from babel.core import Locale
from flask import render_template, url_for

from app.domain.brand import Brand
from app.domain.claim import ClaimState
from app.languages import SOURCE_LANGUAGE, Speech
from app.usecases.shoppers.claim_points import ClaimView
from app.web.shoppers.speech import load_catalogues

POINTS = 250
BOUND_TO = "j•••@e•••.com"


def render_preview(brand: Brand, *, logo: bytes | None = None, language: str = SOURCE_LANGUAGE) -> str:
    """Give the whole page of a claim that waits, as HTML for a frame's `srcdoc`. Nothing in it can be pressed.

    `logo` is a PNG (`read_logo`) in place of the saved one. It stands in the page itself, so the frame's policy must allow
    images from `data:`. Needs a request at hand. Stylesheets are named from the app's root, because the frame's address is that
    of whichever page it stands in.
    """
    view = ClaimView(ClaimState.OPEN, brand, POINTS, bound_to=BOUND_TO)
    logo_url = f"data:image/png;base64,{b64encode(logo).decode()}" if logo is not None else None
    speech = Speech(Locale(language), load_catalogues()[language])
    root = url_for("static", filename="").removesuffix("static/")
    return render_template("claim.html", view=view, brand=brand, speech=speech, logo_url=logo_url, is_preview=True, root=root)
