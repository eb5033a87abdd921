"""Say to a shopper, in the shopper's language, why points do not pay."""

from flask import render_template
from werkzeug.datastructures import LanguageAccept

from app.domain.spending import SpendRefusal
from app.web.shoppers.speech import load_catalogues, speech_for


def sentence_for(why: SpendRefusal, language: str, *, least_points: int | None = None) -> str:
    """Say it in one sentence. `language` is Saleor's code, such as `DE_AT`; one that is not spoken is answered in English."""
    tag = language.replace("_", "-").lower()
    language_code, _, country = tag.partition("-")
    wanted = LanguageAccept([(f"{language_code}-{country.upper()}" if len(country) == 2 else language_code, 1)])
    speech = speech_for(wanted, load_catalogues())
    said = render_template("payment_refusal.html", why=why.value, least_points=least_points or 1, speech=speech)
    return " ".join(said.split())
