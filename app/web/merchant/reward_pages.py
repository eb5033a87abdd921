"""Rewards: what customers can exchange points for, and what each reward gave out."""

from flask import Blueprint, Response, request

from app.errors import BadRequest
from app.usecases.merchants.change_reward import end_reward
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.shown_rewards import list_rewards, see_reward
from app.usecases.rewards.list_redemptions import list_redemptions
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS, Staff, require, staff_of
from app.web.merchant.fragments import at, form_about, form_once, fragment, notify
from app.web.merchant.reward_words import (
    CLOSED_WORDS,
    KIND_WORDS,
    REDEMPTION_WORDS,
    words_of_limits,
    words_of_reward,
)
from app.web.merchant.taking_back import settle_reward, withdraw_reward

HOME = "rewards"
# No id of a row is larger.
ID_MAX = 2**63 - 1


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the list, the page of a reward, and its end."""

    @routes.get(f"/pages/{HOME}")
    def all_rewards() -> Response:
        return show_rewards(services, reward_changer(services))

    @routes.get(f"/pages/{HOME}/<int:reward_id>")
    def one_reward(reward_id: int) -> Response:
        return show_reward(services, reward_changer(services), reward_id)

    @routes.post(f"/pages/{HOME}/<int:reward_id>/end")
    def switch_off_reward(reward_id: int) -> Response:
        staff = reward_changer(services)
        try:
            form_about("reward", f"{reward_id}")
            end_reward(services, staff.store_id, known_id(reward_id), who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return show_rewards(services, staff, sentence=refused.message)
        return at(notify(show_reward(services, staff, reward_id), "success", "Reward is off"), f"{HOME}/{reward_id}")

    @routes.post(f"/pages/{HOME}/<int:reward_id>/<any('withdraw-reward', 'settle-reward'):what>")
    def change_what_was_taken(reward_id: int, what: str) -> Response:
        staff = reward_changer(services)
        # Who took it is shown to nobody else.
        require(staff, MANAGE_ORDERS)
        form_about("reward", f"{reward_id}")
        try:
            said = (withdraw_reward if what == "withdraw-reward" else settle_reward)(services, staff)
        except BadRequest as refused:
            return show_reward(services, staff, reward_id, sentence=refused.message)
        return notify(show_reward(services, staff, reward_id), *said)


def reward_changer(services: Services) -> Staff:
    """Verify a staff user who may change rewards. Raises NotPermitted where the user may not."""
    staff = staff_of(services, request)
    require(staff, MANAGE_APPS)
    return staff


def known_id(reward_id: int) -> int:
    """Give an id that the database can look for. Raises BadRequest where it is larger than any."""
    if reward_id > ID_MAX:
        raise BadRequest("This store has no such reward.")
    return reward_id


def show_rewards(services: Services, staff: Staff, *, sentence: str = "") -> Response:
    """Show the list; `sentence` says why nothing was done."""
    answer = fragment(
        "rewards.html",
        staff,
        status=422 if sentence else 200,
        rewards=list_rewards(services, staff.store_id),
        sentence=sentence,
        kinds=KIND_WORDS,
        closed=CLOSED_WORDS,
        words=words_of_reward,
    )
    return at(answer, HOME)


def show_reward(services: Services, staff: Staff, reward_id: int, *, sentence: str = "") -> Response:
    """Show one reward, and what it gave out; the list where there is no such reward. `sentence` says why nothing was done."""
    try:
        listed = see_reward(services, staff.store_id, known_id(reward_id))
    except BadRequest as refused:
        return show_rewards(services, staff, sentence=refused.message)
    answer = fragment(
        "reward.html",
        staff,
        status=422 if sentence else 200,
        sentence=sentence,
        reward=listed,
        redemptions=list_redemptions(services, staff.store_id, reward_id=reward_id)
        if MANAGE_ORDERS in staff.user_permissions
        else [],
        new_token=new_token,
        kinds=KIND_WORDS,
        closed=CLOSED_WORDS,
        stages=REDEMPTION_WORDS,
        words=words_of_reward,
        limits=words_of_limits,
    )
    return at(answer, f"{HOME}/{reward_id}")
