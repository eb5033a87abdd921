"""The storefront API: a shop's own pages and servers ask for the points of the customer who is signed in there.

The only credential is the customer's own Saleor token, and no argument names a customer. docs/storefront/api.md describes it.
"""

from app.web.storefront_api.routes import blueprint

__all__ = ["blueprint"]
