"""The page of an invoice link, for whoever opens it outside of the chat page: it asks who pays."""

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import page
from apps.sandbox.telegram import stars
from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.people import NotAllowed
from apps.sandbox.telegram.stars_api import linked
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

_SMALL_PRINT = '<p class="small">Telegram sandbox: no real Stars</p>'


def routes(world: World) -> list[Route]:
    """`/$SLUG`: GET shows the invoice, POST pays it, `?checkout=ID` shows how that ended."""

    async def show(request: Request) -> Response:
        try:
            asked = linked(world, request.path_params["slug"])
        except ApiError:
            return _outcome("canceled", "?", "There is no such invoice", "", status=404)
        checkout = world.checkouts.get(request.query_params.get("checkout", ""))
        if checkout is None:
            return _form(world, asked)
        await checkout.wait(world.checkouts.patience)
        again = f'<a class="main" href="{escape(request.url.path)}">Pay once more</a>'
        if checkout.status == "paid":
            return _outcome("succeeded", "✓", "Paid", _head(asked) + again)
        return _outcome("canceled", "✕", "Not paid", f'<p class="reason">{escape(checkout.error)}</p>{again}')

    async def pay(request: Request) -> Response:
        async with request.form() as form:
            payer = str(form.get("person", ""))
        person = world.store.state.people.get(int(payer) if payer.isdecimal() else 0)
        if person is None:
            return _outcome("canceled", "?", "There is no such person", "", status=404)
        try:
            checkout = stars.begin(world, person, linked(world, request.path_params["slug"]))
        except (NotAllowed, ApiError) as error:
            return _outcome("canceled", "✕", "Not paid", f'<p class="reason">{escape(str(error))}</p>', status=400)
        return RedirectResponse(f"?checkout={checkout.id}", 303)

    return [Route("/${slug}", show), Route("/${slug}", pay, methods=["POST"])]


def _form(world: World, asked: Json) -> HTMLResponse:
    people = "".join(
        f'<option value="{person.id}">{escape(_name(person.user))} (⭐ {person.stars})</option>'
        for person in world.store.state.people.values()
    )
    body = f"""<form method="post" class="till">
{_head(asked)}
<fieldset><label>Who pays<select name="person" required>{people}</select></label></fieldset>
<button class="main">Pay ⭐ {asked["amount"]}</button>
{_SMALL_PRINT}
</form>"""
    return page(f"Pay ⭐ {asked['amount']}", body, kind="pay")


def _head(asked: Json) -> str:
    period = " a month" if asked["period"] else ""
    return f"""<div class="head"><p class="shop"><span class="badge">⭐</span>{escape(asked["title"])}</p>
<p class="amount">⭐ {asked["amount"]}{period}</p>
<p class="what">{escape(asked["description"])}</p></div>"""


def _outcome(kind: str, mark: str, title: str, more: str, *, status: int = 200) -> HTMLResponse:
    body = f"""<div class="till outcome {kind}"><p class="mark" aria-hidden="true">{mark}</p><h1>{escape(title)}</h1>
{more}
{_SMALL_PRINT}</div>"""
    return page(title, body, kind="pay", status=status)


def _name(user: Json) -> str:
    return " ".join(user[name] for name in ("first_name", "last_name") if name in user)
