from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services import billing, identity, subscriptions
from services.campaigns.campaigns import Campaign
from services.identity import Party
from services.platform.money import Money


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a campaign: of the people whose very first /start carried its parameter, and of all they did since.
    `trials` counts people who took one. `revenue` and `refunds` are by currency."""

    campaign: Campaign
    registrations: int
    trials: int
    payments: int
    payers: int
    revenue: dict[str, Money]
    refunds: dict[str, Money]

    @property
    def net(self) -> dict[str, Money]:
        """What came less what went back, by currency."""
        none = {currency: Money(0, currency) for currency in self.revenue | self.refunds}
        return {
            currency: self.revenue.get(currency, zero) - self.refunds.get(currency, zero)
            for currency, zero in none.items()
        }

    @property
    def cost_per_payer(self) -> Money | None:
        """Rounded down; None while nobody has paid."""
        cost = self.campaign.cost
        return Money(cost.minor // self.payers, cost.currency) if self.payers else None

    @property
    def return_percent(self) -> int | None:
        """What it earned beyond its cost, as a share of the cost, in the cost's own currency: -100 where nothing came,
        0 where it paid for itself. Rounded down; None for a campaign that cost nothing."""
        cost = self.campaign.cost
        earned = self.net.get(cost.currency, Money(0, cost.currency))
        return (earned.minor - cost.minor) * 100 // cost.minor if cost.minor else None


def results(tx: Session, campaign: Campaign) -> Results:
    """First touch: a person belongs to the first link they ever came by, for ever. Links of friends and of gifts carry
    parameters of their own, which belong to a campaign only where an operator named exactly that one."""
    people = [Party("user", user_id) for user_id in identity.who_came_from(tx, campaign.parameter)]
    money = billing.takings(tx, people)
    return Results(
        campaign=campaign,
        registrations=len(people),
        trials=subscriptions.who_tried(tx, people),
        payments=money.payments,
        payers=money.payers,
        revenue=money.came,
        refunds=money.went_back,
    )
