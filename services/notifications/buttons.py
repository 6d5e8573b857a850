"""Callback data of the buttons under notifications. The bot answers to these words; they outlive releases, for old
messages stay in people's chats. At most 64 bytes each."""

MY_SUBSCRIPTIONS = "my"
SHOP = "shop"
CARDS = "cards"
WALLET = "wallet"
GIFTS = "gifts:0"
INVITE = "invite"
RECEIPTS = "receipts"
PHONE = "phone"
TYPE_RECEIPT = "typereceipt"


def config(subscription_id: int) -> str:
    """Configuration file and QR of a subscription, again."""
    return f"conf:{subscription_id}"


def renew(subscription_id: int) -> str:
    """Buy the same tariff again."""
    return f"renew:{subscription_id}"


def resume(subscription_id: int) -> str:
    """Go on with a paused subscription, at once."""
    return f"resume:{subscription_id}"


def manage(subscription_id: int) -> str:
    """All that can be done with a subscription."""
    return f"manage:{subscription_id}"


def instructions(subscription_id: int) -> str:
    """How to connect, by operating system."""
    return f"help:{subscription_id}"


def check_payment(payment_id: int) -> str:
    return f"check:{payment_id}"


def retry(payment_id: int) -> str:
    """Another attempt to pay the same."""
    return f"retry:{payment_id}"


def tariff(slug: str) -> str:
    """What it gives, and all the ways to pay for it."""
    return f"tariff:{slug}"


def forget_card(method_id: int) -> str:
    """Asks before it is done."""
    return f"forget:{method_id}"


def renewal(subscription_id: int) -> str:
    """Whether a subscription renews by itself, and from what."""
    return f"auto:{subscription_id}"


def renewal_off(subscription_id: int) -> str:
    """Turns that off, at once."""
    return f"autooff:{subscription_id}"


def decide(payment_id: int, choice: str) -> str:
    """For operators: what becomes of money that waits for a decision (billing.CHOICES). Asks before it is done."""
    return f"decide:{payment_id}:{choice}"


def document(grant_id: int) -> str:
    """The ways to a file that was bought."""
    return f"doc:{grant_id}"


def task(task_id: int) -> str:
    """For operators: something to be done by hand."""
    return f"task:{task_id}"


def money_back(grant_id: int) -> str:
    """For what was never delivered. Asks before it is done."""
    return f"moneyback:{grant_id}"


def wait(grant_id: int) -> str:
    """Goes on waiting for it."""
    return f"waiton:{grant_id}"


def receipt(receipt_id: int) -> str:
    """One of the own receipts, with the explanation."""
    return f"receipt:{receipt_id}"


def approve(receipt_id: int) -> str:
    """For operators: a receipt in review earns what the rules say, at once."""
    return f"receiptyes:{receipt_id}"


def refuse(receipt_id: int) -> str:
    """For operators: asks for the reason."""
    return f"receiptno:{receipt_id}"
