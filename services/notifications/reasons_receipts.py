"""Why a receipt earns nothing, or waits for a person, in people's words. The codes are those of services/receipts: of
pictures, of readings (facts.DOUBTS), of the rules and of operators. The list is open; an unknown one gets the general
sentence."""

from __future__ import annotations

from dataclasses import dataclass

from services.platform.i18n import Language

# A person may type in what stands on it.
TYPEABLE = frozenset({"unreadable", "broken", "too_small", "interrupted", "no_total", "no_date", "no_engine"})


@dataclass(frozen=True, slots=True)
class Why:
    """HTML: what is the matter, and what the person can do; None where there is nothing to do."""

    text: str
    advice: str | None = None
    is_known: bool = True


def why_no_bonus(_: Language, reason: str | None) -> Why:
    code = reason or ""
    for group in (_of_picture, _of_doubt, _of_sums, _of_campaign, _of_limit, _of_people):
        if found := group(_, code):
            return found
    return Why(_("It does not meet the terms of the campaign."), ask(_), is_known=False)


def again(_: Language) -> str:
    return _("Please take the picture again: the whole receipt, flat and in good light; best sent as a file.")


def another(_: Language) -> str:
    return _("You can send another receipt at once.")


def ask(_: Language) -> str:
    return _("If you think that this is a mistake, write to support: /support")


def _of_picture(_: Language, code: str) -> Why | None:
    match code:
        case "duplicate_file" | "duplicate_picture":
            return Why(_("This picture has been sent before. Each receipt earns once."), another(_))
        case "duplicate_receipt":
            return Why(_("This receipt has been sent before. Each receipt earns once."), ask(_))
        case "interrupted":
            return Why(_("The picture did not reach us."), _("Please send it once more."))
        case "empty" | "broken":
            return Why(_("The file is damaged and cannot be opened."), again(_))
        case "too_large":
            return Why(_("The file is too large: 10 MB at most."), _("Please send it as a photo, or a smaller file."))
        case "not_a_picture":
            return Why(_("This is no picture. I can read JPEG, PNG, WebP, HEIC and PDF."), again(_))
        case "too_many_pixels":
            return Why(_("The picture has too many pixels."), _("Please send it as a photo, or a smaller file."))
        case "too_small":
            return Why(_("The picture is too small to be read."), again(_))
        case "several_pages":
            return Why(_("The PDF has several pages."), _("Please send one page with one receipt."))
        case _other:
            return None


def _of_doubt(_: Language, code: str) -> Why | None:
    match code:
        case "several_receipts":
            return Why(_("There are several receipts in the picture."), _("Please send each receipt by itself."))
        case "not_fiscal" | "fiscal_unknown":
            text = _("This is not a fiscal receipt: it may be a bill, an order or a slip of the card terminal.")
            advice = _("Send the fiscal receipt of the same purchase: it has a fiscal number and mostly a QR code.")
            return Why(text, advice)
        case "refund":
            return Why(_("This is a receipt of returned goods, not of a purchase."), another(_))
        case "not_receipt":
            return Why(_("I see no receipt in the picture."), again(_))
        case "unreadable":
            return Why(_("The receipt could not be read."), again(_))
        case "screenshot":
            return Why(_("This is a picture of a screen."), _("Please take a photo of the paper receipt itself."))
        case "edited":
            text = _("The picture was changed in a program.")
            return Why(text, _("Please send the photo as the camera took it."))
        case "engine_failed" | "no_engine":
            return Why(_("The receipt could not be read by the machine: this is our fault, not yours."))
        case "similar_picture" | "looks_like_another":
            return Why(_("It looks like another receipt that was sent before."), ask(_))
        case "typed_in":
            return Why(_("It was typed in by hand."))
        case "unconfirmed":
            return Why(_("Not everything on the receipt could be read for sure."))
        case _other:
            return None


def _of_sums(_: Language, code: str) -> Why | None:
    match code:
        case "amount_mismatch":
            return Why(_("The sum in the QR code and the printed sum differ."), again(_))
        case "date_mismatch":
            return Why(_("The date in the QR code and the printed date differ."), again(_))
        case "sums_do_not_add_up":
            return Why(_("The sums on the receipt do not add up."), again(_))
        case "no_total":
            return Why(_("The total could not be read."), again(_))
        case "no_date":
            return Why(_("The date could not be read."), again(_))
        case "currency_mismatch":
            return Why(_("The receipt is in another currency than the campaign."), another(_))
        case "currency_unknown" | "country_unknown" | "merchant_unknown":
            return Why(_("The shop could not be read."), again(_))
        case "quantity_unknown" | "sum_unknown":
            return Why(_("The number or the price of the products could not be read."), again(_))
        case _other:
            return None


def _of_campaign(_: Language, code: str) -> Why | None:
    match code:
        case "no_campaign" | "campaign_closed":
            return Why(_("No campaign runs for this receipt now."))
        case "no_product":
            text = _("None of the products of the campaign was found on the receipt.")
            advice = _("Is the whole list of purchases in the picture? If it is, write to support: /support")
            return Why(text, advice)
        case "below_min":
            return Why(_("The purchase is smaller than the campaign asks for."), another(_))
        case "too_old":
            return Why(_("The receipt is too old."), _("Send receipts soon after the purchase."))
        case "future_date":
            return Why(_("The date on the receipt has not come yet."), ask(_))
        case "before_campaign":
            return Why(_("The purchase was made before the campaign began."), another(_))
        case "after_campaign":
            return Why(_("The purchase was made after the campaign had ended."))
        case "merchant_not_in_campaign" | "country_not_in_campaign":
            return Why(_("This shop does not take part in the campaign."), another(_))
        case "not_for_you":
            return Why(_("This campaign is for new people only."))
        case _other:
            return None


def _of_limit(_: Language, code: str) -> Why | None:
    match code:
        case "limit_user_day":
            text = _("You have reached the limit of the campaign for today.")
            return Why(text, _("The receipt is not lost: send it again tomorrow, while it is not too old."))
        case "limit_user_week":
            text = _("You have reached the limit of the campaign for this week.")
            return Why(text, _("The receipt is not lost: send it again next week, while it is not too old."))
        case "limit_user_month":
            text = _("You have reached the limit of the campaign for this month.")
            return Why(text, _("The receipt is not lost: send it again next month, while it is not too old."))
        case "limit_user_total":
            return Why(_("You have had all that this campaign gives to one person. Thank you for taking part!"))
        case "limit_budget":
            return Why(_("The campaign has given away all of its bonuses. We are sorry!"))
        case _other:
            return None


def _of_people(_: Language, code: str) -> Why | None:
    match code:
        case "fraud":
            return Why(_("A person looked at it and does not take it for a genuine receipt."), ask(_))
        case "other":
            return Why(_("A person looked at it: it does not meet the terms of the campaign."), ask(_))
        case _other:
            return None
