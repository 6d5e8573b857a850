from __future__ import annotations

from collections.abc import Mapping, Sequence

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.keyboards import back, button, keyboard, link, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.invite import share_url
from apps.bot.screens.shop import Offer, pay_label
from apps.bot.screens.words import bold, bulleted, in_words, isolated, limits, plain
from services.billing import Invoice
from services.gifts import Code, Gift
from services.platform.i18n import Language

PAGE = 5  # gifts


def render_give_away(_: Language, offer: Offer, days: int) -> Screen:
    """The ways to pay for a gift that can be accepted within so many days."""
    ways = [Way(code, offer.tariff.slug, "gift") for code in offer.giving]
    parts = [
        _("🎁 <b>A gift</b>"),
        bold(_.own(offer.tariff.name)),
        _(
            "After the payment you get a link and a code to hand over. Whoever opens the link has the access, for"
            " {period} from that moment on. If nobody accepts it within {days}, the money goes to your balance here.",
            period=in_words(_, offer.tariff.period),
            days=_.n("{count} day", "{count} days", days),
        ),
    ]
    pay = [[button(pay_label(_, way, offer.price_of(way)), way.pay())] for way in ways]
    return Screen("\n\n".join(parts), keyboard(*pay, back(_, callbacks.Card(slug=offer.tariff.slug))))


def render_gift_paid(_: Language, invoice: Invoice) -> Screen:
    news = _("Your gift is on its way: its link and code arrive in this chat in a moment.")
    return Screen(
        "\n\n".join([_("✅ <b>Paid, thank you!</b>"), bold(_.own(invoice.quote.name)), news]),
        keyboard([button(_.label("My gifts"), callbacks.Gifts(page=0))], to_menu(_)),
    )


def render_gifts(
    _: Language, gifts: Sequence[Gift], names: Mapping[int, str], page: int, zone: str, *, is_last: bool
) -> Screen:
    """One page of what one has bought, newest first; `names` are the first names of those who accepted, by gift."""
    lines = [_line(_, gift, names.get(gift.id, ""), zone) for gift in gifts]
    none = _("There are none. A gift is bought on the card of a tariff: “Buy as a gift”.")
    waiting = [gift for gift in gifts if gift.state == "waiting"]
    again = _.label("Show the code")
    rows = [[button(f"{again} · {_.own(one.quote.name)}"[:64], callbacks.ShowGift(gift_id=one.id))] for one in waiting]
    pages = []
    if page > 0:
        pages.append(button(_.label("‹ Newer"), callbacks.Gifts(page=page - 1)))
    if not is_last:
        pages.append(button(_.label("Older ›"), callbacks.Gifts(page=page + 1)))
    hint = _("Somebody gave you a code? Send it to me: <code>/gift CODE</code>")
    shop = [] if gifts else [button(_.label("Buy VPN access"), callbacks.Shop())]
    return Screen(
        "\n\n".join([_("🎁 <b>My gifts</b>"), *(lines or [none]), hint]), keyboard(*rows, pages, shop, to_menu(_))
    )


def render_gift(_: Language, gift: Gift, code: Code, bot_url: str, zone: str) -> Screen:
    """The code of an own one that waits."""
    address = f"{bot_url}?start={code.start_parameter}"
    text = _(
        "🎁 <b>{tariff}</b>\n\nLink: {link}\nCode: <code>{code}</code>\n\nIt can be accepted until {until}. Whoever"
        " has the code can accept it: give it to nobody else.",
        tariff=_.own(gift.quote.name),
        link=address,
        code=code.shown,
        until=_.moment(gift.expires_at, zone),
    )
    send = link(_.label("Hand it over"), share_url(address, _.label("A gift for you 🎁")))
    return Screen(text, keyboard([send], back(_, callbacks.Gifts(page=0))))


def render_accept(_: Language, gift: Gift, giver: str, code: str, *, is_own: bool) -> Screen:
    """Who gives what. `code` is the plain one."""
    quote = gift.quote
    who = (
        _("🎁 <b>Your own gift</b>\n\nYou bought it yourself. You may use it, or hand its code over to somebody.")
        if is_own
        else _("🎁 <b>A gift for you</b>\n\n{name} gives you:", name=isolated(giver) or "…")
    )
    gives = bulleted(limits(_, quote.traffic_bytes, quote.devices, quote.speed_mbps))
    what = f"{bold(_.own(quote.name))} · {plain(in_words(_, quote.period))}"
    rest = _("The time begins when you accept. If you have this access already, it is prolonged.")
    return Screen(
        "\n\n".join([who, f"{what}\n{gives}", rest]),
        keyboard([button(_.label("Accept"), callbacks.AcceptGift(gift_code=code))], to_menu(_)),
    )


def render_accepted(_: Language, gift: Gift) -> Screen:
    return Screen(
        "\n\n".join(
            [
                _("✅ <b>The gift is yours, enjoy it!</b>"),
                bold(_.own(gift.quote.name)),
                _("Your access is on its way and arrives in this chat in a moment."),
            ]
        ),
        keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)),
    )


def _line(_: Language, gift: Gift, name: str, zone: str) -> str:
    match gift.state:
        case "waiting":
            state = _("waits to be accepted, until {date} ⏳", date=_.date(gift.expires_at, zone))
        case "claimed":
            state = _("accepted by {name} ✅", name=isolated(name) or "…")
        case "expired":
            state = _("not accepted in time, its money is on your balance")
        case _canceled:
            state = _("canceled, its money was returned")
    return f"{bold(_.own(gift.quote.name))}\n{_.date(gift.created_at, zone)}: {state}"
