"""What an advertisement cost and what came of it.

A campaign is a start parameter with a name and a cost. Its people are those whose very first /start carried it; its
results are read from what they did, so they are exact at any moment and nothing has to be counted along."""

from services.campaigns.campaigns import (
    BadCampaign,
    Campaign,
    CampaignExists,
    CampaignNotFound,
    campaign,
    campaigns,
    create,
)
from services.campaigns.results import Results, results

__all__ = [
    "BadCampaign",
    "Campaign",
    "CampaignExists",
    "CampaignNotFound",
    "Results",
    "campaign",
    "campaigns",
    "create",
    "results",
]
