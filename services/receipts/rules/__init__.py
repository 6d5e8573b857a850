"""Campaigns: what operators promise for receipts, and what one receipt earns by it.

`decide` is a pure function; `weigh` asks it with what is used up, and `take` writes down what it awards, under locks by
which limits and budgets are never passed. A campaign's rules have versions, and a decision names its own."""

from services.receipts.rules.campaign import Bonus, Campaign, Limits, Product, Shops
from services.receipts.rules.decide import decide, evaluate
from services.receipts.rules.decision import REASONS, Award, Decision, Facts, Match, Step, Tally, Used
from services.receipts.rules.form import BadCampaigns, read_campaigns
from services.receipts.rules.importing import CampaignsImported, import_campaigns
from services.receipts.rules.stored import (
    CampaignStanding,
    ReceiptCampaignNotFound,
    campaign,
    campaigns_for,
    running,
    set_state,
    standing,
    standings,
)
from services.receipts.rules.uses import CampaignMoved, give_back, take, take_again, usage, usages, weigh

__all__ = [
    "REASONS",
    "Award",
    "BadCampaigns",
    "Bonus",
    "Campaign",
    "CampaignMoved",
    "CampaignStanding",
    "CampaignsImported",
    "Decision",
    "Facts",
    "Limits",
    "Match",
    "Product",
    "ReceiptCampaignNotFound",
    "Shops",
    "Step",
    "Tally",
    "Used",
    "campaign",
    "campaigns_for",
    "decide",
    "evaluate",
    "give_back",
    "import_campaigns",
    "read_campaigns",
    "running",
    "set_state",
    "standing",
    "standings",
    "take",
    "take_again",
    "usage",
    "usages",
    "weigh",
]
