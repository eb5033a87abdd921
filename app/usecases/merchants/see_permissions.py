"""See which Saleor permissions the app has in a store."""

from datetime import timedelta

from app.db.tables import StoreRow
from app.domain.permissions import AppPermissions, Feature
from app.errors import AppError
from app.saleor.manifest import tells_of_deleted_customers
from app.usecases.services import Services

# A permission that is there is hardly ever taken away. While one is missing, each look asks Saleor: it may have been granted.
KEPT_FOR = timedelta(minutes=1)
# The page of rewards asks for these, when a reward of the kind is switched on: no other page lists them.
ASKED_FOR_ELSEWHERE = frozenset({Feature.GIFT_CARD_REWARDS, Feature.VOUCHER_REWARDS})


def see_permissions(services: Services, store_id: int, *, wanted: Feature | None = None) -> AppPermissions:
    """Ask a store's Saleor which permissions the app has, anew while one is missing that its features, or `wanted`, need.

    A store without a Saleor has none, and needs none.
    """
    now = services.clock()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
    if store.saleor_api_url is None or store.token_sealed is None:
        return AppPermissions(frozenset(), (), now, "This store has no Saleor.")
    known = services.app_permissions.get(store.saleor_api_url)
    is_enough = known is not None and known.is_complete and (wanted is None or not known.missing_for(wanted))
    if known is not None and is_enough and now - known.asked_at < KEPT_FOR:
        return known
    features = tuple(feature for feature in Feature if _is_served(feature, store.saleor_version))
    try:
        with services.bulkheads.look_ups.place(store.saleor_api_url):
            granted = services.saleor.app.permissions(store.saleor_api_url, services.sealer.open(store.token_sealed))
    except AppError as error:
        return AppPermissions(frozenset(), features, now, f"Saleor did not tell the app's permissions. {error.message}")
    services.app_permissions[store.saleor_api_url] = AppPermissions(granted, features, now)
    return services.app_permissions[store.saleor_api_url]


def _is_served(feature: Feature, saleor_version: str | None) -> bool:
    return feature not in ASKED_FOR_ELSEWHERE and (feature is not Feature.ERASING or tells_of_deleted_customers(saleor_version))
