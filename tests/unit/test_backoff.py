"""When it is a node's turn: places spread over a window, waits that grow, and a city that comes back bearably."""

from lamppost.link import broker_settings as brokers
from lamppost.link.backoff import Backoff, place_ms

WINDOW = 60000


class Dice:
    """Draws that are the same each run, and how far each could have gone."""

    def __init__(self, seed=1):
        self._state = seed
        self.asked = []

    def __call__(self, n):
        self.asked.append(n)
        self._state = (self._state * 75 + 74) % 65537
        return self._state * n // 65537


def document(**mqtt):
    mqtt["host"] = "broker.lan"
    return {"site": "lisbon", "node": "lp-0042", "mqtt": mqtt}


def test_a_name_has_the_same_place_each_time_and_lies_within_the_window():
    for window in (1, 1000, 3600000):
        places = [place_ms(b"lisbon_lp-%04d" % i, window) for i in range(200)]
        assert places == [place_ms(b"lisbon_lp-%04d" % i, window) for i in range(200)]
        assert min(places) >= 0 and max(places) < window
    assert place_ms(b"lisbon_lp-0042", 0) == 0


def test_no_second_of_the_window_sees_many_more_than_its_share():
    for form in (b"lisbon_lp-%04d", b"porto_%d", b"a-street_9-lamp-%05d"):
        seconds = [0] * 60
        for i in range(2000):
            seconds[place_ms(form % i, WINDOW) // 1000] += 1
        assert max(seconds) < 2000 / 60 * 1.6, max(seconds)
        assert min(seconds) > 0


def test_waits_are_drawn_below_a_limit_that_doubles_and_ends():
    dice = Dice()
    backoff = Backoff(1000, 60000, dice)
    waits = [backoff.failed() for _ in range(9)]
    assert dice.asked == [1001, 2001, 4001, 8001, 16001, 32001, 60001, 60001, 60001]
    assert len(set(waits)) == 9


def test_only_a_session_that_outlived_the_limit_starts_it_over():
    backoff = Backoff(1000, 60000, Dice())
    for _ in range(7):
        backoff.failed()
    assert backoff.limit_ms == 60000
    backoff.failed(stood_s=30)
    assert backoff.limit_ms == 60000
    backoff.failed(stood_s=61)
    assert backoff.limit_ms == 2000


def test_a_broker_that_accepts_everybody_and_falls_at_once_is_not_met_faster():
    backoff = Backoff(1000, 60000, Dice())
    for _ in range(10):
        backoff.failed(stood_s=2)
    assert backoff.limit_ms == 60000


def test_ten_thousand_peers_come_to_a_dead_broker_no_faster_than_it_could_take():
    """Arrivals by second, of every fourth of the ten thousand; the broker is dead for five minutes."""
    dice = Dice(7)
    broker = brokers.of(document())
    seconds = [0] * 300
    for _ in range(2500):
        backoff = Backoff(broker.retry_ms, broker.retry_max_ms, dice)
        at = backoff.failed(stood_s=3600)
        while at < 300000:
            seconds[at // 1000] += 4
            at += backoff.failed() + 1
    assert max(seconds) < 4500, max(seconds)  # refusing is cheap; Mosquitto accepts as many
    assert max(seconds[120:]) < 500, max(seconds[120:])  # TLS handshakes: 750 a second


def test_only_a_start_together_with_the_neighbours_waits_for_its_place():
    assert brokers.of(document(), together=True).spread_ms == 60000
    assert brokers.of(document()).spread_ms == 0
    assert brokers.of(document(spread_s=0), together=True).spread_ms == 0


def test_one_key_says_how_wide_a_city_spreads_also_after_failures():
    small, usual, huge = [brokers.of(document(**mqtt)) for mqtt in ({"spread_s": 1}, {}, {"spread_s": 300})]
    assert (small.retry_ms, usual.retry_ms, huge.retry_ms) == (1000, 3750, 18750)
    assert (small.retry_max_ms, usual.retry_max_ms, huge.retry_max_ms) == (60000, 60000, 300000)


def test_two_lampposts_never_share_a_client_id():
    """Brokers throw a client off when another one comes with its id."""
    names = (("lisbon-lp", "0017"), ("lisbon", "lp-0017"), ("lisbon-lp-0017", "a"), ("lisbon", "lp-0017-a"))
    ids = [
        brokers.of({"site": site, "node": node, "mqtt": {"host": "broker.lan"}}).client_id for site, node in names
    ]
    assert len(set(ids)) == 4, ids
    assert ids[0] == "lisbon-lp_0017"


def test_the_drain_is_as_configured():
    broker = brokers.of(document(drain_per_s=7, drain_spread_s=120))
    assert (broker.drain_per_s, broker.drain_spread_ms) == (7, 120000)
    broker = brokers.of(document())
    assert (broker.drain_per_s, broker.drain_spread_ms) == (100, 60000)
