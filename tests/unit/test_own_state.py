"""link/own_state.py: what a broker has forgotten, and what it does not publish, shows in the node's own `state`."""

from journal_on_ram import Ticks
from lamppost.link import words
from lamppost.link.own_state import OwnState


class Connection:
    def __init__(self, resumed=False):
        self.ticks = Ticks()
        self.forgotten = 0
        self.lines = []
        self.state = OwnState(lambda: self.ticks.ms, lambda late, early: late - early, self.forget, self.lines.append)
        self.state.begin(resumed)

    def forget(self):
        self.forgotten += 1

    def said(self, word):
        return [line for line in self.lines if word in line]


def test_a_broker_that_kept_the_state_has_forgotten_nothing():
    connection = Connection()
    connection.state.take(True)
    connection.state.published()
    connection.state.take(False)
    assert connection.forgotten == 0 and connection.said(words.BACK) and not connection.said(words.NOT_BACK)


def test_a_broker_without_the_state_has_forgotten_the_rest_too_and_that_is_found_once_in_a_connection():
    connection = Connection()
    connection.state.published()
    connection.state.take(False)
    connection.state.take(False)
    assert connection.forgotten == 1 and len(connection.said(words.BACK)) == 1
    connection.state.begin(False)
    connection.state.published()
    connection.state.take(False)
    assert connection.forgotten == 2


def test_a_broker_that_resumes_the_session_has_kept_the_rest():
    connection = Connection(resumed=True)
    connection.state.take(False)  # what it had queued for the node
    connection.state.published()
    connection.state.take(False)
    assert connection.forgotten == 0 and len(connection.said(words.BACK)) == 1


def test_a_state_that_does_not_come_back_is_logged_and_taken_as_forgotten():
    connection = Connection()
    connection.state.check()
    connection.state.published()
    connection.ticks.ms += 4900
    connection.state.check()
    assert connection.forgotten == 0 and not connection.lines
    connection.ticks.ms += 200
    for _ in range(3):
        connection.state.check()
    assert connection.forgotten == 1 and len(connection.said(words.NOT_BACK)) == 1


def test_a_state_that_is_published_again_on_demand_comes_back_as_well_and_is_logged_once():
    connection = Connection()
    for _ in range(2):
        connection.state.published()
        connection.state.take(False)
        connection.ticks.ms += 6000
        connection.state.check()
    assert len(connection.said(words.BACK)) == 1 and not connection.said(words.NOT_BACK)
