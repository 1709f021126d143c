from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest

from cf_protected.cloudfront.memo import SignatureMemo
from cf_protected.cloudfront.signer import CloudFrontSigner
from tests import keys
from tests.cloudfront.samples import EXPIRES, NOW, URL
from tests.distributions.test_registry import exit_code_of_child
from tests.waiting import PATIENCE


def counting_sign() -> Callable[[str], str]:
    """Return a signing function whose signatures all differ, as ECDSA's do."""
    numbers = itertools.count(1)
    return lambda policy: f"{policy}#{next(numbers)}"


def test_a_known_policy_is_not_signed_again() -> None:
    memo, sign = SignatureMemo(2), counting_sign()
    assert [memo.get("a", sign), memo.get("a", sign)] == ["a#1", "a#1"]


def test_another_policy_is_signed() -> None:
    memo, sign = SignatureMemo(2), counting_sign()
    assert [memo.get("a", sign), memo.get("b", sign)] == ["a#1", "b#2"]


def test_the_least_recently_used_is_forgotten_first() -> None:
    memo, sign = SignatureMemo(2), counting_sign()
    for policy in "abac":
        memo.get(policy, sign)
    assert [memo.get(policy, sign) for policy in "acb"] == ["a#1", "c#3", "b#4"]


def test_the_memo_keeps_at_most_its_size() -> None:
    memo, sign = SignatureMemo(3), counting_sign()
    first = [memo.get(str(number), sign) for number in range(100)]
    again = [memo.get(str(number), sign) for number in reversed(range(100))]
    assert len(set(first) & set(again)) == 3


def test_a_failure_is_not_remembered() -> None:
    memo = SignatureMemo(2)

    def fail(policy: str) -> str:
        raise OSError(policy)

    with pytest.raises(OSError, match="a"):
        memo.get("a", fail)
    assert memo.get("a", counting_sign()) == "a#1"


@pytest.mark.parametrize("threads", [8, 16])
def test_threads_that_sign_at_the_same_instant_get_one_signature(threads: int) -> None:
    memo, barrier, sign = SignatureMemo(4), Barrier(threads), counting_sign()

    def sign_all_at_once(policy: str) -> str:
        barrier.wait(PATIENCE)
        return sign(policy)

    with ThreadPoolExecutor(threads) as pool:
        signatures = list(pool.map(lambda _: memo.get("a", sign_all_at_once), range(threads)))
    assert len(set(signatures)) == 1
    assert memo.get("a", sign) == signatures[0]


@pytest.mark.parametrize("threads", [8, 16])
def test_threads_that_share_a_signer_get_one_url(threads: int) -> None:
    signer, barrier = CloudFrontSigner(keys.signing_key("p256"), now=lambda: NOW), Barrier(threads)

    def sign(_: int) -> str:
        barrier.wait(PATIENCE)
        return signer.sign_url(URL, date_less_than=EXPIRES)

    with ThreadPoolExecutor(threads) as pool:
        assert len(set(pool.map(sign, range(threads)))) == 1


class SlowPolicy(str):
    """A policy that takes its time while the memo looks it up."""

    __slots__ = ()
    looked_up, go_on = Event(), Event()

    def __hash__(self) -> int:
        self.looked_up.set()
        self.go_on.wait(10)
        return super().__hash__()


def test_a_forked_child_signs_though_another_thread_held_the_lock() -> None:
    memo = SignatureMemo(2)
    thread = Thread(target=memo.get, args=[SlowPolicy("policy"), str])
    thread.start()
    SlowPolicy.looked_up.wait(10)

    code = exit_code_of_child(lambda: memo.get("policy", str))

    SlowPolicy.go_on.set()
    thread.join()
    assert code == 0


def test_ecdsa_urls_repeat_with_the_memo(p256_signer: CloudFrontSigner) -> None:
    first = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    assert p256_signer.sign_url(URL, date_less_than=EXPIRES) == first


def test_ecdsa_urls_with_conditions_repeat_with_the_memo(p256_signer: CloudFrontSigner) -> None:
    first = p256_signer.sign_url(URL, date_less_than=EXPIRES, ip_address="192.0.2.1")
    assert p256_signer.sign_url(URL, date_less_than=EXPIRES, ip_address="192.0.2.1/32") == first


def test_ecdsa_cookies_repeat_with_the_memo(p256_signer: CloudFrontSigner) -> None:
    first = p256_signer.sign_cookies(f"{URL}*", date_less_than=EXPIRES)
    assert p256_signer.sign_cookies(f"{URL}*", date_less_than=EXPIRES) == first


def test_another_expiry_gets_another_signature(p256_signer: CloudFrontSigner) -> None:
    urls = {
        p256_signer.sign_url(URL, date_less_than=EXPIRES + n).split("Signature=")[1] for n in (0, 1)
    }
    assert len(urls) == 2


def test_ecdsa_urls_differ_without_the_memo() -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"), memo_size=0, now=lambda: NOW)
    assert len({signer.sign_url(URL, date_less_than=EXPIRES) for _ in range(3)}) == 3


def test_the_signers_memo_has_the_given_size() -> None:
    signer = CloudFrontSigner(keys.signing_key("p256"), memo_size=1, now=lambda: NOW)
    first = signer.sign_url(URL, date_less_than=EXPIRES)
    signer.sign_url(URL, date_less_than=EXPIRES + 1)
    assert signer.sign_url(URL, date_less_than=EXPIRES) != first
