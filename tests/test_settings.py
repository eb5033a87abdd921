"""The settings: their defaults, what each refuses and under which name, and the secret that makes itself."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from app.errors import BadSetting
from app.sealing import Sealer
from app.settings import Settings, load_settings, secret_keys

PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "x7Kq2mVt9RbLw4Zc8NdYp3HsFj6GuTae",
    "PUBLIC_URL": "https://points.example",
    "ALLOWED_SALEOR_URLS": "https://shop.example/graphql/",
}


def settings(**environ: str) -> Settings:
    return load_settings(environ)


def refusal(**environ: str) -> str:
    with pytest.raises(BadSetting) as raised:
        load_settings(environ)
    return raised.value.message


# Defaults


def test_no_setting_is_needed_to_try_it_out() -> None:
    tried = settings()

    assert (tried.app_env, tried.host, tried.port) == ("development", "127.0.0.1", 3000)
    assert tried.sweep_seconds == 300
    assert (tried.log_format, tried.log_level) == ("console", "info")
    assert tried.trusted_proxies == 0


def test_every_address_is_the_local_one_by_default() -> None:
    tried = settings()

    assert {tried.browser_url, tried.api_base_url, tried.iframe_base_url, tried.claim_url_base} == {"http://localhost:3000"}


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"PORT": "4000"}, "http://localhost:4000"),
        ({"HOST": "0.0.0.0"}, "http://localhost:3000"),
        ({"HOST": "::"}, "http://localhost:3000"),
        ({"HOST": "points.lan"}, "http://points.lan:3000"),
        ({"PUBLIC_URL": "https://points.example/"}, "https://points.example"),
        ({"PUBLIC_URL": "https://points.example/app/"}, "https://points.example/app"),
    ],
)
def test_the_address_for_browsers_follows_from_what_is_set(environ: dict[str, str], url: str) -> None:
    assert load_settings(environ).browser_url == url


@pytest.mark.parametrize(
    ("name", "field"),
    [("APP_API_BASE_URL", "api_base_url"), ("APP_IFRAME_BASE_URL", "iframe_base_url"), ("CLAIM_BASE_URL", "claim_url_base")],
)
def test_each_side_may_have_an_address_of_its_own(name: str, field: str) -> None:
    tried = load_settings({"PUBLIC_URL": "https://points.example", name: "https://other.example/"})

    addresses = {each: getattr(tried, each) for each in ("browser_url", "api_base_url", "iframe_base_url", "claim_url_base")}
    assert addresses.pop(field) == "https://other.example"
    assert set(addresses.values()) == {"https://points.example"}


def test_the_database_is_a_file_among_the_data(tmp_path: Path) -> None:
    assert settings(DATA_DIR=str(tmp_path)).database == f"sqlite:///{tmp_path}/saleor-points.sqlite3"


def test_another_database_may_be_named() -> None:
    assert settings(DATABASE_URL="postgresql+psycopg://u:p@h/d").database == "postgresql+psycopg://u:p@h/d"


def test_only_the_loopback_may_install_by_default() -> None:
    allowed = settings().saleor_urls_allowed

    assert len(allowed) == 3
    assert all(url.startswith(("http://localhost:", "http://127.0.0.1:", "http://[::1]:")) for url in allowed)


def test_a_list_of_saleors_is_taken_apart() -> None:
    allowed = settings(ALLOWED_SALEOR_URLS=" https://a.example/graphql/ ,, https://*.b.example/graphql/,").saleor_urls_allowed

    assert allowed == ("https://a.example/graphql/", "https://*.b.example/graphql/")


def test_a_map_of_saleors_is_taken_apart() -> None:
    reached = settings(SALEOR_URL_MAP=" http://a/graphql/=http://b/graphql/?x=1 , http://c/ = http://d/ ,").saleor_urls_reached

    assert reached == {"http://a/graphql/": "http://b/graphql/?x=1", "http://c/": "http://d/"}


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert load_settings({"PORT": "", "LOG_LEVEL": "", "PUBLIC_URL": ""}).port == 3000


def test_variables_of_others_do_not_matter() -> None:
    assert load_settings({"PATH": "/bin", "POINTS_OF_VIEW": "many"}).port == 3000


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "4321")
    monkeypatch.setenv("LOG_LEVEL", "")

    assert load_settings().port == 4321


@pytest.mark.parametrize("value", ["JSON", "Json", " json "])
def test_case_and_blanks_do_not_matter(value: str) -> None:
    assert settings(LOG_FORMAT=value).log_format == "json"


def test_blanks_around_what_was_pasted_are_taken_off() -> None:
    tried = settings(
        PUBLIC_URL=" https://points.example ", SECRET_KEY=" a secret\n", POINTS_API_URL="http://p.example\n", POINTS_API_KEY=" k "
    )

    assert tried.public_url == "https://points.example"
    assert tried.secret_key.get_secret_value() == "a secret"
    assert (tried.points_api_url, tried.points_api_key.get_secret_value()) == ("http://p.example", "k")


def test_an_identifier_and_a_name_may_be_as_long_as_saleor_keeps_them() -> None:
    tried = settings(MANIFEST_APP_ID="i" * 256, APP_NAME="Punkty (próba)".ljust(60, "."))

    assert (len(tried.manifest_app_id), len(tried.app_name)) == (256, 60)


# Refusals


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "staging"),
        ("MANIFEST_APP_ID", " "),
        ("MANIFEST_APP_ID", "saleor points"),
        ("MANIFEST_APP_ID", "saleor\tpoints"),
        ("MANIFEST_APP_ID", "saleor.points\x00"),
        ("MANIFEST_APP_ID", "i" * 257),
        ("APP_NAME", " "),
        ("APP_NAME", "Saleor\nPoints"),
        ("APP_NAME", "n" * 61),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PORT", "3000.5"),
        ("API_LIMIT_PER_KEY", "many"),
        ("API_LIMIT_PER_KEY", "100"),
        ("API_LIMIT_PER_KEY", "0/second"),
        ("API_LIMIT_PER_ADDRESS", "-5/second"),
        ("API_LIMIT_PER_ADDRESS", "5/blink"),
        ("LIMITS_STORAGE_URL", "redis"),
        ("LIMITS_STORAGE_URL", "redis://"),
        ("LIMITS_STORAGE_URL", "mysql://host/limits"),
        ("SWEEP_SECONDS", "-1"),
        ("SWEEP_SECONDS", "86401"),
        ("SWEEP_SECONDS", "often"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "all"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("SECRET_KEY", "one,two"),
        ("ALLOWED_SALEOR_URLS", "*"),
        ("ALLOWED_SALEOR_URLS", "shop.example.com"),
        ("ALLOWED_SALEOR_URLS", "https://shop.example.com"),
        ("ALLOWED_SALEOR_URLS", "https://a.example/graphql/,b.example"),
        ("ALLOWED_SALEOR_URLS", "https://shop?.example/graphql/"),
        ("ALLOWED_SALEOR_URLS", "https://["),
        ("SALEOR_URL_MAP", "http://a/graphql/"),
        ("SALEOR_URL_MAP", "http://a/graphql/="),
        ("SALEOR_URL_MAP", "http://a/graphql/=b"),
        ("SALEOR_URL_MAP", "http://a/=http://b/,c"),
    ],
)
def test_a_bad_value_is_refused_and_its_variable_named(name: str, value: str) -> None:
    assert refusal(**{name: value}).startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["PUBLIC_URL", "APP_API_BASE_URL", "APP_IFRAME_BASE_URL", "CLAIM_BASE_URL", "POINTS_API_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "points.example",
        "localhost:3000",
        "//points.example",
        "ftp://points.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://points.example?x=1",
        "https://points.example#x",
        "https://user:secret@points.example",
        "https://points.example:99999",
        "https://points.example:port",
        "https://[::1",
        "https://points .example",
        "https://points.example/a b",
    ],
)
def test_an_address_that_is_none_is_refused_and_its_variable_named(name: str, value: str) -> None:
    both = {"POINTS_API_KEY": "k"} if name == "POINTS_API_URL" else {}

    assert refusal(**{name: value}, **both).startswith(f"{name}: ")


def test_a_refusal_does_not_repeat_a_secret() -> None:
    assert "hush" not in refusal(POINTS_API_URL="https://hush:hush@points.example", POINTS_API_KEY="hush")
    assert "hush" not in refusal(SECRET_KEY="hush,hush")


def test_all_bad_values_are_named_at_once() -> None:
    message = refusal(PORT="x", LOG_LEVEL="x", PUBLIC_URL="x")

    assert all(name in message for name in ("PORT", "LOG_LEVEL", "PUBLIC_URL"))


@pytest.mark.parametrize("name", ["POINTS_API_URL", "POINTS_API_KEY"])
def test_a_points_api_needs_both_its_address_and_its_key(name: str) -> None:
    message = refusal(**{name: "https://points.example"})

    assert "POINTS_API_URL" in message
    assert "POINTS_API_KEY" in message


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_SALEOR_URLS"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_production_needs_what_development_makes_up(name: str, value: str | None) -> None:
    environ = {key: text for key, text in PRODUCTION.items() if key != name} | ({} if value is None else {name: value})

    assert f"{name} is required when APP_ENV=production" in refusal(**environ)


@pytest.mark.parametrize("weak", ["a secret", "x" * 64, "abcabcabc" * 8])
def test_production_refuses_a_secret_that_can_be_guessed(weak: str) -> None:
    message = refusal(**{**PRODUCTION, "SECRET_KEY": weak})

    assert "SECRET_KEY" in message
    assert weak not in message


@pytest.mark.parametrize("url", ["http://points.example", ""])
def test_production_refuses_a_public_url_without_https(url: str) -> None:
    assert "PUBLIC_URL" in refusal(**{**PRODUCTION, "PUBLIC_URL": url})


def test_production_with_all_it_needs_starts() -> None:
    assert load_settings(PRODUCTION).app_env == "production"


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(
        settings(SECRET_KEY="hush", POINTS_API_URL="https://p.example", POINTS_API_KEY="hush", SECRET_KEY_PREVIOUS="hush")
    )

    assert "hush" not in shown


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings().port = 1


# The secret


def test_a_secret_that_is_set_is_used_and_none_is_written(tmp_path: Path) -> None:
    tried = settings(DATA_DIR=str(tmp_path / "data"), SECRET_KEY="new", SECRET_KEY_PREVIOUS=" old , older ,")

    assert secret_keys(tried) == ("new", "old", "older")
    assert not (tmp_path / "data").exists()


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    tried = settings(DATA_DIR=str(tmp_path / "not" / "there"))

    first, second = secret_keys(tried), secret_keys(tried)

    assert first == second
    assert len(first[0]) >= 43


def test_two_installations_make_different_secrets(tmp_path: Path) -> None:
    made = [secret_keys(settings(DATA_DIR=str(tmp_path / name))) for name in ("a", "b")]

    assert made[0] != made[1]


def test_a_made_secret_is_its_owners_only(tmp_path: Path) -> None:
    secret_keys(settings(DATA_DIR=str(tmp_path)))

    [path] = tmp_path.iterdir()
    assert path.name == "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    tried, together = settings(DATA_DIR=str(tmp_path)), Barrier(16)

    def start() -> tuple[str, ...]:
        together.wait()
        return secret_keys(tried)

    with ThreadPoolExecutor(16) as pool:
        made = {future.result() for future in [pool.submit(start) for _ in range(16)]}

    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_an_emptied_secret_is_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("\n")

    with pytest.raises(BadSetting, match="SECRET_KEY"):
        secret_keys(settings(DATA_DIR=str(tmp_path)))


def test_a_secret_kept_before_can_be_moved_into_the_settings(tmp_path: Path) -> None:
    sealed = Sealer(secret_keys(settings(DATA_DIR=str(tmp_path)))).seal("a token")
    kept = (tmp_path / "secret_key").read_text()

    moved = settings(SECRET_KEY="new", SECRET_KEY_PREVIOUS=kept)

    assert Sealer(secret_keys(moved)).open(sealed) == "a token"
