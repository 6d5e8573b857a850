import pytest

from apps.sandbox.telegram.entities import found_in, parse_html, trim
from apps.sandbox.telegram.errors import ApiError


def entity(kind: str, offset: int, length: int, **more: str) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>b</b>", "b", [entity("bold", 0, 1)]),
        ("<STRONG>b</STRONG>", "b", [entity("bold", 0, 1)]),
        ("a <i>b <u>c</u></i>", "a b c", [entity("italic", 2, 3), entity("underline", 4, 1)]),
        ("<s>1</s><del>2</del>", "12", [entity("strikethrough", 0, 1), entity("strikethrough", 1, 1)]),
        ("\U0001f600<b>x</b>", "\U0001f600x", [entity("bold", 2, 1)]),
        ("1 &lt; 2 &amp;&#38; &quot;x&#x22;", '1 < 2 && "x"', []),
        ('<a href="https://x.y/?a=1&amp;b=2">l</a>', "l", [entity("text_link", 0, 1, url="https://x.y/?a=1&b=2")]),
        ("<a href='tg://user?id=1'>l</a>", "l", [entity("text_link", 0, 1, url="tg://user?id=1")]),
        ('<a href="nowhere">l</a>', "l", []),
        ("<code>c</code>", "c", [entity("code", 0, 1)]),
        ('<pre><code class="language-py">c</code></pre>', "c", [entity("pre", 0, 1, language="py")]),
        ('<span class="tg-spoiler">s</span>', "s", [entity("spoiler", 0, 1)]),
        ("<tg-spoiler>s</tg-spoiler>", "s", [entity("spoiler", 0, 1)]),
        ("<blockquote>q</blockquote>", "q", [entity("blockquote", 0, 1)]),
        ("<blockquote expandable>q</blockquote>", "q", [entity("expandable_blockquote", 0, 1)]),
        ('<tg-emoji emoji-id="5">x</tg-emoji>', "x", [entity("custom_emoji", 0, 1, custom_emoji_id="5")]),
        ("<b></b>nothing", "nothing", []),
        ("a > b", "a > b", []),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[dict[str, object]]) -> None:
    assert parse_html(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("ё<b><i>x</b></i>", 'Unmatched end tag at byte offset 9, expected "</i>", found "</b>"'),
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("a<br>b", 'Unsupported start tag "br"'),
        ("ё < 5", 'Unsupported start tag "" at byte offset 3'),
        ("<Anna>", 'Unsupported start tag "anna"'),
        ("<b", 'Unsupported start tag "b"'),
        ("Tom & Jerry", 'Unescaped "&" at byte offset 4'),
        ("a&nbsp;b", 'Unescaped "&"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
    ],
)
def test_wrong_html_is_refused(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_html(source)
    assert refused.value.description.startswith(f"Bad Request: can't parse entities: {reason}")
    assert refused.value.problem


def test_white_space_is_trimmed_and_entities_move_along() -> None:
    assert trim(" \n ab \n", [entity("bold", 2, 4), entity("italic", 6, 1)]) == ("ab", [entity("bold", 0, 2)])


def test_links_commands_and_mentions_are_found_outside_code() -> None:
    text = "see https://a.b/c?d. or /help, @kiosk_bot; a/b x@y.zz /no"
    found = found_in(text, [entity("code", 55, 3)])
    assert [(e["type"], text[e["offset"] : e["offset"] + e["length"]]) for e in found] == [
        ("url", "https://a.b/c?d"),
        ("bot_command", "/help"),
        ("mention", "@kiosk_bot"),
        ("code", "no"),
    ]
