"""Fixtures of the black-box tests. A failing test shows what was on the wire and what the phones logged."""

import os

import pytest

from lab import proc
from lab.browser import Browser, Site
from lab.kamailio import Variant
from lab.world import World


def pytest_configure(config):
    config.addinivalue_line("markers", "long: waits for half a minute and more")


def pytest_collection_modifyitems(items):
    """Long tests come early and apart, so that no worker is left alone with one at the end."""
    long = [item for item in items if item.get_closest_marker("long")]
    rest = [item for item in items if not item.get_closest_marker("long")]
    for place, item in enumerate(long):
        # xdist gives each worker a share of the first quarter to begin with.
        rest.insert(place * len(items) // (4 * len(long)), item)
    items[:] = rest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets fixtures see whether the test failed."""
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


def pytest_runtest_logreport(report):
    """Adds a line for each failure to the file $FAILURES: the test, a tab, where and why it failed."""
    path = os.environ.get("FAILURES")
    if not path or not report.failed or "PYTEST_XDIST_WORKER" in os.environ:
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    said = f"{os.path.basename(crash.path)}:{crash.lineno}: {crash.message}" if crash else str(report.longrepr)
    with open(path, "a") as f:
        f.write(f"{report.nodeid}\t{said.strip().splitlines()[0][:240]}\n")


@pytest.fixture
def make_world(request, tmp_path):
    """Builds laboratories that end with the test; an ERROR line of a phone fails the test."""
    worlds = []

    def make(pair=Variant()):
        worlds.append(World(tmp_path / str(len(worlds)), pair))
        return worlds[-1]

    yield make
    failed = getattr(request.node, "report_call", None) is None or request.node.report_call.failed
    complaints = []
    for world in worlds:
        if failed:
            print(world.report())
        complaints += world.close()
    proc.end_all()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def world(make_world):
    """A laboratory with a proxy pair that record-routes by address and knows nothing of each other's."""
    return make_world()


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests of a file; each comes as a stranger."""
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def make_site():
    """The web page of a phone."""
    sites = []

    def make(phone):
        sites.append(Site(phone))
        return sites[-1]

    yield make
    for site in sites:
        site.close()
