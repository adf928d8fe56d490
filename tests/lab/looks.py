"""How a page looks to people: pictures of it in every width and colour, and what is wrong with it."""

import os
import re


def keep_picture(browser, name):
    """Keeps a picture of the page where $WEB_PICTURES says; each page in both widths, light and dark."""
    folder = os.environ.get("WEB_PICTURES")
    if folder:
        for width in (360, 1400):
            for dark in (False, True):
                browser.size(width, dark=dark)
                browser.picture(os.path.join(folder, f"{name}-{width}{'-dark' if dark else ''}.png"))
        browser.size(1400)


def check_page(browser, name, looks):
    """What is wrong with the page: wider than the window, or found by axe."""
    wrong = []
    for width, dark in looks:
        browser.size(width, dark=dark)
        if browser.overflow() > 0:
            wrong.append(f"{name} at {width}: {browser.overflow()} pixels too wide")
        wrong += [f"{name} at {width} {'dark' if dark else 'light'}: {v}" for v in browser.violations()]
    browser.size(1400)
    keep_picture(browser, re.sub(r"\W+", "-", name))
    return wrong
