"""A Host header that is no name of a host: nothing of the request is served, and nothing breaks."""

import pytest

from tests.test_web.calls import ask, error_of
from tests.world import World


@pytest.mark.parametrize("path", ["/", "/no/such/page", "/claim/points/" + "0" * 32, "/app/", "/api/manifest", "/readyz"])
@pytest.mark.parametrize("host", ["a..b", "x" * 70, "1970-01-01..9999-12-31"])
def test_it_is_refused_with_a_sentence(site: World, path: str, host: str) -> None:
    answer = ask(site, "GET", path, headers={"Host": host})

    assert error_of(answer) == (400, "BAD_REQUEST")
