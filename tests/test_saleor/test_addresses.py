"""Which Saleor may install the app: no address gets in by looking like an allowed one."""

import pytest

from app.saleor.api_urls import ADDRESS_LENGTH_MAX, is_allowed, is_of_a_known_domain, is_one_of
from app.settings import LOOPBACK_SALEORS

CLOUD = ("https://*.saleor.cloud/graphql/",)
EXACT = ("https://shop.example.com/graphql/", "https://shop.example.org:8443/graphql/")
LOOPBACK = tuple(LOOPBACK_SALEORS.split(","))


@pytest.mark.parametrize(
    ("api_url", "patterns"),
    [
        ("https://shop.example.com/graphql/", EXACT),
        ("https://shop.example.org:8443/graphql/", EXACT),
        ("https://SHOP.example.com/graphql/", EXACT),
        ("HTTPS://shop.example.com/graphql/", EXACT),
        ("https://store-eu.saleor.cloud/graphql/", CLOUD),
        ("https://a.b.saleor.cloud/graphql/", CLOUD),
        ("http://localhost:8000/graphql/", LOOPBACK),
        ("http://127.0.0.1:8000/graphql/", LOOPBACK),
        ("http://[::1]:8000/graphql/", LOOPBACK),
        ("http://api:8000/graphql/", ("http://api:8000/graphql/",)),
        ("http://my_api:8000/graphql/", ("http://*:8000/graphql/",)),
        ("https://anything.example/graphql/", ("https://*/graphql/",)),
        ("https://shop.example.com/eu/graphql/", ("https://shop.example.com/*/graphql/",)),
    ],
)
def test_an_address_that_matches_is_allowed(api_url: str, patterns: tuple[str, ...]) -> None:
    assert is_allowed(api_url, patterns)


@pytest.mark.parametrize(
    "api_url",
    [
        "",
        " ",
        "https://shop.example.com",
        "https://shop.example.com/",
        "https://shop.example.com/graphql",
        "https://shop.example.com/graphql/x",
        "https://shop.example.com/GRAPHQL/",
        "https://shop.example.com//graphql/",
        "https://shop.example.com/x/../graphql/",
        "http://shop.example.com/graphql/",
        "ftp://shop.example.com/graphql/",
        "file:///graphql/",
        "//shop.example.com/graphql/",
        "shop.example.com/graphql/",
        "https:shop.example.com/graphql/",
        "https:/shop.example.com/graphql/",
        "https:///shop.example.com/graphql/",
        "https://shop.example.com:443/graphql/",
        "https://shop.example.com:8443/graphql/",
        "https://shop.example.org/graphql/",
        "https://shop.example.org:84430/graphql/",
        "https://shop.example.com:/graphql/",
        "https://shop.example.com:abc/graphql/",
        "https://shop.example.com:-1/graphql/",
        "https://shop.example.com:99999/graphql/",
        "https://shop.example.com:443:443/graphql/",
        "https://user@shop.example.com/graphql/",
        "https://user:pass@shop.example.com/graphql/",
        "https://shop.example.com@evil.example/graphql/",
        "https://shop.example.com:80@evil.example/graphql/",
        "https://evil.example\\@shop.example.com/graphql/",
        "https://evil.example\\.shop.example.com/graphql/",
        "https://shop.example.com\\.evil.example/graphql/",
        "https://shop.example.com.evil.example/graphql/",
        "https://evilshop.example.com/graphql/",
        "https://evil.shop.example.com/graphql/",
        "https://shop.example.com./graphql/",
        "https://.shop.example.com/graphql/",
        "https://shop%2eexample.com/graphql/",
        "https://shop.example.com%2f@evil.example/graphql/",
        "https://shop.example.com%00.evil.example/graphql/",
        "https://evil.example?https://shop.example.com/graphql/",
        "https://evil.example#https://shop.example.com/graphql/",
        "https://evil.example/https://shop.example.com/graphql/",
        "https://shop.example.com/graphql/?x=1",
        "https://shop.example.com/graphql/#x",
        "https://shop.example.com/graphql/;x",
        "https://shop.ex\u0430mple.com/graphql/",
        "https://shop。example。com/graphql/",
        "https://shop.example.com/graphql/ ",
        " https://shop.example.com/graphql/",
        "https://shop.example.com/graph\tql/",
        "https://shop.example.com/graphql/\r\nHost: evil",
        "https://shop.example.com/graphql/\x00",
        "https://[shop.example.com]/graphql/",
        "https://[::1/graphql/",
        "https://*/graphql/",
        "javascript://shop.example.com/graphql/",
    ],
)
def test_what_only_looks_like_an_allowed_address_is_refused(api_url: str) -> None:
    assert not is_allowed(api_url, EXACT)


@pytest.mark.parametrize(
    "api_url",
    [
        "https://saleor.cloud/graphql/",
        "https://evilsaleor.cloud/graphql/",
        "https://evil.example/.saleor.cloud/graphql/",
        "https://evil.example#.saleor.cloud/graphql/",
        "https://evil.example?.saleor.cloud/graphql/",
        "https://evil.example\\.saleor.cloud/graphql/",
        "https://evil.example@x.saleor.cloud/graphql/",
        "https://evil.example:x@x.saleor.cloud/graphql/",
        "https://evil.example:80.saleor.cloud/graphql/",
        "https://evil.example%2f.saleor.cloud/graphql/",
        "https://evil.example;.saleor.cloud/graphql/",
        "https://evil.example,.saleor.cloud/graphql/",
        "https://evil.example|.saleor.cloud/graphql/",
        "https://shop.saleor.cloud.evil.example/graphql/",
        "https://shop.saleor.cloud:8443/graphql/",
        "https://shop.saleor.cloud/evil/graphql/",
        "https://[::1].saleor.cloud/graphql/",
    ],
)
def test_a_star_for_a_host_reaches_nowhere_else(api_url: str) -> None:
    assert not is_allowed(api_url, CLOUD)


