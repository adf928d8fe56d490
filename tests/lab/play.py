"""A laboratory for a person to play in: two proxies, a name server, two phones, and a prompt that breaks things and mends them.

It ends with `quit` or the end of its input, and clears away after itself. `--down` ends one that runs elsewhere, and clears
away after one that was killed.
"""

import argparse
import cmd
import glob
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

from . import demo, dns, icmp, pki, proc
from .kamailio import Variant
from .phone import binary
from .wait import TimedOut, until
from .world import World

RECORDS = os.path.join(tempfile.gettempdir(), f"phoned-lab-{os.getuid()}")
PHONES = {"alice": ("1001", 440), "bob": ("1002", 1000)}
# Seconds. Short, so that a person need not wait; the defaults are 30 and 1800.
KEEP_ALIVE, FAILBACK_INTERVAL = 10, 15

INTRODUCTION = """
  p1  {p1}  primary proxy      UDP and TCP 5060, TLS 5061     p2  {p2}  backup proxy, the same
  dns {dns}  leads example.test to both by NAPTR and SRV      authority for TLS: {ca}
  alice is 1001, bob is 1002 and answers by himself; keep-alive {keep_alive} s, failback probe every {failback} s

Try:
  alice call dial 1002          everything after a phone's name goes to its phonectl
  kill p1                       then: alice call hangup, alice account list, ladder alice
  start p1                      the phones return within {failback} s
  freeze p1 · thaw p1 · answer p1 503 · answer p1
  drop p1 from · lose p1 30 · reject p1 host-unreachable · icmp p1 time exceeded · heal
  path alice delay=0.2 loss=0.1 · path alice · unplug bob · plug bob
  certificate p1 expired · blackhole p1 · reset p1 · halfopen p1
  dns kill · dns start · dns freeze · dns heal · dns set p1.example.test 10.90.0.12
  watch alice 20 · ladder alice · log alice · shell alice · help · quit

From another terminal, as the same user:
  export PATH={programs}:$PATH PHONED_CONTROL={control}
  phonectl account list
"""


