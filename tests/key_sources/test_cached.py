"""The cache around a source: its times, on a clock that the tests move."""

from __future__ import annotations

import copy
import pickle
import time
from threading import Thread

import pytest

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.cached import KeyEvent, KeyEventKind, uptime
from tests.key_sources.caches import LIFETIME, STALE_LIMIT, Cache, GivenSource, shortest
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID, private_key, signing_key
from tests.leaks import everything_shown_by
from tests.waiting import PATIENCE

FETCHED, REFRESHED, FAILED, STALE = KeyEventKind


@pytest.fixture
def cache() -> Cache:
    return Cache()


def test_the_key_is_fetched_when_it_is_asked_for(cache: Cache) -> None:
    assert cache.source.fetches == 0
    assert cache.get() is cache.source.key
    assert cache.source.fetches == 1


def test_it_is_kept(cache: Cache) -> None:
    for _ in range(100):
        cache.get()
        cache.wait(LIFETIME * 0.74 / 100)

    assert cache.source.fetches == 1
    assert cache.kinds() == [FETCHED]


def test_it_is_refreshed_ahead_of_its_expiry(cache: Cache) -> None:
    cache.get()
    cache.wait(LIFETIME * 0.75)

    cache.get()

    assert [cache.next_event().kind for _ in range(2)] == [FETCHED, REFRESHED]
    assert cache.source.fetches == 2


def test_nobody_waits_for_a_refresh(cache: Cache) -> None:
    first = cache.get()
    cache.source.gate.clear()
    cache.source.key = signing_key("rsa", OTHER_KEY_PAIR_ID)
    cache.wait(LIFETIME * 0.9)

    assert [cache.get() for _ in range(5)] == [first] * 5

    cache.source.gate.set()
    cache.settle()
    assert cache.get().key_pair_id == OTHER_KEY_PAIR_ID
    assert cache.source.fetches == 2


def test_the_lifetime_is_shortened_at_random() -> None:
    cache = Cache(uniform=shortest)
    cache.get()

    cache.wait(LIFETIME / 2)
    cache.get()

    assert cache.source.fetches == 2


def test_a_key_past_its_lifetime_is_fetched_before_it_is_served(cache: Cache) -> None:
    cache.get()
    cache.source.key = signing_key("p256", OTHER_KEY_PAIR_ID)
    cache.wait(LIFETIME)

    assert cache.get().key_pair_id == OTHER_KEY_PAIR_ID
    assert cache.kinds() == [FETCHED, REFRESHED]


def test_an_unchanged_key_stays_the_same_object(cache: Cache) -> None:
    first = cache.get()
    cache.source.key = signing_key("p256")
    cache.wait(LIFETIME)

    assert cache.get() is first
    assert not [cache.next_event() for _ in range(2)][1].changed


@pytest.mark.parametrize(
    "other", [signing_key("p256", OTHER_KEY_PAIR_ID), signing_key("rsa", KEY_PAIR_ID)]
)
def test_another_key_or_id_takes_over(cache: Cache, other: SigningKey) -> None:
    cache.get()
    cache.source.key = other
    cache.wait(LIFETIME)

    assert cache.get() is other
    assert [cache.next_event() for _ in range(2)][1].changed


def test_what_the_events_tell(cache: Cache) -> None:
    class Slow(GivenSource):
        def get_signing_key(self) -> SigningKey:
            cache.wait(0.5)
            return super().get_signing_key()

    cache = Cache(Slow())
    cache.get()

    assert cache.next_event() == KeyEvent(
        kind=FETCHED, source="Slow", key_pair_id=KEY_PAIR_ID, changed=True, seconds=0.5
    )


# Outages


