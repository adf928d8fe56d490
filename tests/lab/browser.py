"""A real browser that looks at a phone's web page, and plain HTTP for what no browser would send.

The phone is in a namespace, the browser is not: a forwarder carries its connections inside. Chromium is driven by
chromedriver (both Debian's); what it is told to leave out are its own connections to the outside.
"""

import contextlib
import http.client
import os
import re
import socket
import ssl
import tempfile
import threading
import time
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException, ElementNotInteractableException, NoSuchElementException, StaleElementReferenceException)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from .phone import binary
from .wait import until

PORT = 8443
PASSWORD = "correct horse"
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
          "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
          "--hide-scrollbars", "--force-color-profile=srgb"]


def axe():
    """The text of axe-core, which scripts/test deps puts beside the build."""
    path = os.path.join(os.path.dirname(os.path.dirname(binary("phoned"))), "tools", "axe", "package", "axe.min.js")
    with open(path) as f:
        return f.read()


class Forward:
    """A port of this host that leads to a port inside a namespace."""

    def __init__(self, namespace, port=PORT):
        self.namespace, self._to = namespace, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            try:
                there = self.namespace.socket(kind=socket.SOCK_STREAM)
                there.connect(("127.0.0.1", self._to))
            except OSError:
                here.close()
                continue
            threading.Thread(target=self._carry_both, args=(here, there), daemon=True).start()

    @classmethod
    def _carry_both(cls, here, there):
        with here, there:
            back = threading.Thread(target=cls._carry, args=(there, here), daemon=True)
            back.start()
            cls._carry(here, there)
            back.join()

    @staticmethod
    def _carry(one, other):
        """Until one end says no more; that is said to the other end, which may still have something to say."""
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            # One of them is broken: neither direction goes on.
            for end in (one, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        # Closing alone would not wake the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Site:
    """The web page of one phone, as seen from here."""

    def __init__(self, phone):
        self.phone = phone
        self.forward = Forward(phone.namespace)
        self.url = f"https://127.0.0.1:{self.forward.port}"

    def code(self):
        """The code of the first visit, from the phone's log."""
        line = next(l for l in self.phone.proc.output().splitlines() if "its first visit sets one" in l)
        return line.split('code="')[1].split('"')[0]

    def request(self, method, path, headers=None, body=None, timeout=10):
        """One HTTPS request; returns (status, headers, text)."""
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.forward.port, context=context, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def send_form(self, path, fields, session=None):
        """Sends a form as its page would, within a session if one is given."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url}
        if session:
            headers["Cookie"] = session.cookie
            fields = {**fields, "csrf": session.mark}
        return self.request("POST", path, headers, urllib.parse.urlencode(fields))

    def first_session(self):
        """The administrator's session, his password set by the code of the log."""
        status, headers, text = self.send_form("/first", {"code": self.code(), "password": PASSWORD, "again": PASSWORD})
        assert status == 303, (status, text)
        cookie = headers["Set-Cookie"].split(";")[0]
        page = self.request("GET", "/system", {"Cookie": cookie})[2]
        return Session(cookie, re.search(r'name="csrf" value="([^"]+)"', page).group(1))

    def token(self, session, role):
        """A new access token of a role."""
        text = self.send_form("/system/tokens", {"name": f"{role}-{time.monotonic_ns()}", "role": role}, session)[2]
        return re.search(r'<code id="token">([^<]+)</code>', text).group(1)

    def close(self):
        self.forward.close()


class Session:
    """A log-in: its cookie, and the mark that its forms carry."""

    def __init__(self, cookie, mark):
        self.cookie, self.mark = cookie, mark


class Browser:
    """One Chromium. `visit` starts with empty cookies in a language."""

    def __init__(self):
        options = Options()
        self._profile = tempfile.TemporaryDirectory(prefix="lab-chromium-")
        for flag in [*_FLAGS, f"--user-data-dir={self._profile.name}"]:
            options.add_argument(flag)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("acceptInsecureCerts", True)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(20)
        self.site = None

    def visit(self, site, path="/", language="en"):
        """Comes as a stranger whose browser speaks this language."""
        self.site = site
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        agent = self.driver.execute_script("return navigator.userAgent")
        accept = {"en": "en-US,en", "zh": "zh-CN,zh"}[language]
        self.driver.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": accept})
        self.go(path)

    def go(self, path):
        self.driver.get(self.site.url + path)

    def path(self):
        """Where it is now."""
        return self.driver.current_url.removeprefix(self.site.url)

    def fill(self, **fields):
        """Fills fields by their id (underscores for hyphens)."""
        for name, value in fields.items():
            field = self.driver.find_element(By.ID, name.replace("_", "-"))
            if field.tag_name == "select":
                Select(field).select_by_value(str(value))
            elif field.get_attribute("type") == "checkbox":
                if field.is_selected() != bool(value):
                    field.click()
            else:
                field.clear()
                field.send_keys(str(value))

    def press(self, text):
        """Presses the button with this text and waits until something has come of it."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.tap(text)
        def another():
            # Between two pages there is none.
            found = self.driver.find_elements(By.TAG_NAME, "html")
            return bool(found) and found[0] != before
        until(another, f"a new page after {text!r}", 15, 0.05)

    def tap(self, text):
        """Presses a button whose page stays, once it is there."""
        self._click(By.XPATH, f"//main//button[normalize-space()={text!r}]")

    def type(self, keys):
        """Types to whatever has the focus, also where that has just been drawn anew."""
        ActionChains(self.driver).send_keys(keys).perform()

    @contextlib.contextmanager
    def pressed(self, text):
        """Holds the mouse down on a button, once it is there, for as long as the block lasts."""
        where = f"//main//button[normalize-space()={text!r}]"
        until(lambda: self.driver.find_elements(By.XPATH, where), f"a button {text!r}")
        ActionChains(self.driver).click_and_hold(self.driver.find_element(By.XPATH, where)).perform()
        yield
        ActionChains(self.driver).release().perform()

    def click(self, selector):
        """Clicks on the first element that a selector names, once it is there."""
        self._click(By.CSS_SELECTOR, selector)

    def choose(self, field, text):
        """Takes the first option of a list (by its id) that has this text in it."""
        self._click(By.XPATH, f"//select[@id={field!r}]/option[contains(., {text!r})]")

    def _click(self, by, what):
        def clicked():
            try:
                self.driver.find_element(by, what).click()
                return True
            except (NoSuchElementException, StaleElementReferenceException, ElementNotInteractableException,
                    ElementClickInterceptedException):
                # What is live may be replaced, or moved by what is above it, between the look and the click.
                return False
        until(clicked, f"{what} to click on")

    def attribute(self, selector, name):
        """An attribute of the first element that a selector names, in one step as in `sees`."""
        return self.driver.execute_script("return document.querySelector(arguments[0]).getAttribute(arguments[1])", selector, name)

    def value(self, selector):
        """What is in a field."""
        return self.driver.execute_script("return document.querySelector(arguments[0]).value", selector)

    def has(self, selector):
        """How many elements a selector names now."""
        return self.driver.execute_script("return document.querySelectorAll(arguments[0]).length", selector)

    def text(self, selector="main"):
        """The text of an element, as it is seen, in one step as in `sees`."""
        return self.driver.execute_script("return document.querySelector(arguments[0]).innerText", selector)

    def shown(self, selector):
        """Whether an element can be seen; None where there is none, as between two pages."""
        return self.driver.execute_script("return document.querySelector(arguments[0])?.checkVisibility()", selector)

    def sees(self, text, selector="main", timeout=10):
        """Waits until an element shows a text."""
        # In one step, because what is live may be replaced between two.
        shown = "return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)"
        def now():
            return any(text in seen for seen in self.driver.execute_script(shown, selector))
        until(now, lambda: f"{text!r} in {selector}; it shows: {self.text()}", timeout, 0.05)

    def first_visit(self, site, language="en"):
        """Sets the administrator's password with the code of the log."""
        self.visit(site, language=language)
        self.fill(code=site.code(), password=PASSWORD, again=PASSWORD)
        self.press({"en": "Set password", "zh": "设置密码"}[language])

    def log_in(self, user="admin", password=PASSWORD, language="en"):
        self.fill(user=user, password=password)
        self.press({"en": "Log in", "zh": "登录"}[language])

    def size(self, width, height=900, dark=False):
        """The size of the window and the colours that its user prefers."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        scheme = "dark" if dark else "light"
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        return self.driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def violations(self):
        """What axe finds wrong with the page, a line each."""
        # The page's own policy forbids foreign scripts, so it is told to the debugger instead.
        self.driver.execute_script(axe())
        found = self.driver.execute_async_script("const done = arguments[0]; axe.run().then((r) => done(r.violations))")
        return [f"{v['id']}: {v['help']}: {n['html'][:160]} {n.get('failureSummary', '')[:300]}" for v in found for n in v["nodes"]]

    def complaints(self):
        """What the page has written to the console: errors of scripts, and what the policy forbids."""
        return [e["message"] for e in self.driver.get_log("browser")
                if e["level"] == "SEVERE" and "status of 4" not in e["message"] and "ERR_" not in e["message"]]

    def picture(self, path):
        """A picture of the whole page."""
        metrics = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
            "x": 0, "y": 0, "width": metrics["width"], "height": metrics["height"], "scale": 1}})
        import base64
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))

    def close(self):
        self.driver.quit()
        self._profile.cleanup()