class Prompt(cmd.Cmd):
    """Each `do_X` is the command X; its first line of documentation is its help."""

    prompt = "lab> "

    def __init__(self, world, phones):
        super().__init__()
        self.world, self.phones, self.errors = world, phones, []
        self.hops = {"p1": world.primary, "p2": world.backup}
        self.use_rawinput = sys.stdin.isatty()
        if not self.use_rawinput:
            self.prompt = ""

    def onecmd(self, line):
        """What goes wrong is said and ends nothing."""
        try:
            return super().onecmd(line)
        except (ValueError, KeyError, TimedOut, RuntimeError, OSError, subprocess.SubprocessError) as error:
            say(f"! {error}")

    def emptyline(self):
        """Nothing: the last command is not repeated."""

    def default(self, line):
        """A phone's name and what its phonectl is to do."""
        name, *words = shlex.split(line)
        if name == "EOF":
            return True
        done = self.phone(name).ctl(*words, check=False)
        say((done.stdout + done.stderr).rstrip())

    def do_quit(self, _):
        """quit: ends everything and clears it away."""
        return True

    def do_kill(self, line):
        """kill p1|p2: the proxy dies; UDP gets ICMP port unreachable, TCP a close and then RST."""
        self.hop(line).kill()

    def do_start(self, line):
        """start p1|p2: it runs again."""
        self.hop(line).start()

    def do_freeze(self, line):
        """freeze p1|p2: it takes everything and says nothing."""
        self.hop(line).freeze()

    def do_thaw(self, line):
        """thaw p1|p2: it works through all that it was sent."""
        self.hop(line).thaw()

    def do_answer(self, line):
        """answer p1|p2 [STATUS]: every request gets this status, 503 say; without it, all is well again."""
        name, *status = line.split()
        self.hop(name).answer_everything_with(int(status[0]) if status else None)

    def do_certificate(self, line):
        """certificate p1|p2 KIND: new TLS connections see a certificate that is good, expired, "wrong name" …"""
        name, kind = shlex.split(line)[0], " ".join(shlex.split(line)[1:]) or "good"
        if kind not in pki.KINDS:
            raise ValueError(f"no certificate \"{kind}\"; there are: {', '.join(pki.KINDS)}")
        self.hop(name).present(kind)

    def do_drop(self, line):
        """drop p1|p2 [to|from|both]: its packets vanish, one way or both (default)."""
        name, *way = line.split()
        drops = {"to": self.world.network.drop, "from": self.world.network.drop_from, "both": self.world.network.drop_both}
        drops[way[0] if way else "both"](self.hop(name).address)

    def do_lose(self, line):
        """lose p1|p2 PERCENT: this share of its packets vanishes, both ways."""
        name, percent = line.split()
        self.world.network.lose(int(percent), self.hop(name).address)

    def do_reject(self, line):
        """reject p1|p2 TYPE: its packets are answered with ICMP port-unreachable, host-unreachable, net-unreachable …"""
        name, kind = line.split()
        self.world.network.reject(self.hop(name).address, kind)

    def do_icmp(self, line):
        """icmp p1|p2 CODE: the same for every code, such as "time exceeded"; the packets are lost besides."""
        name, kind = line.split(maxsplit=1)
        if kind not in icmp.CODES:
            raise ValueError(f"no ICMP error \"{kind}\"; there are: {', '.join(icmp.CODES)}")
        self.errors.append(icmp.Errors(self.world.network, self.hop(name).address, kind))

    def do_blackhole(self, line):
        """blackhole p1|p2: no new TCP connection to it comes about."""
        self.world.network.tcp_black_hole(self.hop(line).address)

    def do_reset(self, line):
        """reset p1|p2: every TCP segment to it is answered with RST."""
        self.world.network.tcp_reset(self.hop(line).address)

    def do_halfopen(self, line):
        """halfopen p1|p2: its host restarts without a FIN or RST to anybody."""
        self.world.half_open(self.hop(line))

    def do_heal(self, _):
        """heal: takes back drop, lose, reject, icmp, blackhole and reset."""
        while self.errors:
            self.errors.pop().close()
        self.world.network.heal()

    def do_path(self, line):
        """path alice [delay=S] [jitter=S] [loss=0…1] [reorder=0…1] [duplicate=0…1]: her way to the LAN, both directions."""
        name, *faults = line.split()
        namespace = self.phone(name).namespace
        if not hasattr(namespace, "path"):
            raise ValueError(f"{name}'s cable can only be pulled: unplug {name}")
        namespace.path.set(**{key: float(value) for key, value in (f.split("=") for f in faults)})

    def do_unplug(self, line):
        """unplug bob: pulls his cable."""
        self.world.network.unplug(self.phone(line).namespace)

    def do_plug(self, line):
        """plug bob: puts it back."""
        self.world.network.plug(self.phone(line).namespace)

    def do_dns(self, line):
        """dns kill|start|freeze|fail|heal, or dns set NAME ADDRESS…: the name server, or one of its names."""
        action, *words = line.split()
        if action == "set" and words:
            self.world.dns.put(words[0], *map(dns.address, words[1:]))
        elif action in ("kill", "start", "freeze", "fail", "heal"):
            getattr(self.world.dns, action)()
        else:
            raise ValueError("dns kill, start, freeze, fail, heal, or set NAME ADDRESS…")

    def do_watch(self, line):
        """watch PHONE [SECONDS]: the phone's events as they happen (default 20 s)."""
        name, *seconds = line.split()
        watch = subprocess.Popen([binary("phonectl"), "--control", self.phone(name).control, "watch"], stdin=subprocess.DEVNULL)
        try:
            watch.wait(float(seconds[0]) if seconds else 20)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            watch.terminate()
            watch.wait()

    def do_ladder(self, line):
        """ladder PHONE: the recent messages on its wire."""
        say(self.phone(line).capture.ladder())

    def do_log(self, line):
        """log PHONE: the end of its log."""
        say(self.phone(line).proc.output()[-3000:].rstrip())

    def do_shell(self, line):
        """shell PHONE: a shell in its network namespace, with PHONED_CONTROL set."""
        phone = self.phone(line)
        env = {**os.environ, "PHONED_CONTROL": phone.control, "PS1": f"{line}$ ",
               "PATH": os.path.dirname(binary("phonectl")) + os.pathsep + os.environ["PATH"]}
        subprocess.run([*phone.namespace.exec, "bash", "--norc"], env=env, check=False)

    def hop(self, name):
        """A proxy by its name."""
        if name.strip() not in self.hops:
            raise ValueError(f"no proxy \"{name}\"; there are: p1, p2")
        return self.hops[name.strip()]

    def phone(self, name):
        """A phone by its name."""
        if name.strip() not in self.phones:
            raise ValueError(f"no command or phone \"{name}\"; phones: alice, bob; commands: help")
        return self.phones[name.strip()]


