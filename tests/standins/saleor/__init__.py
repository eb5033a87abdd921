"""A Saleor to test against, and the words to drive it with."""

from tests.standins.saleor.apps import InstallResult
from tests.standins.saleor.deliveries import Delivery, State
from tests.standins.saleor.keys import SigningKey
from tests.standins.saleor.orders import Item
from tests.standins.saleor.standin import StandInSaleor

__all__ = ["Delivery", "InstallResult", "Item", "SigningKey", "StandInSaleor", "State"]
