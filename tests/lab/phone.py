"""The daemon under test, driven only as its users drive it: its command line, its provisioning file, its events."""

import calendar
import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

from . import kamailio
from .proc import Proc, run
from .wait import TimedOut, patience, until

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def binary(name):
    """The path of one of the project's programs: $PHONED or $PHONECTL, else what cargo built."""
    given = os.environ.get(name.upper())
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target"))
    for path in [given] if given else [os.path.join(target, p, name) for p in ("test-release", "release", "debug")]:
        if os.path.exists(path):
            return path
    raise FileNotFoundError(f"{name} is not built: scripts/test blackbox builds it, or set ${name.upper()}")


def provisioning(items):
    """A Fanvil text configuration with these items, as a PBX would serve it."""
    lines = "".join(f"{name:<24}:{value}\n" for name, value in items.items())
    return f"<<VOIP CONFIG FILE>>Version:2.0002\n\n<SIP CONFIG MODULE>\n{lines}\n<<END OF FILE>>\n"


_BY_TRANSPORT = {"udp": {}, "tcp": {"Transport": 1}, "tls": {"Transport": 3, "Proxy_Port": 5061, "BakProxy_Port": 5061}}

# Seconds. The second keep-alive of a registration comes after a random part of the interval, and would now and then find a
# fault before the request that a test is about.
NO_KEEP_ALIVE_SOON = 3600


def line_items(user, proxy=None, backup=None, line=1, transport="udp", **more):
    """The items of one registering line. `more` takes names without the line prefix, blanks as underscores:
    `Signal_Failback=1`; None leaves an item at its default. Keep-alives after the first are an hour away unless asked for,
    by `UDPUpdate_TTL=5` say."""
    items = {
        f"SIP{line} Phone Number": user,
        f"SIP{line} Display Name": f"User {user}",
        f"SIP{line} Register Addr": kamailio.DOMAIN,
        f"SIP{line} Register User": user,
        f"SIP{line} Register Pswd": kamailio.password(user),
        f"SIP{line} Enable Reg": 1,
        f"SIP{line} UDPUpdate TTL": NO_KEEP_ALIVE_SOON,
    }
    if proxy:
        items[f"SIP{line} Proxy Addr"] = proxy
    if backup:
        items[f"SIP{line} BakProxy Addr"] = backup
    more = {**_BY_TRANSPORT[transport], **more}
    items.update({f"SIP{line} {name.replace('_', ' ')}": value for name, value in more.items()})
    return {name: value for name, value in items.items() if value is not None}


def hop_name(address, transport="udp"):
    """A hop as the daemon writes it, such as udp:10.90.0.11:5060; TLS is at 5061."""
    host = f"[{address}]" if ":" in address else address
    return f"{transport}:{host}:{5061 if transport == 'tls' else 5060}"


def told_at(event):
    """When the daemon told an event: wall-clock seconds, to the millisecond."""
    return calendar.timegm(time.strptime(event["t"][:19], "%Y-%m-%dT%H:%M:%S")) + int(event["t"][20:23]) / 1000


class Events:
    """What `phonectl --json watch` shows, kept from the first to the last. By the socket itself (docs/control.md), because the
    daemon's reply tells from when on nothing is missed; phonectl does not show it."""

    def __init__(self, control, log):
        self.all = []
        self._changed = threading.Condition()
        self._log = log
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(patience(10))
        self._socket.connect(control)
        self._socket.sendall(b'{"watch":{}}\n')
        self._text = b""
        while b"\n" not in self._text:
            piece = self._socket.recv(65536)
            assert piece, f"no answer to a watch: {self._text!r}"
            self._text += piece
        reply, _, self._text = self._text.partition(b"\n")
        assert b"watching" in reply, f"the answer to a watch: {reply!r}"
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def mark(self):
        """A position: pass it as `since` to see only what comes after. What the daemon has told until now is before it."""
        with self._changed:
            self._take()
            return len(self.all)

    def wait(self, kind, timeout=10, since=0, where=None, **fields):
        """Waits for an event of this kind whose fields have these values and for which `where` holds."""
        timeout = patience(timeout)
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for event in self.all[since:]:
                    if (event.get("event") == kind and all(event.get(k) == v for k, v in fields.items())
                            and (where is None or where(event))):
                        return event
                left = deadline - time.monotonic()
                if left <= 0:
                    tail = "\n".join(json.dumps(e) for e in self.all[since:][-15:]) or "(none)"
                    raise TimedOut(f"no event {kind} {fields} in {timeout:g} s; events:\n{tail}")
                self._changed.wait(left)

    def since(self, mark, kind=None):
        """The events after a mark until now, of one kind if given."""
        with self._changed:
            self._take()
            return [e for e in self.all[mark:] if kind is None or e.get("event") == kind]

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)
        self._socket.close()

    def _read(self):
        """Until either side closes."""
        with contextlib.suppress(OSError):
            while self._socket.recv(1, socket.MSG_PEEK):
                with self._changed:
                    self._take()

    def _take(self):
        """Reads what is there, whoever comes first."""
        with contextlib.suppress(OSError):
            while piece := self._socket.recv(65536, socket.MSG_DONTWAIT):
                self._text += piece
        *lines, self._text = self._text.split(b"\n")
        with open(self._log, "ab") as log:
            log.writelines(line + b"\n" for line in lines)
        for line in lines:
            try:
                self.all.append(json.loads(line))
            except ValueError:
                self.all.append({"event": "unreadable", "line": repr(line)})
        if lines:
            self._changed.notify_all()


