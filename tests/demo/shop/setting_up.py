"""What a merchant does in the Dashboard, so that points can pay."""

from uuid import uuid4

import requests

from tests.standins.saleor import StandInSaleor
from tests.waiting import PATIENCE_SECONDS

PERMISSIONS = ("MANAGE_ORDERS", "MANAGE_APPS", "HANDLE_PAYMENTS")


def let_points_pay(saleor: StandInSaleor, app_url: str, *, points_per_unit: str) -> str:
    """Grant the permission and save the default spend rule; gives the gateway's id. The app makes its webhooks."""
    app = next(one for one in saleor.apps.installed.values() if not one.is_removed)
    saleor.apps.permit(app.id, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    token = saleor.dashboard_token(app.id, permissions=PERMISSIONS, user_permissions=PERMISSIONS)
    answer = requests.post(
        f"{app_url}/app/pages/settings/spending/default/save",
        headers={"Authorization": f"Bearer {token}", "Saleor-Api-Url": saleor.api_url},
        data={
            "once": uuid4().hex,
            "channel": "",
            "points_per_unit": points_per_unit,
            "return_on_cancel": "yes",
            "is_active": "yes",
        },
        timeout=PATIENCE_SECONDS,
    )
    answer.raise_for_status()
    return app.identifier
