"""Ask a points provider for balances while somebody waits for the page: within seconds, and only few at once."""

from collections.abc import Mapping, Sequence

from app.errors import Crowded
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import Judged, NotSent, PointsProvider
from app.usecases.services import Services


def balances_now(services: Services, provider: PointsProvider, emails: Sequence[str]) -> Mapping[str, Judged] | NotSent:
    """Ask for balances. Gives NotSent, with a sentence for the page, when too many wait for the provider already."""
    if not isinstance(provider, CogginsProvider):
        return provider.balances(emails)  # The books are our own: nobody is waited for.
    try:
        with services.bulkheads.look_ups.place(provider.url):
            return provider.balances(emails)
    except Crowded:
        return NotSent("Too many requests are waiting for the points provider now. Look again in a moment.")