def say(text):
    """Prints at once."""
    print(text, flush=True)


def build():
    """The whole laboratory: (world, phones by name)."""
    world = World(pair=Variant(transports=("udp", "tcp", "tls")))
    try:
        world.publish(("udp", "tcp", "tls"), with_naptr=True)
        phones = {}
        for name, (user, hz) in PHONES.items():
            ear = world.file(f"ear-{name}.wav")
            phones[name] = world.phone(
                user, audio=f"wav:{demo.microphone(world, user, hz)}:{ear}", auto_answer=name == "bob", impaired=name == "alice",
                line={"UDPUpdate_TTL": KEEP_ALIVE, "Failback_Interval": FAILBACK_INTERVAL})
        for phone in phones.values():
            phone.registered(world.primary_address)
        return world, phones
    except BaseException:
        world.close()
        raise


def play():
    """Brings the laboratory up, and down again in the end."""
    os.makedirs(RECORDS, mode=0o700, exist_ok=True)
    record = os.path.join(RECORDS, str(os.getpid()))
    with open(record, "w") as f:
        f.write(_birth(os.getpid()))
    proc.end_in_order()
    world, complaints = None, []
    say("bringing up two proxies, a name server and two phones …")
    try:
        world, phones = build()
        say(INTRODUCTION.format(
            p1=world.primary_address, p2=world.backup_address, dns=world.dns.address, ca=world.pki.ca, keep_alive=KEEP_ALIVE,
            failback=FAILBACK_INTERVAL, programs=os.path.dirname(binary("phonectl")), control=phones["alice"].control))
        prompt = Prompt(world, phones)
        while True:
            try:
                prompt.cmdloop()
                break
            except KeyboardInterrupt:
                say("")
    finally:
        say("clearing away …")
        if world:
            complaints = world.close()
        proc.end_all()
        os.unlink(record)
    for line in complaints:
        say(f"! {line}")
    return 1 if complaints else 0


def down():
    """Ends every laboratory of this user that was brought up here, and clears away after those that were killed."""
    for record in glob.glob(os.path.join(RECORDS, "*")):
        pid = int(os.path.basename(record))
        with open(record) as f:
            born = f.read()
        if born and _birth(pid) == born:
            os.kill(pid, signal.SIGTERM)
            until(lambda: _birth(pid) != born, f"laboratory {pid} ends", 40, 0.1)
            say(f"laboratory {pid} is down")
        else:
            sweep(pid)
            os.unlink(record)
            say(f"laboratory {pid} was dead; its remains are gone")


def sweep(pid):
    """Ends what runs in the namespaces of a laboratory whose process is gone, and removes them."""
    names = [n for n in proc.run(["ip", "netns", "list"]).stdout.split() if n.startswith(f"lab{pid}-")]
    for name in names:
        for inside in proc.run(["ip", "netns", "pids", name]).stdout.split():
            try:
                os.kill(int(inside), signal.SIGKILL)
            except ProcessLookupError:
                pass
    for name in names:
        proc.run(["ip", "netns", "del", name], check=False)
        shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


def _birth(pid):
    """When a process began, which tells it from a later one with its id; empty if it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return "" if fields[0] == "Z" else fields[19]
    except OSError:
        return ""


def main():
    options = argparse.ArgumentParser(prog="scripts/lab", description=__doc__)
    options.add_argument("--down", action="store_true", help="end what is up and clear away")
    if options.parse_args().down:
        down()
        return 0
    return play()


if __name__ == "__main__":
    sys.exit(main())
