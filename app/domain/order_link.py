"""The links of shoppers' pages. The order link can be computed by a mail template, and leads to the order's points."""

from urllib.parse import quote


def order_link(claim_url_base: str, store_slug: str, saleor_order_id: str) -> str:
    """Give the link of an order. It exists before the order's claim does, and needs no look-up."""
    return f"{claim_url_base}/orders/{store_slug}?o={quote(saleor_order_id, safe='')}"


def wallet_link(claim_url_base: str, store_slug: str) -> str:
    """Give the address of a store's wallet."""
    return f"{claim_url_base}/wallet/{store_slug}"
