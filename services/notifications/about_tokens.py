from __future__ import annotations

from services import wallet
from services.notifications.channels.base import Outgoing
from services.notifications.occasion import Occasion
from services.platform.money import Money


def credited(it: Occasion) -> Outgoing:
    """What came, what a fee took of it, and the balance as it is now."""
    _, owned, fee = it.say, it.owned(it.params["product"]), it.params["fee"]
    parts = [_("Thank you! You have got {tokens}.", tokens=_tokens(it, it.params["tokens"]))]
    if fee and owned is not None:
        parts.append(
            _(
                "The fee of {fee} is taken from that: <b>{tariff}</b> works until {until}.",
                fee=_tokens(it, fee),
                tariff=_.own(owned.terms.name),
                until=it.moment(owned.ends_at),
            )
        )
    elif missing := it.params["fee_missing"]:
        parts.append(
            _("A period costs {fee}. Top up to have enough, and it begins by itself.", fee=_tokens(it, missing))
        )
    parts.append(_balance(it))
    return Outgoing(" ".join(parts), ((it.wallet(),),))


def adjusted(it: Occasion) -> Outgoing:
    _, tokens = it.say, it.params["tokens"]
    if tokens > 0:
        text = _("We have added {tokens} to your balance.", tokens=_tokens(it, tokens))
    else:
        text = _("We have taken {tokens} from your balance.", tokens=_tokens(it, -tokens))
    return Outgoing(f"{text} {_balance(it)}", ((it.wallet(),),))


def low(it: Occasion) -> Outgoing:
    _, left = it.say, it.params["left"]
    if left <= 0:
        text = _("Your tokens are used up. Top up to go on.")
    else:
        text = _("Only {tokens} left. Top up in time, so that nothing stops.", tokens=_tokens(it, left))
    return Outgoing(text, ((it.wallet(),),))


def fee_charged(it: Occasion) -> Outgoing:
    text = it.say(
        "The fee of {fee} is taken: <b>{tariff}</b> works until {until}.",
        fee=_tokens(it, it.params["fee"]),
        tariff=it.say.own(it.subscription.terms.name),
        until=it.until(),
    )
    return Outgoing(f"{text} {_balance(it)}", ((it.wallet(),),))


def fee_missed(it: Occasion) -> Outgoing | None:
    if not it.subscription.is_live:
        return None
    text = it.say(
        "<b>{tariff}</b> works until {until}. The next period costs {fee}, and there are too few tokens for it. Top up,"
        " and it goes on by itself.",
        fee=_tokens(it, it.params["fee"]),
        tariff=it.say.own(it.subscription.terms.name),
        until=it.until(),
    )
    return Outgoing(f"{text} {_balance(it)}", ((it.wallet(),),))


def _balance(it: Occasion) -> str:
    total = wallet.balance(it.tx, it.party).total
    return it.say("On your balance: <b>{amount}</b>", amount=_tokens(it, total)) + "."


def _tokens(it: Occasion, number: int) -> str:
    return it.say.money(Money(number, "TOKEN"))
