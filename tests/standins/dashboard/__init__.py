"""A stand-in for the Saleor Dashboard: the page that frames an app, as facts of a running one tell."""

from tests.standins.dashboard.standin import SANDBOX, StandInDashboard

__all__ = ["SANDBOX", "StandInDashboard"]
