"""A store in a database, as an installation leaves it."""

import json
from datetime import UTC, datetime

from app.bootstrap import build_services
from app.db.tables import RuleRow, StoreRow
from app.domain.store import AccountKind
from app.settings import load_settings
from app.usecases.operating.change_account import new_account
from app.usecases.services import Services
from tests.bench.corpus import API_URL, APP_ID
from tests.standins.saleor.keys import SigningKey

SECRET_KEY = "a secret of the bench"
INSTALLED_AT = datetime(2026, 1, 1, tzinfo=UTC)
# Of this store, and of the first rule and account of a fresh database.
STORE_ID = 1


def services_of(database_url: str, **environ: str) -> Services:
    """Build what the app works with, on the given database."""
    return build_services(load_settings({"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, **environ}))


def add_store(services: Services, key: SigningKey, *, provider_url: str = "", award: str = "claim") -> None:
    """Install the store that the deliveries name; with embedded points unless a provider is given."""
    kind = AccountKind.COGGINS if provider_url else AccountKind.EMBEDDED
    with services.database.writing() as session:
        store = StoreRow(
            id=STORE_ID,
            slug="bench",
            name="bench",
            saleor_api_url=API_URL,
            app_id=APP_ID,
            token_sealed=services.sealer.seal("a token"),
            jwks=json.dumps(key.jwks()),
            jwks_asked_at=INSTALLED_AT,
            awards_from=INSTALLED_AT,
            created_at=INSTALLED_AT,
        )
        session.add(store)
        session.flush()
        session.add(RuleRow(store_id=STORE_ID, in_force_from=INSTALLED_AT, award=award))
        key_there = "11111111-2222-4333-8444-555555555555" if provider_url else ""
        session.add(new_account(services, STORE_ID, kind=kind, url=provider_url, key=key_there))
