"""Who invited whom, and what that earns.

A person has one link for ever; whoever is new and comes by it was invited, once and for ever. The invited person's
first payment from outside rewards both sides, once, as the operator says (`Terms`): days, bonus tokens, or a share of
the payment. What was earned goes back with that payment."""

from services.referrals.events import RewardChanged
from services.referrals.links import code_of, note_joined, start_parameter
from services.referrals.reward import give_pending, reward_first_payment, take_back
from services.referrals.terms import BadReward, Reward, Terms
from services.referrals.views import Friend, Invitation, RewardView, friends, invitation, reward, rewards_of

__all__ = [
    "BadReward",
    "Friend",
    "Invitation",
    "Reward",
    "RewardChanged",
    "RewardView",
    "Terms",
    "code_of",
    "friends",
    "give_pending",
    "invitation",
    "note_joined",
    "reward",
    "reward_first_payment",
    "rewards_of",
    "start_parameter",
    "take_back",
]