def test_an_outage_of_ten_minutes(cache: Cache) -> None:
    """A request a second: all are served, none waits, AWS isn't stormed, warned 9 times."""
    first = cache.get()
    cache.wait(LIFETIME * 0.75)
    cache.source.fail()
    for _ in range(600):
        assert cache.get() is first
        cache.settle()
        cache.wait(1)

    kinds = cache.kinds()
    assert kinds.count(STALE) == 9  # from 75 seconds on, once a minute
    assert cache.source.fetches == 1 + kinds.count(FAILED) <= 30
    cache.source.key = signing_key("p256", OTHER_KEY_PAIR_ID)
    cache.wait(31)
    cache.get()
    cache.settle()
    assert cache.get().key_pair_id == OTHER_KEY_PAIR_ID


def test_in_an_outage_nobody_waits_for_the_next_attempt(cache: Cache) -> None:
    cache.get()
    cache.source.fail()
    cache.wait(LIFETIME)
    cache.get()
    cache.source.gate.clear()
    cache.wait(60)

    assert cache.get().key_pair_id == KEY_PAIR_ID

    cache.source.gate.set()
    cache.settle()


def test_what_a_stale_key_is_told_with(cache: Cache) -> None:
    cache.get()
    cache.source.fail("AWS doesn't answer")
    cache.wait(LIFETIME)
    cache.get()

    assert cache.next_event().kind is FETCHED
    assert cache.next_event() == KeyEvent(
        kind=FAILED, source="GivenSource", error="AWS doesn't answer"
    )
    assert cache.next_event() == KeyEvent(
        kind=STALE,
        source="GivenSource",
        key_pair_id=KEY_PAIR_ID,
        age=LIFETIME,
        error="AWS doesn't answer",
    )


def test_beyond_the_limit_the_error_is_raised(cache: Cache) -> None:
    cache.get()
    cache.source.fail()
    cache.wait(LIFETIME + STALE_LIMIT - 1)
    assert cache.get()
    cache.wait(1)

    with pytest.raises(KeySourceError, match="down"):
        cache.get()


def test_without_a_limit_nothing_stale_is_served() -> None:
    cache = Cache(stale_limit=0)
    cache.get()
    cache.source.fail()
    cache.wait(LIFETIME)

    with pytest.raises(KeySourceError, match="down"):
        cache.get()


def test_a_key_comes_back_after_the_limit(cache: Cache) -> None:
    cache.get()
    good = cache.source.key
    cache.source.fail()
    cache.wait(LIFETIME + STALE_LIMIT)
    with pytest.raises(KeySourceError):
        cache.get()
    cache.source.key = good
    cache.wait(31)

    assert cache.get() is good


def test_an_outage_at_the_start_is_no_storm(cache: Cache) -> None:
    """1,000 requests a second for ten seconds of an outage, before there is any key."""
    cache.source.fail()
    for _ in range(10_000):
        with pytest.raises(KeySourceError, match="down"):
            cache.get()
        cache.wait(0.001)

    assert cache.source.fetches == 3  # after 0, 2 and 5 seconds
    assert cache.kinds() == [FAILED] * 3


def test_a_failure_is_remembered_for_a_second_at_least() -> None:
    cache = Cache(uniform=shortest)
    cache.source.fail()
    for _ in range(10):
        with pytest.raises(KeySourceError):
            cache.get()
        cache.wait(0.25)

    assert cache.source.fetches == 3


def test_the_back_off_has_full_jitter() -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    cache = Cache(uniform=uniform)
    cache.source.fail("ThrottlingException")
    for _ in range(12):
        with pytest.raises(KeySourceError):
            cache.get()
        cache.wait(31)

    assert asked == [(0, top) for top in (1, 2, 4, 8, 16, *[30] * 7)]


def test_after_a_success_the_back_off_starts_again(cache: Cache) -> None:
    good = cache.source.key
    for key in (KeySourceError("1"), KeySourceError("2"), good):
        cache.source.key = key
        cache.wait(31)
        try:
            cache.get()
        except KeySourceError:
            assert key is not good
    cache.source.fail()
    cache.wait(LIFETIME)
    cache.get()
    cache.kinds()
    cache.wait(2)
    cache.get()

    assert cache.next_event().kind is FAILED


