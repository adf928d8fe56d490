"""The API against its own OpenAPI document (schemathesis), and what comes to it that should not (issue of the web page, F10)."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import time

import pytest

from lab.browser import Site
from lab.phone import _ROOT

SECONDS = int(os.environ.get("API_SECONDS", "60"))
SET = '{"verb":"set","items":{"SIP1 Display Name":"Changed"}}'


def schemathesis():
    """The program, where scripts/test puts it."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target"))
    path = os.environ.get("SCHEMATHESIS", os.path.join(target, "tools", "schemathesis", "bin", "schemathesis"))
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} is not there: scripts/test blackbox installs it, or set $SCHEMATHESIS")
    return path


@pytest.fixture
def site(world):
    """The web page of a registered phone."""
    phone = world.phone(web=True, items=None)
    phone.settled(world.primary_address)
    site = Site(phone)
    yield site
    site.close()


def post(site, path, body, **headers):
    return site.request("POST", path, {"Content-Type": "application/json", **headers}, body)


def shown_name(site):
    return site.phone.json("config", "get", "SIP1 Display Name")["items"]["SIP1 Display Name"]


@pytest.mark.long
@pytest.mark.parametrize("role", ["admin", "user"])
def test_every_answer_of_the_api_is_what_its_document_says(site, role, tmp_path):
    token = site.token(site.first_session(), role)
    # Attempts without a token lock their address out, which is by design: they are made by hand below.
    argv = [schemathesis(), "run", f"{site.url}/api/v1/openapi.json", "--url", site.url, "--header", f"Authorization: Bearer {token}",
            "--tls-verify", "false", "--checks", "all", "--exclude-checks", "ignored_auth,positive_data_acceptance",
            # A restart or a reset would end the very phone that is asked.
            "--exclude-path", "/api/v1/system",
            "--exclude-path", "/api/v1/events", "--phases", "examples,coverage,fuzzing", "--max-time", str(SECONDS), "--seed", "1",
            "--generation-database", "none", "--request-timeout", "20", "--no-color", "--continue-on-failure",
            "--suppress-health-check", "all"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS * 3 + 60, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert site.request("GET", "/health")[0] == 200


def test_who_has_no_session_or_a_wrong_token_is_refused_and_locked_out(site):
    session = site.first_session()
    for headers in ({}, {"Cookie": "phoned_session=" + "0" * 64}, {"Cookie": session.cookie}, {"Authorization": "Basic YTpi"}):
        status, _, text = post(site, "/api/v1/config", SET, **headers)
        assert status in (401, 403), (headers, status, text)
    for _ in range(6):
        status, _, _ = post(site, "/api/v1/config", SET, Authorization="Bearer 0000")
    assert status == 429, "guessing is locked out"
    assert shown_name(site) == "User 1001"
    assert site.phone.registered()["state"] == "registered"


def test_another_site_cannot_use_a_session(site):
    session = site.first_session()
    for more in ({"Origin": "https://evil.test"}, {"X-CSRF-Token": "0", "Origin": site.url},
                 {"Origin": "https://evil.test", "X-CSRF-Token": session.mark}):
        status, _, text = post(site, "/api/v1/config", SET, Cookie=session.cookie, **more)
        assert status == 403, (more, status, text)
    assert shown_name(site) == "User 1001"
    status, _, text = post(site, "/api/v1/config", SET, Cookie=session.cookie, **{"X-CSRF-Token": session.mark})
    assert status == 200 and json.loads(text)["changes"]["items"], text


def test_no_path_leads_out_of_the_api(site):
    token = {"Authorization": f"Bearer {site.token(site.first_session(), 'admin')}"}
    for path in ("/api/v1/../../etc/passwd", "/api/v1/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/api/v1/config%00", "/api/v1//etc/passwd",
                 "/api/v1/" + "a" * 8000):
        for method in ("GET", "POST"):
            status, _, text = site.request(method, path, {"Content-Type": "application/json", **token}, "{}")
            assert 400 <= status < 500 and "root:" not in text, (method, path[:60], status)


def test_what_is_too_long_is_refused_before_it_is_read(site):
    token = {"Authorization": f"Bearer {site.token(site.first_session(), 'admin')}"}
    status, headers, _ = post(site, "/api/v1/call", " " * 9_000_000, **token)
    assert (status, headers["Connection"]) == (413, "close"), "it is read to its end, and the answer arrives"
    document = json.dumps({"verb": "import", "document": {"text": "x" * 5_000_000}})
    status, _, text = post(site, "/api/v1/config", document, **token)
    assert 400 <= status < 500, (status, text[:200])
    status, _, _ = site.request("GET", "/api/v1/status", {**token, "X-Long": "x" * 100_000})
    assert status == 431
    assert site.request("GET", "/api/v1/status", token)[0] == 200


def test_a_slow_body_is_given_up_and_keeps_nobody_out(site):
    token = site.token(site.first_session(), "admin")
    slow = ssl._create_unverified_context().wrap_socket(socket.create_connection(("127.0.0.1", site.forward.port)))
    slow.sendall(f"POST /api/v1/call HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                 "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{".encode())
    began = time.monotonic()
    assert site.request("GET", "/health", timeout=3)[0] == 200
    slow.settimeout(40)
    answer = b""
    with contextlib.suppress(ssl.SSLZeroReturnError, ConnectionError):
        answer = slow.recv(100)
    assert time.monotonic() - began < 35 and (answer == b"" or b" 408 " in answer), answer
    slow.close()