class Phone:
    """One phoned in a namespace. `items` is its provisioning file; `audio` as the daemon takes it; `web` whether it
    has its web page, at its usual place; `transport` what its lines use."""

    def __init__(self, namespace, folder, name, address, items=None, audio="null", auto_answer=False, log_level="info",
                 env=None, web=False, transport="udp"):
        self.namespace, self.name, self.address, self.transport = namespace, name, address, transport
        self.folder = os.path.join(str(folder), name)
        os.makedirs(self.folder, exist_ok=True)
        self.state = os.path.join(self.folder, "state")
        self.control = os.path.join(self.folder, "control.sock")
        self.audio, self.auto_answer, self.log_level = audio, auto_answer, log_level
        self.web = "[::]:8443" if web else "off"
        self.env = {k: v for k, v in (env or os.environ).items() if k != "NOTIFY_SOCKET"}
        # No lease of this machine's own is a phone's business.
        self.dhcp = os.path.join(self.folder, "dhcp")
        self.file = None
        if items is not None:
            self.provide(items)
        self.proc, self.events, self._starts, self.began = None, None, 0, 0.0

    def provide(self, items):
        """Its next start finds these items in its provisioning file."""
        self.file = os.path.join(self.folder, "config.txt")
        with open(self.file, "w") as f:
            f.write(provisioning(items))

    def argv(self):
        """How it is started."""
        argv = [binary("phoned"), "run", "--state", self.state, "--control", self.control, "--audio", self.audio,
                "--web", self.web, "--log", self.log_level, "--dhcp", str(self.dhcp)]
        if self.file:
            argv += ["--provision", self.file]
        if self.auto_answer:
            argv.append("--auto-answer")
        return argv

    def start(self, wait=True):
        """Starts it, waits until it says `ready`, and begins to watch its events."""
        argv, self.began = self.argv(), time.time()
        self._starts += 1
        log = os.path.join(self.folder, f"phoned-{self._starts}.log")
        self.proc = Proc(self.name, [*self.namespace.exec, *argv], log, env=self.env)
        if wait:
            self.ready()
        return self

    def ready(self):
        """Waits for its `ready`, then watches."""
        def says():
            if not self.proc.running():
                raise AssertionError(f"{self.name} ended with {self.proc.returncode()}: {self.proc.output()[-3000:]}")
            return re.search(r"\bready\b", self.proc.output()) and os.path.exists(self.control)
        until(says, lambda: f"{self.name} says ready; it said:\n{self.proc.output()[-3000:]}")
        self.watch()

    def watch(self):
        """Begins a new stream of events."""
        if self.events:
            self.events.close()
        self.events = Events(self.control, os.path.join(self.folder, f"events-{self._starts}.json"))

    def ctl(self, *args, check=True, stdin=None, timeout=10):
        """Runs phonectl; returns the finished process."""
        return run([binary("phonectl"), "--control", self.control, *args], timeout=timeout, check=check, stdin=stdin)

    def json(self, *args, stdin=None):
        """Runs phonectl --json and returns what it prints."""
        done = self.ctl("--json", *args, stdin=stdin)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def set(self, *assignments):
        """Sets configuration items, `ITEM=VALUE` each."""
        self.ctl("config", "set", *assignments)

    def account(self, line=1):
        """The line's object in `account list`."""
        return next(a for a in self.json("account", "list")["accounts"] if a["line"] == line)

    def hop_state(self, address, line=1, transport=None):
        """The object of one hop in `account list`, by its address (and transport, if it is not the phone's)."""
        return next(h for h in self.account(line)["hops"] if h["hop"] == self.hop(address, transport))

    def hop(self, address, transport=None):
        """A hop's name by its address, with the phone's transport unless another is given."""
        return hop_name(address, transport or self.transport)

    def registered(self, hop=None, timeout=10, line=1, transport=None):
        """Waits until the line is registered, at this hop's address (and transport) if given; returns the account."""
        last = {}
        def now():
            last.clear()
            last.update(self.account(line))
            return last["state"] == "registered" and (hop is None or last["hop"] == self.hop(hop, transport)) and dict(last)
        return until(now, lambda: f"{self.name} registered at {hop or 'any hop'}; account: {json.dumps(last)}", timeout, 0.05)

    def settled(self, hop, timeout=10):
        """Waits until the line is registered at this hop and its first keep-alive is answered: nothing is in flight."""
        account = self.registered(hop, timeout)
        self.options_answered(hop, timeout)
        return account

    def options_answered(self, hop, timeout=10):
        """Waits until a real proxy has answered an OPTIONS since the start: its silence is evidence from now on."""
        what = f"the first OPTIONS at {hop} is answered"
        if self.transport == "tls":
            until(lambda: self._options_answered(hop), what, timeout)
        else:
            self.capture.wait(what, timeout, status=200, cseq_method="OPTIONS", src=hop, after=self.began)

    def reached(self, method, hop, after, what=None, timeout=10):
        """Waits until a request has left for a real proxy since this wall-clock time; returns when: by the capture, or, as
        TLS hides it there, when the proxy had it."""
        if self.transport != "tls":
            return self.capture.wait(what or f"{method} at {hop}", timeout, method=method, dst=hop, after=after).t
        return until(lambda: self._arrivals(method, hop, after), what or f"{method} at {hop}", timeout)[0].t

    def requests_at(self, method, hop, after=0.0):
        """How many requests of this method (None: of any) have left for a real proxy since this time (over TLS: reached it)."""
        if self.transport == "tls":
            return len(self._arrivals(method, hop, after))
        return len(self.capture.sip(method=method, dst=hop, after=after, where=lambda m: m.method))

    def _arrivals(self, method, hop, after):
        return [a for a in self.proxies[hop].requests(method, "tls") if a.t >= after and a.source.startswith(f"{self.address}:")]

    def _options_answered(self, hop):
        """What TLS shows of it: the proxy took it in, and said something after that."""
        asked = self._arrivals("OPTIONS", hop, self.began)
        return asked and any(p.tcp and p.size and p.src == hop and p.t > asked[0].t for p in self.capture.packets())

    def calls(self):
        """The list of calls."""
        return self.json("call", "list")["calls"]

    def call(self, call_id):
        """One call by its id, or None once it is no longer listed."""
        return next((c for c in self.calls() if c["id"] == call_id), None)

    def dial(self, target):
        """Dials and returns the call's id."""
        return self.json("call", "dial", target)["id"]

    def call_in(self, state, call_id=None, timeout=10):
        """Waits until a call (this one, or any) is in the given state; returns it."""
        last = []
        def now():
            last[:] = [c for c in self.calls() if call_id is None or c["id"] == call_id]
            return next((c for c in last if c["state"] == state), None)
        return until(now, lambda: f"{self.name}: a call in state {state}; calls: {json.dumps(last)}", timeout, 0.03)

    def hangup(self, call_id=None, wait=True):
        """Hangs up. With `wait` off it returns before phonectl has ended."""
        argv = [binary("phonectl"), "--control", self.control, "call", "hangup", *([call_id] if call_id else [])]
        if wait:
            run(argv)
        else:
            subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def journal(self):
        """The failover journal's entries."""
        return self.json("journal")["entries"]

    def remembered(self, prefix):
        """What it would find of its own notes under keys that begin so (`last_good/`, `journal/`), were it killed now."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            # The daemon keeps its database to itself, so a copy is read; one taken amid a write shows what was before.
            for name in ("config.db", "config.db-wal"):
                if os.path.exists(os.path.join(self.state, name)):
                    shutil.copy(os.path.join(self.state, name), folder)
            with contextlib.closing(sqlite3.connect(os.path.join(folder, "config.db"))) as db:
                return dict(db.execute("SELECT key, value FROM state WHERE substr(key, 1, ?) = ?", (len(prefix), prefix)))

    def complaints(self):
        """ERROR lines and panics in its logs: each means a bug (architecture, invariant 7)."""
        found = []
        for n in range(1, self._starts + 1):
            with open(os.path.join(self.folder, f"phoned-{n}.log"), errors="replace") as f:
                plain = re.sub(r"\x1b\[[0-9;]*m", "", f.read())
            found += [line for line in plain.splitlines() if re.search(r"\bERROR\b|panicked at", line)]
        return found

    def status(self, field):
        """A number from /proc/PID/status, kB for sizes."""
        with open(f"/proc/{self.proc.pid}/status") as f:
            return int(re.search(rf"^{field}:\s+(\d+)", f.read(), re.M).group(1))

    def context_switches(self):
        """Voluntary context switches of all its threads so far: how often it woke up."""
        total = 0
        for task in os.listdir(f"/proc/{self.proc.pid}/task"):
            with open(f"/proc/{self.proc.pid}/task/{task}/status") as f:
                total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))
        return total

    def cpu_seconds(self):
        """Processor time of all its threads so far, by the scheduler's own count (nanosecond resolution)."""
        total = 0
        for task in os.listdir(f"/proc/{self.proc.pid}/task"):
            with open(f"/proc/{self.proc.pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def kill(self):
        """SIGKILL."""
        if self.events:
            self.events.close()
            self.events = None
        self.proc.kill()

    def stop(self, timeout=6):
        """SIGTERM; returns the exit status."""
        if self.events:
            self.events.close()
            self.events = None
        return self.proc.stop(timeout) if self.proc else None
