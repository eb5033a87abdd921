"""The settings, read from the environment once, at start-up."""

import contextlib
import secrets
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import BadSetting
from app.mail_url import MailFolder, MailServer, parse_mail_url

# As long as the columns in which Saleor keeps an app.
APP_ID_MAX = 256
APP_NAME_MAX = 60
# What `openssl rand -hex 16` writes has 32 characters; of sixteen different ones it hardly ever has fewer than ten.
SECRET_CHARACTERS_MIN = 32
SECRET_DIFFERENT_MIN = 10
LOOPBACK_SALEORS = "http://localhost:*/graphql/,http://127.0.0.1:*/graphql/,http://[::1]:*/graphql/"


class Settings(BaseSettings):
    """All settings, checked. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    app_env: Literal["development", "production"] = "development"
    manifest_app_id: str = "saleor.points"
    app_name: str = "Saleor Points"
    data_dir: Path = Path("data")
    database_url: str = ""
    secret_key: SecretStr = SecretStr("")
    secret_key_previous: SecretStr = SecretStr("")
    public_url: str = ""
    app_api_base_url: str = ""
    app_iframe_base_url: str = ""
    claim_base_url: str = ""
    allowed_saleor_urls: str = ""
    saleor_url_map: str = ""
    dashboard_urls: str = ""
    points_api_url: str = ""
    points_api_key: SecretStr = SecretStr("")
    api_limit_per_key: str = "100/second"
    api_limit_per_address: str = "200/second"
    storefront_limit_per_customer: str = "60/minute"
    storefront_limit_per_address: str = "600/minute"
    limits_storage_url: str = "memory://"
    mail_url: SecretStr = SecretStr("")
    sweep_seconds: int = Field(default=300, ge=0, le=86_400)
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65_535)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    metrics_token: SecretStr = SecretStr("")
    sentry_dsn: SecretStr = SecretStr("")
    otel_exporter_otlp_endpoint: str = ""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("*", mode="before")
    @classmethod
    def _has_no_blanks_around(cls, value: object) -> object:
        # What is pasted often brings a blank along.
        return value.strip() if isinstance(value, str) else value

    @field_validator("manifest_app_id")
    @classmethod
    def _is_an_app_id(cls, value: str) -> str:
        if not 0 < len(value) <= APP_ID_MAX or not value.isprintable() or " " in value:
            raise ValueError(f"must be 1 to {APP_ID_MAX} printable characters without blanks, such as saleor.points.staging")
        return value

    @field_validator("app_name")
    @classmethod
    def _is_an_app_name(cls, value: str) -> str:
        if not 0 < len(value) <= APP_NAME_MAX or not value.isprintable():
            raise ValueError(f"must be 1 to {APP_NAME_MAX} printable characters, such as Saleor Points (staging)")
        return value

    @field_validator("secret_key")
    @classmethod
    def _has_no_comma(cls, value: SecretStr) -> SecretStr:
        if "," in value.get_secret_value():
            raise ValueError("must not hold a comma: SECRET_KEY_PREVIOUS is a list with commas between the secrets")
        return value

    @field_validator("mail_url")
    @classmethod
    def _is_a_mail_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            parse_mail_url(value.get_secret_value())
        return value

    @field_validator(
        "public_url", "app_api_base_url", "app_iframe_base_url", "claim_base_url", "points_api_url", "otel_exporter_otlp_endpoint"
    )
    @classmethod
    def _is_a_base_url(cls, value: str) -> str:
        value = value.rstrip("/")
        if not value:
            return value
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where the port is no number
        if (
            any(character.isspace() for character in value)
            or parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ValueError("must be an http(s) address such as https://points.example.com, with no user, query or fragment")
        return value

    @field_validator("log_level", "log_format", "app_env", mode="before")
    @classmethod
    def _case_does_not_matter(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("allowed_saleor_urls")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for pattern in _parts(value):
            parts = urlsplit(pattern)
            if parts.scheme not in {"http", "https"} or not parts.netloc or not parts.path or parts.query or parts.fragment:
                raise ValueError(f"{pattern} can match no API URL; one looks like https://*.example.com/graphql/")
        return value

    @field_validator("dashboard_urls")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for url in _parts(value):
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
                raise ValueError(f"{url} is no Dashboard's address; one looks like https://dashboard.example.com/")
        return value

    @field_validator(
        "api_limit_per_key", "api_limit_per_address", "storefront_limit_per_customer", "storefront_limit_per_address"
    )
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        from limits import parse  # noqa: PLC0415 - it takes long to load, and most processes limit nobody

        try:
            is_positive = parse(value).amount > 0
        except ValueError:
            is_positive = False
        if not is_positive:
            raise ValueError("must be a number of requests in a time, such as 100/second or 5000/minute")
        return value

    @field_validator("limits_storage_url")
    @classmethod
    def _is_a_storage(cls, value: str) -> str:
        if value != "memory://" and not (value.startswith(("redis://", "rediss://")) and urlsplit(value).hostname):
            raise ValueError("must be memory:// (each process counts for itself) or an address such as redis://host:6379/0")
        return value

    @field_validator("saleor_url_map")
    @classmethod
    def _is_a_map(cls, value: str) -> str:
        for pair in _parts(value):
            if len([side for side in pair.split("=", 1) if side.strip().startswith(("http://", "https://"))]) != 2:
                raise ValueError("must be pairs such as http://localhost:8000/graphql/=http://api:8000/graphql/, comma-separated")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if bool(self.points_api_url) != bool(self.points_api_key.get_secret_value()):
            raise ValueError("POINTS_API_URL and POINTS_API_KEY go together: set both, or neither for the embedded provider")
        if self.app_env == "production":
            for name in ("secret_key", "allowed_saleor_urls"):
                value = getattr(self, name)
                if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                    raise ValueError(f"{name.upper()} is required when APP_ENV=production")
            self._refuse_what_is_too_weak()
        return self

    def _refuse_what_is_too_weak(self) -> None:
        secret = self.secret_key.get_secret_value()
        if len(secret) < SECRET_CHARACTERS_MIN or len(set(secret)) < SECRET_DIFFERENT_MIN:
            raise ValueError(
                "SECRET_KEY is too easy to guess for APP_ENV=production: use at least 32 random characters, such as those of"
                " openssl rand -base64 36. Put the present one into SECRET_KEY_PREVIOUS, if it is in use"
            )
        if not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL must begin with https:// when APP_ENV=production: links and tokens go over it")

    @property
    def browser_url(self) -> str:
        """Where browsers reach the app."""
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else self.host  # noqa: S104 - compared, not bound
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def api_base_url(self) -> str:
        """Where Saleor reaches the app."""
        return self.app_api_base_url or self.browser_url

    @property
    def iframe_base_url(self) -> str:
        """Where the Dashboard's browser reaches the app."""
        return self.app_iframe_base_url or self.browser_url

    @property
    def own_urls(self) -> tuple[str, ...]:
        """Every address at which this whole app is reached, Saleor's first. At CLAIM_BASE_URL there may be two pages only."""
        return tuple(dict.fromkeys((self.api_base_url, self.browser_url, self.iframe_base_url)))

    @property
    def claim_url_base(self) -> str:
        """What claim and order links begin with."""
        return self.claim_base_url or self.browser_url

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'saleor-points.sqlite3'}"

    @property
    def saleor_urls_allowed(self) -> tuple[str, ...]:
        """Globs of the API URLs that may install the app."""
        return tuple(_parts(self.allowed_saleor_urls or LOOPBACK_SALEORS))

    @property
    def mails_go_to(self) -> MailServer | MailFolder | None:
        """Where the app's own mails go; None: it sends none."""
        url = self.mail_url.get_secret_value()
        return parse_mail_url(url) if url else None

    @property
    def dashboards(self) -> tuple[str, ...]:
        """Addresses of Dashboards that may show the app, besides the one that each store's pages learn."""
        return tuple(_parts(self.dashboard_urls))

    @property
    def saleor_urls_reached(self) -> dict[str, str]:
        """API URL as installed → API URL as this process reaches it."""
        pairs = (pair.partition("=") for pair in _parts(self.saleor_url_map))
        return {installed.strip(): reached.strip() for installed, _, reached in pairs}


