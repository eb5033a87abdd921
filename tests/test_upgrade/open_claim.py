"""Takes an open claim of the embedded points by the token that the database holds sealed."""

import requests
from sqlmodel import select

from app.db.tables import PointsClaimRow
from app.db.tables.points_claim import PointsClaimState
from tests.world import TIMEOUT, World


def take_open_claim(world: World, *, of: str = "Ann@example.com") -> None:
    with world.services.database.reading() as session:
        query = select(PointsClaimRow).where(PointsClaimRow.state == PointsClaimState.OPEN, PointsClaimRow.email == of)
        claim = session.exec(query).one()
    token = world.services.sealer.open(claim.token_sealed)
    page = requests.post(f"{world.url}/claim/points/{token}", timeout=TIMEOUT)
    assert page.status_code == 200, page.text
