"""What to do about an order that needs a person: one sentence for each problem that does not end by itself."""

ADVICE = {
    "no_email": "Add an e-mail address to the order in Saleor; the points follow by themselves.",
    "nothing_there": "Wait until the customer has points again, or open the order and let the missing points go.",
    "shown_not_taken": "Wait until the claim is taken or runs out, or open the order and let the missing points go.",
    "taker_unknown": "Find out who took the claim, take the points from that customer, and let the missing ones go here.",
    "refused": "Read why the provider refused it, change what it names, then open the order and let it be looked at again.",
    "for_staff": "Look at the customer's balance at the provider, then open the order and say whether it went through.",
    "too_many": "Set a maximum in the rule, or fewer points for each unit of money, then let the order be looked at again.",
    "doubt": "Compare the claim with what the provider shows; it may have given another number of points.",
    "gone": "The order was deleted in Saleor and its points are still out: open it to take them back.",
}


def advice_for(code: str) -> str:
    """Say what to do."""
    return ADVICE.get(code, "Open the order to see what happened.")
