"""Hypothesis strategies: difficult object keys, and conditions at their boundaries."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from hypothesis import settings
from hypothesis import strategies as st

examples = settings(max_examples=150, deadline=None)

# No surrogates, since UTF-8 has none. No control characters, since such keys are refused.
_plain_character = st.characters(
    min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"]
)
_hard_piece = st.sampled_from(
    [
        *"*?%+ '\"\\#&=/.~;@:,|<>^`[]{}$!()_-",
        *("%2A", "%2a", "%3F", "%2F", "%2e", "%25", "%20", "%27", "%00", "%"),
        *("//", "..a", "a..", "abc", "ABC", ".pdf", "http://", "?Expires=1", "&Signature=x"),
        *("é", "e\u0301", "日本", "😀", "\u202e", "\ufeff", "\u00a0", "\x85"),
    ]
)
_piece = st.one_of(_hard_piece, _hard_piece, st.text(_plain_character, min_size=1, max_size=4))


def _can_be_in_a_url(key: str) -> bool:
    control = re.search(r"[\x00-\x1f\x7f]", key)
    return key != "" and not control and not {".", ".."} & set(key.split("/"))


object_keys = st.lists(_piece, min_size=1, max_size=6).map("".join).filter(_can_be_in_a_url)


def _without_wildcards(key: str, filling: str) -> str:
    return re.sub(r"[*?]", lambda _: filling, key)


@st.composite
def pairs_of_keys(draw: st.DrawFn) -> tuple[str, str]:
    """Return two different keys; a bug would often let the first open the second."""
    key = draw(object_keys)
    filling = draw(st.sampled_from(["x", "", "/", "abc", "a/b", "%2A", "+", " "]))
    other = draw(
        st.one_of(
            object_keys,
            st.sampled_from(
                [
                    _without_wildcards(key, filling),
                    quote(key, safe=""),
                    quote(key),
                    unquote(key),
                    unquote(key).replace("+", " "),
                    key.replace(" ", "+"),
                    key.swapcase(),
                    key.replace("//", "/"),
                    key.lstrip("/"),
                    key.partition("?")[0],
                    key.partition("#")[0],
                    key.strip(),
                    key + filling,
                    f"{key}/",
                    f"/{key}",
                ]
            ),
        ).filter(lambda other: other != key and _can_be_in_a_url(other))
    )
    return key, other