def load_settings(environ: dict[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Raises BadSetting, naming the variable, when one of them is wrong.
    """
    try:
        return Settings() if environ is None else Settings(**{name.lower(): value for name, value in environ.items() if value})  # type: ignore[arg-type]  # pydantic parses the strings
    except ValidationError as error:
        raise BadSetting("; ".join(_sentence(dict(problem)) for problem in error.errors(include_input=False))) from None


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """Give the secrets that seal what is stored: the newest first, older ones only to open.

    Without SECRET_KEY, one is made once and kept in DATA_DIR, readable by its owner only.
    """
    newest = settings.secret_key.get_secret_value() or _kept_secret(kept_secret_path(settings))
    return (newest, *_parts(settings.secret_key_previous.get_secret_value()))


def kept_secret_path(settings: Settings) -> Path:
    """Name the file that holds the secret where SECRET_KEY is not set."""
    return settings.data_dir / "secret_key"


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Web and worker may start at once: the file appears whole, and whoever links it first has made the secret for both.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    secret = path.read_text().strip()
    if not secret:
        raise BadSetting(f"SECRET_KEY is not set and {path} is empty: put the secret back, or delete the file to make a new one")
    return secret


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = str(location[0]).upper() if isinstance(location, tuple) and location else ""
    text = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}" if name else text