@pytest.mark.parametrize(
    "api_url",
    [
        "http://localhost/graphql/",
        "https://localhost:8000/graphql/",
        "http://localhost.evil.example:8000/graphql/",
        "http://localhost:8000@evil.example/graphql/",
        "http://localhost:8000@evil.example:80/graphql/",
        "http://localhost:8000.evil.example/graphql/",
        "http://127.0.0.1.evil.example:80/graphql/",
        "http://127.0.0.2:8000/graphql/",
        "http://127.1:8000/graphql/",
        "http://0.0.0.0:8000/graphql/",
        "http://2130706433:8000/graphql/",
        "http://0x7f000001:8000/graphql/",
        "http://[::]:8000/graphql/",
        "http://[::ffff:127.0.0.1]:8000/graphql/",
        "http://[::1]evil.example:80/graphql/",
        "http://[::1]:80@evil.example/graphql/",
        "http://[::1%25eth0]:8000/graphql/",
        "http://169.254.169.254:80/graphql/",
        "http://localhost:8000/graphql/../admin/",
    ],
)
def test_the_loopback_means_the_loopback(api_url: str) -> None:
    assert not is_allowed(api_url, LOOPBACK)


def test_no_list_allows_nobody() -> None:
    assert not is_allowed("https://shop.example.com/graphql/", ())


@pytest.mark.parametrize("pattern", ["", "*", "https://[", "https://shop.example.com", "shop.example.com", "https://*"])
def test_a_pattern_that_is_no_address_allows_nobody(pattern: str) -> None:
    assert not is_allowed("https://shop.example.com/graphql/", (pattern,))


def test_a_pattern_that_cannot_be_read_does_not_spoil_the_others() -> None:
    assert is_allowed("https://shop.example.com/graphql/", ("https://[", *EXACT))


def test_an_address_that_no_column_holds_is_refused() -> None:
    host = "a" * ADDRESS_LENGTH_MAX

    assert not is_allowed(f"https://{host}.saleor.cloud/graphql/", CLOUD)


@pytest.mark.parametrize(
    ("pattern", "is_known"),
    [
        ("https://shop.example.com/graphql/", True),
        ("https://shop.example.com:8443/*/graphql/", True),
        ("http://api:*/graphql/", True),
        ("http://10.0.0.7:8000/graphql/", True),
        ("http://[fd00::7]:8000/graphql/", True),
        ("https://*.example.com/graphql/", True),
        ("http://*.shops.svc.cluster.local:8000/graphql/", True),
        ("https://*/graphql/", False),
        ("http://*:8000/graphql/", False),
        ("https://*.com/graphql/", False),
        ("https://*.co.uk/graphql/", False),
        ("https://*.shop.co.uk/graphql/", True),
        ("https://*.shop.de/graphql/", True),
        ("https://*example.com/graphql/", False),
        ("https://shop.*/graphql/", False),
        ("http://10.0.0.*/graphql/", False),
    ],
)
def test_a_glob_says_whose_name_a_saleors_is(pattern: str, *, is_known: bool) -> None:
    api_url = pattern.replace(":*", ":8000").replace("*", "a", 1).replace("*", "b")

    assert is_allowed(api_url, [pattern])
    assert is_of_a_known_domain(api_url, [pattern]) is is_known


def test_of_several_globs_one_that_names_the_domain_is_enough() -> None:
    patterns = ("https://*/graphql/", "https://*.example.com/graphql/")

    assert is_of_a_known_domain("https://shop.example.com/graphql/", patterns)
    assert not is_of_a_known_domain("https://shop.example.net/graphql/", patterns)


OWN = ("https://points.example.com/api/manifest", "http://localhost:3000/api/manifest", "https://pünkte.example/api/manifest")


@pytest.mark.parametrize(
    "url",
    [
        *OWN,
        "http://points.example.com/api/manifest",
        "https://POINTS.example.com:443/api/manifest/",
        "https://points.example.com./api/manifest",
        "https://points.example.com/api/manifest?saleor=1",
        "https://points.example.com/api/manifest#top",
        "http://127.0.0.1:3000/api/manifest",
        "http://[::1]:3000/api/manifest",
    ],
)
def test_an_own_address_is_known_however_it_is_written(url: str) -> None:
    assert is_one_of(url, OWN)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "garbage",
        "/api/manifest",
        "https://points.example.com",
        "https://points.example.com/api/manifest2",
        "https://points.example.com/x/api/manifest",
        "https://points.example.com/api/manifest/../../x",
        "https://points.example.com/API/manifest",
        "https://points.example.com:8443/api/manifest",
        "https://points.example.com:abc/api/manifest",
        "https://points.example.com.evil.example/api/manifest",
        "https://evil.example/api/manifest?https://points.example.com/api/manifest",
        "https://evil.example\\@points.example.com/api/manifest",
        "https://evil.example@points.example.com/api/manifest",
        "https://points.example.com@evil.example/api/manifest",
        "https://points.example\t.com/api/manifest",
        "ftp://points.example.com/api/manifest",
        "http://localhost:3001/api/manifest",
        "http://127.0.0.2:3000/api/manifest",
    ],
)
def test_no_other_address_passes_for_an_own_one(url: str) -> None:
    assert not is_one_of(url, OWN)
