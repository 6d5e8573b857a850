from __future__ import annotations

from services import referrals
from services.notifications import buttons
from services.notifications.channels.base import Button, Outgoing
from services.notifications.occasion import Occasion


def reward(it: Occasion) -> Outgoing | None:
    """What an invitation brought, or that it is taken back. None for what no longer stands."""
    earned, told, _ = referrals.reward(it.tx, it.params["reward_id"]), it.params["state"], it.say
    if earned.state != told:
        return None
    what = _.money(earned.money) if earned.money else _.n("{count} day", "{count} days", earned.days or 0)
    rows = ((Button(_.label("Invite a friend"), buttons.INVITE),),)
    if told == "taken_back":
        if earned.side == "inviter":
            text = _("{name}'s payment has gone back, and with it your reward: {what}.", name=earned.friend, what=what)
        else:
            text = _("Your first payment has gone back, and with it its reward: {what}.", what=what)
        return Outgoing(text, rows)
    if earned.side == "invited":
        return Outgoing(_("🎁 A present for your first payment: <b>{what}</b>. Welcome!", what=what), rows)
    text = _("🎉 {name}, whom you invited, has paid. Your reward: <b>{what}</b>.", name=earned.friend, what=what)
    if told == "pending":
        waits = _("The days wait for you: they are added as soon as you have a subscription.")
        shop = Button(_.label("Buy VPN access"), buttons.SHOP)
        return Outgoing(f"{text}\n\n{waits}", ((shop,), *rows))
    return Outgoing(text, rows)
