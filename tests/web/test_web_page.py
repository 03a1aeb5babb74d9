"""The street in a real browser: what a person sees, at a real broker."""

import pytest

LISBON = [f"lisbon/lp-{number:04d}" for number in range(1, 25)]


@pytest.fixture
def shown(street, web, browser):
    """The page with a street of 24 lampposts in the browser."""
    street.whole(LISBON)
    page = web()
    browser.open(page.address)
    browser.until(lambda: len(browser.all("[data-node]")) == len(LISBON), "all lampposts")
    return page


def test_the_street_is_live_and_each_lamppost_leads_to_its_page(shown, street, browser):
    node = LISBON[3]
    assert browser.state(node) == "online"
    street.state(node, "lost", "will")
    browser.until(lambda: browser.state(node) == "lost", "the lamppost lost")
    street.bay(LISBON[1], "1", "blocked")
    browser.until(lambda: browser.all(f'[data-node="{LISBON[1]}"] [data-bay="blocked"]'), "the bay blocked")
    street.energy(LISBON[0], 61.5)
    street.diag(LISBON[0], depth=17)
    street.boots(LISBON[0], 40)
    street.alarm(LISBON[0], "supplyLoss", evidence="meter silent")
    browser.until(lambda: browser.all(f'[data-node="{LISBON[0]}"][data-alarm="major"]'), "the alarm on the plan")
    browser.click(f'[data-node="{LISBON[0]}"] .head')
    said = ("61.5", "17 records waiting", "supplyLoss", "Check the fuse", "veml7700", "0.1.0", "Boot 7", "daylight")
    for words in said:
        browser.see(words, "#view-lamppost")
    street.energy(LISBON[0], 0, letter="U")
    browser.until(lambda: browser.all('#view-lamppost .card[data-letter="U"]'), "the letter of what is missing")
    street.energy(LISBON[0], 70, s=90)
    browser.see("to 89", "#view-lamppost")  # the numbers that are missing
    street.clear(LISBON[0], "supplyLoss")
    browser.until(lambda: "supplyLoss" not in browser.text("#view-lamppost"), "the alarm cleared")


def test_the_list_can_be_searched_and_sorted(shown, street, browser):
    def rows():
        return [row.get_attribute("data-row") for row in browser.all("#list tbody tr")]

    street.energy(LISBON[6], 999)
    browser.click('nav a[href="#/list"]')
    browser.until(lambda: len(browser.all("#list tbody tr")) == len(LISBON), "all rows")
    browser.click('[data-column="power"] button')
    browser.click('[data-column="power"] button')
    browser.until(lambda: rows()[0] == LISBON[6], "the highest power first")
    browser.type("#search", "LP-0012")
    browser.until(lambda: rows() == [LISBON[11]], "what was searched")


def test_alarms_have_a_timeline_and_the_check_counts(shown, street, browser):
    street.alarm(LISBON[2], "columnIssue", "critical", "leans by 12 degrees")
    browser.click('nav a[href="#/alarms"]')
    browser.see("The pole leans.", "#alarms-on")
    browser.until(lambda: browser.all('#timeline rect[data-severity="critical"].on'), "the bar of the alarm")
    street.clear(LISBON[2], "columnIssue")
    browser.see("columnIssue", "#alarms-ended")
    street.publish("lamppost/v1/lisbon/lp-0001/tele/energy", b"not JSON")
    browser.click('nav a[href="#/check"]')
    browser.see("The payload is not JSON", "#complaints")


def test_what_lampposts_send_is_never_html(street, web, browser):
    evil = '<img src=x onerror="document.title=1"><script>alert(1)</script>'
    street.info("lisbon/lp-0001", (38.7, -9.1), evil, board=evil, firmware=evil)
    street.state("lisbon/lp-0001", "online", evil)
    street.alarm("lisbon/lp-0001", "supplyLoss", evidence=evil)
    browser.open(web().address)
    street.publish(f"lamppost/v1/lisbon/lp-0001/{evil}", evil.encode())
    street.state("lisbon/lp-0001", evil)
    for view in ("street", "list", "lamppost/lisbon/lp-0001", "alarms"):
        browser.run("location.hash = arguments[0]", f"#/{view}")
        browser.see("alert(1)" if view != "street" else "1 lamppost")
    browser.run("location.hash = '#/check'")
    browser.see("<img src=x", "#complaints")
    assert browser.all("img[src=x]") == [] and browser.all("main script") == []
    assert browser.run("return document.title") == "Lamplighter – check"


def test_a_broker_that_goes_away_is_announced_and_its_return_too(shown, street, broker, browser):
    browser.see("live", "#link")
    broker.stop()
    browser.see("has been away since", "#trouble")
    broker.start()
    browser.see("live", "#link")
    browser.until(lambda: not browser.text("#trouble"), "no trouble left")


def test_by_keyboard_one_walks_from_lamppost_to_lamppost(shown, browser):
    browser.run("document.querySelector('.plan').focus()")
    active = "return document.activeElement.dataset.node || ''"
    seen = []
    for _ in range(3):
        browser.press("ArrowRight")
        seen.append(browser.run(active))
    assert len(set(seen)) == 3 and all(seen), seen
    browser.press("Enter")
    browser.see(seen[-1], "#view-lamppost")


def test_on_a_phone_nothing_is_wider_than_the_screen(shown, browser):
    browser.cdp("Emulation.setDeviceMetricsOverride", width=360, height=780, deviceScaleFactor=1, mobile=True)
    try:
        for view in ("street", "list", f"lamppost/{LISBON[11]}", "alarms", "check"):
            browser.run("location.hash = arguments[0]", f"#/{view}")
            browser.until(lambda: browser.text("main"), view)
            assert browser.run("return document.documentElement.scrollWidth") <= 360, view
    finally:
        browser.cdp("Emulation.setDeviceMetricsOverride", width=1440, height=900, deviceScaleFactor=1, mobile=False)