def test_a_bad_new_key_leaves_the_old_one_serving(cache: Cache) -> None:
    first = cache.get()
    cache.source.key = UnusableKey("The private key is empty.")
    cache.wait(LIFETIME)

    assert cache.get() is first
    assert [event.error for event in (cache.next_event(), cache.next_event())] == [
        "",
        "The private key is empty.",
    ]


def test_a_bad_first_key_is_said_to_be_one(cache: Cache) -> None:
    cache.source.key = UnusableKey("The private key is empty.")
    for _ in range(2):
        with pytest.raises(KeySourceError, match="is empty"):
            cache.get()

    assert cache.source.fetches == 1


class OwnError(KeySourceError):
    """A third party's, made in its own way."""

    def __init__(self, *, vault: str) -> None:
        super().__init__(f"{vault} is sealed")


def test_errors_of_other_classes_are_remembered_too(cache: Cache) -> None:
    cache.source.key = OwnError(vault="vault-1")
    for _ in range(2):
        with pytest.raises(KeySourceError, match="vault-1 is sealed"):
            cache.get()


# Sources that do what they mustn't


def test_an_unexpected_error_goes_its_way_once(cache: Cache) -> None:
    cache.source.key = ZeroDivisionError("a mistake")
    with pytest.raises(ZeroDivisionError):
        cache.get()

    with pytest.raises(KeySourceError, match="the key source is broken"):
        cache.get()
    assert cache.source.fetches == 1


def test_an_unexpected_error_does_not_wedge_it(cache: Cache) -> None:
    cache.source.key = ZeroDivisionError("a mistake")
    with pytest.raises(ZeroDivisionError):
        cache.get()
    cache.source.key = signing_key("p256")
    cache.wait(2)

    assert cache.get() is cache.source.key


def test_a_source_without_an_answer_does_not_wedge_it(cache: Cache) -> None:
    cache.get()
    cache.source.key = None
    cache.wait(LIFETIME)
    with pytest.raises(AttributeError):
        cache.get()

    assert cache.get().key_pair_id == KEY_PAIR_ID


def test_without_a_thread_for_it_the_key_is_refreshed_at_once(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    cache.get()
    cache.wait(LIFETIME * 0.8)
    monkeypatch.setattr(Thread, "start", start)
    cache.get()

    assert cache.kinds() == [FETCHED, REFRESHED]


def test_a_listener_may_ask_for_the_key() -> None:
    cache = Cache()
    cache.source.fail()
    heard: list[str] = []

    def ask_again(event: KeyEvent) -> None:
        with pytest.raises(KeySourceError):
            cache.get()
        heard.append(event.error)

    cache.cached._listener = ask_again
    with pytest.raises(KeySourceError):
        cache.get()

    assert heard == ["down"]


# What it keeps to itself


def test_neither_the_error_nor_its_frames_are_kept(cache: Cache) -> None:
    def fail(secret: str) -> None:
        raise KeySourceError("down")

    class Careless(GivenSource):
        def get_signing_key(self) -> SigningKey:
            fail("hunter2")
            return super().get_signing_key()

    cache = Cache(Careless())
    for _ in range(2):
        with pytest.raises(KeySourceError) as caught:
            cache.get()
        assert "hunter2" not in everything_shown_by(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_it_can_not_be_copied_with_its_key(cache: Cache, duplicate: object) -> None:
    cache.get()
    with pytest.raises(TypeError, match="pickle"):
        duplicate(cache.cached)  # type: ignore[operator]


def test_it_shows_no_key(cache: Cache) -> None:
    cache.get()

    shown = f"{cache.cached!r} {vars(cache.cached)}"

    assert str(private_key("p256").private_numbers().private_value) not in shown  # type: ignore[union-attr]
    assert f"<ECDSASigningKey {KEY_PAIR_ID}>" in shown


def test_its_clock_goes_on_by_itself() -> None:
    before = uptime()
    time.sleep(0.01)

    assert 0.01 <= uptime() - before < PATIENCE
