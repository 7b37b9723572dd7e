"""Back-off: it grows, it ends, it is spread, and the default covers three days."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pigeon_admin.retry import RetryPolicy, policy

policies = st.builds(
    RetryPolicy,
    first=st.floats(0.1, 1e4),
    longest=st.floats(1, 1e6),
    attempts=st.integers(1, 100),
    jitter=st.floats(0, 0.5),
)


@given(policies, st.integers(1, 5000), st.floats(0, 1, exclude_max=True))
def test_a_wait_stays_within_its_bounds(policy, attempts_made, chance):
    delay = policy.delay(attempts_made, chance=chance)
    if attempts_made >= policy.attempts:
        assert delay is None
    else:
        assert delay is not None
        assert 0 <= delay <= policy.longest * (1 + policy.jitter) * 1.000001


@given(policies, st.integers(1, 60))
def test_without_jitter_waits_never_shrink(policy, attempts_made):
    one, two = (policy.delay(n, chance=0.5) for n in (attempts_made, attempts_made + 1))
    assert one is None or two is None or two >= one


@given(policies, st.integers(1, 50), st.floats(0, 1e9))
def test_a_partner_that_asks_to_wait_is_obeyed_up_to_a_day(policy, attempts_made, asked):
    delay = policy.delay(attempts_made, asked=asked, chance=0.5)
    assert delay is None or delay >= min(asked, 86_400)


def test_the_default_goes_on_for_75_hours_even_when_every_dice_falls_short(settings):
    settings.PIGEON_ADMIN = {}
    default = policy()
    waits = [default.delay(n, chance=0) for n in range(1, default.attempts)]
    assert sum(waits) >= 75 * 3600
    assert default.delay(default.attempts) is None


def test_deliveries_that_failed_together_do_not_come_back_together():
    waits = {RetryPolicy().delay(3) for _ in range(50)}
    assert len(waits) > 40
