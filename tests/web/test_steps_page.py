"""`commission --web`: the steps on a phone, by an address that nobody guesses."""

import asyncio
import urllib.error
import urllib.request

import pytest
from lamplighter.problems import SelftestFailed
from lamplighter.web.feed import RING, Feed
from lamplighter.web.steps_page import StepsPage

STEPS = ["supply", "flash", "self-test"]


def status(address):
    try:
        return urllib.request.urlopen(address, timeout=20).status
    except urllib.error.HTTPError as refused:
        return refused.code


def states(browser):
    return browser.run("return [...document.querySelectorAll('li[data-step]')].map(row => row.dataset.state)")


def test_each_step_is_a_row_that_turns_green_and_a_failure_says_the_remedy(browser):
    with StepsPage("LP-0042 · lisbon/lp-0042", STEPS, "127.0.0.1") as page:
        browser.open(page.address)
        browser.see("LP-0042")
        page.begin(1)
        page.say("5.02 V")
        browser.see("5.02 V", '[data-state="running"]')
        page.asks("Are the bays empty?")
        browser.see("Answer at the computer: Are the bays empty?", "#question")
        page.asks("")
        page.begin(3)
        browser.until(lambda: states(browser) == ["done", "done", "running"], "two steps done")
        page.failed(SelftestFailed("meter: silent <b>"))
        browser.see("meter: silent <b>", "#problem")
        browser.see("Correct each failed check", "#problem")
        assert states(browser) == ["done", "done", "failed"]
    browser.see("meter: silent <b>", "#problem")
    assert not browser.all("#away:not([hidden])")
    browser.console()  # the page has ended: its last request was refused


def test_what_is_said_last_still_arrives(browser):
    with StepsPage("LP-0042", STEPS, "127.0.0.1") as page:
        browser.open(page.address)
        browser.see("supply")
        page.begin(3)
        page.done("finished", True)
    browser.see("finished", "#verdict")
    browser.console()


def test_without_the_secret_there_is_no_page():
    with StepsPage("LP-0042", STEPS, "127.0.0.1") as page:
        assert status(page.address) == 200
        open_part = page.address.rsplit("/", 2)[0]
        for path in ("/", "/events", "/static/steps.js", "/guessed/", "/guessed/events"):
            assert status(open_part + path) == 404, path
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(page.address, timeout=20)


def test_a_browser_that_falls_behind_begins_anew_and_nothing_is_kept_for_it():
    async def follow():
        made = []

        def whole():
            made.append(b"whole")
            return b"whole"

        feed = Feed(whole)
        slow, quick = feed.follow(), feed.follow()
        assert [await anext(slow), await anext(quick)] == [b"whole"] * 2 and len(made) == 1
        for number in range(RING + 1):
            feed.publish(b"%d," % number)
            assert await anext(quick) == b"%d," % number
        assert await anext(slow) == b"whole" and len(made) == 2
        feed.publish(b"last")
        feed.close()
        assert [piece async for piece in slow] == [b"last"]
        assert feed.followers == 1

    asyncio.run(follow())
