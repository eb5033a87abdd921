"""What to do about an order that needs a person: one sentence for each problem that does not end by itself."""

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
