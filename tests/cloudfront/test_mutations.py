"""Any change to a signed request, down to one byte, is refused."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.url import SIGNING_PARAMETERS
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import VerificationError
from tests.cloudfront import sweep
from tests.cloudfront.mutations import MUTATIONS
from tests.cloudfront.samples import EXPIRES, NOW, URL, URL_WITH_QUERY
from tests.cloudfront.strategies import examples

VIEWER = "192.0.2.7"
CUSTOM = {"date_greater_than": NOW - 60, "ip_address": "192.0.2.0/24"}
# Each of these at each position; also every byte's neighbour and its other case.
REPLACEMENTS = "\x00\n !\"#%&'*+,-./0159:;=?@AEZ[\\]^_`aez{|}~\x7f\x80\xff"

kinds_of_policy = pytest.mark.parametrize("conditions", [{}, CUSTOM], ids=["canned", "custom"])
each_url = pytest.mark.parametrize("url", [URL, URL_WITH_QUERY], ids=["bare", "query"])


def accepts(verifier: CloudFrontVerifier, url: str, cookies: dict[str, str] | None = None) -> bool:
    try:
        verifier.verify(url, cookies=cookies, viewer_ip=VIEWER, now=NOW)
    except VerificationError:
        return False
    return True


def replacements(text: str) -> list[str]:
    """Yield the texts that differ from ``text`` in one byte, for the bytes above."""
    return [
        text[:index] + other + text[index + 1 :]
        for index, byte in enumerate(text)
        for other in {*REPLACEMENTS, chr(ord(byte) ^ 1), byte.swapcase()} - {byte}
    ]


def deletions(text: str) -> list[str]:
    return [text[:index] + text[index + 1 :] for index in range(len(text))]


def insertions(text: str) -> list[str]:
    return [
        text[:index] + other + text[index:]
        for index in range(len(text) + 1)
        for other in "&=?/%#*_-~A0 "
    ]


@each_url
@kinds_of_policy
def test_every_single_byte_mutation_of_a_url_is_refused(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, url: str, conditions: dict[str, Any]
) -> None:
    signed = signer.sign_url(url, date_less_than=EXPIRES, **conditions)
    assert accepts(verifier, signed)
    mutated = [*replacements(signed), *deletions(signed), *insertions(signed)]
    assert len(mutated) > 40 * len(signed)
    assert [other for other in mutated if accepts(verifier, other)] == []


@kinds_of_policy
def test_every_single_byte_mutation_of_cookies_is_refused(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, conditions: dict[str, Any]
) -> None:
    cookies = signer.sign_cookies(URL, date_less_than=EXPIRES, **conditions)
    assert accepts(verifier, URL, cookies)
    mutated = [
        {**cookies, name: other}
        for name, value in cookies.items()
        for other in [*replacements(value), *deletions(value), *insertions(value)]
    ]
    assert [other for other in mutated if accepts(verifier, URL, other)] == []


@kinds_of_policy
def test_every_single_byte_mutation_of_a_cookies_name_is_refused(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, conditions: dict[str, Any]
) -> None:
    cookies = signer.sign_cookies(URL, date_less_than=EXPIRES, **conditions)
    renamed = [
        {**{name: cookies[name] for name in cookies if name != old}, new: cookies[old]}
        for old in cookies
        for new in [*replacements(old), *deletions(old)]
    ]
    assert [other for other in renamed if accepts(verifier, URL, other)] == []


@kinds_of_policy
def test_every_single_byte_mutation_of_the_url_of_cookies_is_refused(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, conditions: dict[str, Any]
) -> None:
    cookies = signer.sign_cookies(URL, date_less_than=EXPIRES, **conditions)
    mutated = [*replacements(URL), *deletions(URL), *insertions(URL)]
    assert [other for other in mutated if accepts(verifier, other, cookies)] == []


@kinds_of_policy
def test_cookies_are_refused_without_any_of_them(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, conditions: dict[str, Any]
) -> None:
    cookies = signer.sign_cookies(URL, date_less_than=EXPIRES, **conditions)
    for name in cookies:
        others = {other: cookies[other] for other in cookies if other != name}
        assert not accepts(verifier, URL, others)


def test_a_sweep_of_random_mutations_has_no_unexplained_accept() -> None:
    figures = sweep.sweep(sweep.accepted_by(sweep.verifier()), count=4000, seed=0)
    assert figures.unexplained == []
    assert {name for name in MUTATIONS if not figures.sent[name]} == set()
    assert len(figures.reasons) == 2


def test_the_sweep_finds_a_verifier_that_is_too_lax() -> None:
    figures = sweep.sweep(lambda request: "Policy" in request.url, count=500, seed=0)
    assert figures.unexplained
    assert figures.reasons[""] == len(figures.unexplained)


def meaning(url: str) -> tuple[str, list[str], dict[str, str]]:
    """A parsed URL: its base, its own query in order, and its signing parameters."""
    base, _, query = url.partition("?")
    fields = [field.partition("=") for field in query.split("&")]
    own = ["".join(field) for field in fields if field[0] not in SIGNING_PARAMETERS]
    reserved = {name: unquote(value) for name, _, value in fields if name in SIGNING_PARAMETERS}
    return base, own, reserved


@pytest.fixture(scope="module", params=[{}, CUSTOM], ids=["canned", "custom"])
def signed_url(request: pytest.FixtureRequest, p256_signer: CloudFrontSigner) -> str:
    return p256_signer.sign_url(URL_WITH_QUERY, date_less_than=EXPIRES, **request.param)


@examples
@given(st.data())
def test_any_other_edit_is_refused(
    p256_verifier: CloudFrontVerifier, signed_url: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(signed_url)))
    end = data.draw(st.integers(start, min(len(signed_url), start + 40)))
    text = data.draw(st.one_of(st.text(max_size=5), st.text("&=?%_-~A0", max_size=5)))
    edited = signed_url[:start] + text + signed_url[end:]
    assume(meaning(edited) != meaning(signed_url))
    assert not accepts(p256_verifier, edited)


@examples
@given(st.data())
def test_a_moved_piece_is_refused(
    p256_verifier: CloudFrontVerifier, signed_url: str, data: st.DataObject
) -> None:
    cuts = st.integers(0, len(signed_url))
    first, second, third = sorted(data.draw(st.tuples(cuts, cuts, cuts)))
    moved = (signed_url[:first] + signed_url[second:third] + signed_url[first:second]) + signed_url[
        third:
    ]
    assume(meaning(moved) != meaning(signed_url))
    assert not accepts(p256_verifier, moved)


@examples
@given(st.data())
def test_signing_parameters_may_stand_anywhere_in_the_query(
    p256_verifier: CloudFrontVerifier, signed_url: str, data: st.DataObject
) -> None:
    fields = signed_url.partition("?")[2].split("&")
    own = iter([field for field in fields if field.partition("=")[0] not in SIGNING_PARAMETERS])
    order = data.draw(st.permutations(fields))
    query = [
        field if field.partition("=")[0] in SIGNING_PARAMETERS else next(own) for field in order
    ]
    assert accepts(p256_verifier, f"{URL}?{'&'.join(query)}")


def test_the_urls_own_parameters_may_not_be_swapped(
    p256_verifier: CloudFrontVerifier, signed_url: str
) -> None:
    own = URL_WITH_QUERY.partition("?")[2]
    swapped = "&".join(reversed(own.split("&")))
    assert not accepts(p256_verifier, signed_url.replace(own, swapped))


def test_values_may_not_be_swapped(p256_verifier: CloudFrontVerifier, signed_url: str) -> None:
    fields = [field.split("=") for field in signed_url.partition("?")[2].split("&")]
    for one, other in itertools.combinations(range(len(fields)), 2):
        values = [value for _, value in fields]
        values[one], values[other] = values[other], values[one]
        pairs = zip([name for name, _ in fields], values, strict=True)
        query = "&".join(f"{name}={value}" for name, value in pairs)
        assert not accepts(p256_verifier, f"{URL}?{query}")


def test_no_field_may_be_missing(p256_verifier: CloudFrontVerifier, signed_url: str) -> None:
    fields = signed_url.partition("?")[2].split("&")
    for field in fields:
        rest = "&".join(other for other in fields if other != field)
        assert not accepts(p256_verifier, f"{URL}?{rest}")


def test_signatures_may_not_be_exchanged(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    first = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    later = p256_signer.sign_url(URL, date_less_than=EXPIRES + 1)
    postponed = first.replace(str(EXPIRES), str(EXPIRES + 1))
    assert accepts(p256_verifier, later)
    assert not accepts(p256_verifier, postponed)
