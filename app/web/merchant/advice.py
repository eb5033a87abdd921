"""What to do about an order, a payment or a reward taken that needs a person, for each problem that does not end by itself."""

ADVICE = {
    "no_email": "Add an e-mail address to the order in Saleor. The points follow by themselves.",
    "nothing_there": "Wait until the customer has points again, or open the order and write the points off.",
    "shown_not_taken": "Wait until the points are claimed or expire, or open the order and write them off.",
    "taker_unknown": "Find out who claimed the points and take them from that customer. Then write them off here.",
    "refused": "Read why the provider refused it and correct that. Then open the order and press “Retry now”.",
    "for_staff": "Look at the customer's history at the provider. Then open the order and say whether the change went through.",
    "too_many": "Set a maximum or a lower rate in the rule. Then open the order and press “Retry now”.",
    "doubt": "Compare the claim with the provider's own pages. It may have given a different number of points.",
    "gone": "The order was deleted in Saleor, but its points were not taken back. Open it to take them back.",
}


def advice_for(code: str) -> str:
    """Say what to do."""
    return ADVICE.get(code, "Open the order to see what happened.")


PAYMENT_ADVICE = {
    "permission": "Open the settings of paying with points and press “Grant”. The app tries again within a day.",
    "missing": "The customer's points stay taken. Open it, and give them back or write them off.",
    "owed": "Wait until the customer has points again, or open it and write the points off.",
    "other_amount": "Compare the refunds here with those in Saleor. Give or take the difference on the customer's page.",
    "refused": "Look at the payment in Saleor. The app tries again each day. If it stays, tell the operator.",
}


def payment_advice_for(code: str) -> str:
    """Say what to do about a payment by points."""
    return PAYMENT_ADVICE.get(code, "Open it to see what happened.")


REDEMPTION_ADVICE = {
    "permission": "Open the reward, press “Change” and then “Grant”. The app tries again within an hour.",
    "deleted": "Ask the customer, or look at their orders, whether it was used. Then open the customer, and give "
    "the points back or write them off.",
    "voucher_gone": "Open the customer and withdraw the reward: its points come back ten minutes later. Switch the reward off.",
    "unclear": "Wait, or open the customer and withdraw the reward. Nobody was told the code, and the points come back then.",
    "rejected": "Correct at the provider what it says. The app tries again every ten minutes.",
    "not_returned": "Points of this reward did not come back for a refunded order. If the reason names the provider, "
    "correct it there; otherwise tell the operator. The app tries again each day.",
}


def redemption_advice_for(code: str) -> str:
    """Say what to do about a reward that a customer took."""
    return REDEMPTION_ADVICE.get(code, "Open it to see what happened.")
