"""phoned and other phones as the comparison drives them: start, dial, hang up, stop; each set up for failover as well as it
knows how."""

import os
import socket
import sys

from lab import kamailio, wav
from lab.baresip import Baresip
from lab.phone import Phone, binary, line_items
from lab.proc import Proc, run
from lab.wait import until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USER = "1001"


class Client:
    """A phone of USER in the place (namespace, address) of a world. `ready` is the user's view that it has started; whether
    it is registered is read at the proxies."""

    transports = ("udp", "tcp", "tls")
    packages = ()

    @classmethod
    def prepare(cls):
        """Installs the program if it is not there."""
        missing = [p for p in cls.packages if not run(["dpkg-query", "-W", p], check=False).stdout]
        if missing:
            install(missing)

    def __init__(self, world, transport):
        self.world, self.transport = world, transport
        self.namespace, self.address, self.capture = world.place(101)
        self.folder = world.file(self.name)
        os.makedirs(self.folder, exist_ok=True)
        self.proc = None

    def write(self, name, text):
        """A file in the client's folder; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def spawn(self, argv, **more):
        """Starts the program inside its namespace."""
        self.proc = Proc(self.name, [*self.namespace.exec, *argv], os.path.join(self.folder, "log"), **more)

    def stop(self):
        """Ends it."""
        if self.proc:
            self.proc.stop(timeout=2)


class Phoned(Client):
    """phoned led to both proxies by DNS as the others are, with its defaults: 3 transmissions to a hop, OPTIONS every 30 s,
    registration for 3600 s."""

    name = "phoned"
    setting = ("one line whose domain has SRV records for both proxies, all else by default (keep-alive 30 s, registration "
               "3600 s)")
    _number = {"udp": None, "tcp": 1, "tls": 3}

    def __init__(self, world, transport):
        self.world, self.transport, self.proc = world, transport, None
        self.namespace, self.address, self.capture = world.place(101)
        items = line_items(USER, Transport=self._number[transport], UDPUpdate_TTL=None)
        if transport == "tls":
            items["TLS CA File"] = world.pki.ca
        self.phone = Phone(self.namespace, world.folder, "phoned", self.address, items)

    @staticmethod
    def version():
        return run([binary("phoned"), "--version"]).stdout.split()[-1]

    def start(self):
        self.phone.start()
        self.proc = self.phone.proc

    def dial(self, user):
        self.phone.ctl("call", "dial", user)

    def hang_up(self):
        self.phone.hangup()

    def stop(self):
        self.phone.stop()


class BaresipPeer(Client):
    """baresip: one account, servers found by SRV (its `outbound=` takes one proxy)."""

    name = "baresip"
    packages = ("baresip-core",)
    setting = "one account whose domain has SRV records for both proxies, `regint=60`"

    def __init__(self, world, transport):
        super().__init__(world, transport)
        ca = world.pki.ca if transport == "tls" else None
        self.program = Baresip(self.namespace, self.folder, USER, self.address, None, silence(world),
                               transport=transport, ca=ca)

    @staticmethod
    def version():
        return debian("baresip-core")

    def start(self):
        self.program.launch()
        self.proc = self.program.proc

    def dial(self, user):
        self.program.command("dial", f"sip:{user}@{kamailio.DOMAIN}")

    def hang_up(self):
        self.program.command("hangup")

    def stop(self):
        self.program.stop()


class Linphone(Client):
    """linphonec: one proxy configuration, servers found by SRV."""

    name = "linphone"
    packages = ("linphone-cli",)
    setting = "one account whose domain has SRV records for both proxies, `reg_expires=60`, keep-alives on"

    @staticmethod
    def version():
        return debian("linphone-cli")

    def start(self):
        ports = {t: 5060 if t == self.transport else 0 for t in self.transports}
        tls = f"verify_server_certs=1\nverify_server_cn=1\nroot_ca={self.world.pki.ca}\n" if self.transport == "tls" else ""
        config = self.write("linphonerc", f"""[sip]
sip_port={ports['udp']}
sip_tcp_port={ports['tcp']}
sip_tls_port={ports['tls']}
{tls}default_proxy=0
use_ipv6=0
register_only_when_network_is_up=0
guess_hostname=1
keepalive_period=10000
[net]
dns_srv_enabled=1
mtu=0
[proxy_0]
reg_proxy=<sip:{kamailio.DOMAIN};transport={self.transport}>
reg_identity=sip:{USER}@{kamailio.DOMAIN}
reg_expires=60
reg_sendregister=1
publish=0
[auth_info_0]
username={USER}
userid={USER}
passwd={kamailio.password(USER)}
realm="{kamailio.DOMAIN}"
domain={kamailio.DOMAIN}
[sound]
echocancellation=0
""")
        log = os.path.join(self.folder, "debug")
        env = {**os.environ, "HOME": self.folder}
        os.makedirs(os.path.join(self.folder, ".local", "share", "linphone"), exist_ok=True)
        # It works only while it waits at a terminal for its user.
        self.keyboard, terminal = os.openpty()
        self.spawn(["linphonec", "-c", config, "-d", "6", "-l", log], stdin=terminal, env=env)
        os.close(terminal)

    def dial(self, user):
        self._say(f"call sip:{user}@{kamailio.DOMAIN}")

    def hang_up(self):
        self._say("terminate")

    def _say(self, line):
        os.write(self.keyboard, line.encode() + b"\n")

    def stop(self):
        super().stop()
        if self.proc:
            os.close(self.keyboard)


class Asterisk(Client):
    """Asterisk as a SIP client: chan_pjsip with an outbound registration; servers found by SRV."""

    name = "asterisk"
    setting = ("`chan_pjsip` outbound registration whose domain has SRV records for both proxies, `expiration=60`, "
               "`retry_interval=5`, `max_retries=10000`")

    @classmethod
    def prepare(cls):
        """Debian's stable release has none: the unstable release's is put into a tree of its own."""
        if os.path.exists(os.path.join(cls.root(), "usr/sbin/asterisk")):
            return
        install(["mmdebstrap"])
        print("installing Asterisk from Debian unstable into a tree of its own (some minutes)", file=sys.stderr)
        run(["mmdebstrap", "--variant=apt", "--aptopt=Acquire::Check-Valid-Until \"false\"",
             "--aptopt=APT::Install-Recommends \"false\"", "--include=asterisk,asterisk-modules", "sid", cls.root()], timeout=1200)

    @staticmethod
    def root():
        """Where it is installed: / or a tree of its own, $ASTERISK_ROOT if that is set."""
        own = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "peers", "asterisk")
        return os.environ.get("ASTERISK_ROOT") or ("/" if os.path.exists("/usr/sbin/asterisk") else own)

    @classmethod
    def version(cls):
        return run(["chroot", cls.root(), "asterisk", "-V"]).stdout.split()[1].split("+")[0]

    def start(self):
        root, uri = self.root(), f"sip:{kamailio.DOMAIN}" + ("" if self.transport == "udp" else f"\\;transport={self.transport}")
        for name in ("run", "logs", "db", "spool"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        self.write("asterisk.conf", "[directories]\n" + "".join(f"{k} => {v}\n" for k, v in {
            "astetcdir": "/mnt", "astvarlibdir": "/var/lib/asterisk", "astdbdir": "/mnt/db", "astspooldir": "/mnt/spool",
            "astrundir": "/mnt/run", "astlogdir": "/mnt/logs", "astmoddir": "/usr/lib/x86_64-linux-gnu/asterisk/modules",
            "astdatadir": "/usr/share/asterisk", "astkeydir": "/mnt/db"}.items()))
        self.write("modules.conf", "[modules]\nautoload=no\n" + "".join(f"load={m}.so\n" for m in _ASTERISK_MODULES))
        self.write("logger.conf", "[logfiles]\nfull => notice,warning,error,verbose\n")
        self.write("extensions.conf", "[calls]\nexten => _X.,1,Hangup()\n")
        self.write("rtp.conf", "[general]\n")
        self.write("resolv.conf", f"nameserver {self.world.dns.address}\n")
        if self.transport == "tls":
            with open(self.world.pki.ca) as f:
                self.write("ca.pem", f.read())
        tls = "method=tlsv1_2\nca_list_file=/mnt/ca.pem\nverify_server=yes\n" if self.transport == "tls" else ""
        self.write("pjsip.conf", f"""[wire]
type=transport
protocol={self.transport}
bind={self.address}
{tls}
[account]
type=registration
transport=wire
outbound_auth=account
server_uri={uri}
client_uri=sip:{USER}@{kamailio.DOMAIN}
contact_user={USER}
expiration=60
retry_interval=5
max_retries=10000
[account]
type=auth
auth_type=userpass
username={USER}
password={kamailio.password(USER)}
[proxy]
type=aor
contact={uri}
[proxy]
type=endpoint
transport=wire
context=calls
aors=proxy
outbound_auth=account
from_user={USER}
from_domain={kamailio.DOMAIN}
disallow=all
allow=alaw
direct_media=no
""")
        inside = (f"mount --bind {self.folder} {root}/mnt && mount --bind {self.folder}/resolv.conf {root}/etc/resolv.conf && "
                  f"exec chroot {root} asterisk -C /mnt/asterisk.conf -f -n -q")
        self.spawn(["sh", "-c", inside])
        self._console("core waitfullybooted")

    def dial(self, user):
        suffix = "" if self.transport == "udp" else f";transport={self.transport}"
        self._console(f"channel originate PJSIP/proxy/sip:{user}@{kamailio.DOMAIN}{suffix} application Wait 300")

    def hang_up(self):
        self._console("channel request hangup all")

    def _console(self, command):
        """Gives a command on its console socket, as `asterisk -rx` does; returns what it says."""
        def connect():
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(os.path.join(self.folder, "run", "asterisk.ctl"))
                return s
            except OSError:
                s.close()
                return None
        with until(connect, lambda: f"Asterisk's console\n{self.proc.output()[-2000:]}", 60, 0.05) as s:
            s.settimeout(60)
            s.recv(200)
            s.sendall(b"cli quit after " + command.encode() + b"\0")
            said = b""
            while piece := s.recv(4096):
                said += piece
        return said.decode("utf-8", "replace")


_ASTERISK_MODULES = [
    "res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject", "res_pjsip",
    "res_pjsip_session", "res_pjsip_outbound_registration", "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_authenticator_digest", "res_pjsip_endpoint_identifier_ip", "res_pjsip_endpoint_identifier_user", "res_pjsip_sdp_rtp",
    "res_pjsip_caller_id", "res_pjsip_nat", "res_pjsip_dtmf_info", "res_pjsip_pubsub", "res_rtp_asterisk", "chan_pjsip", "codec_alaw", "codec_ulaw",
    "app_dial", "app_echo", "res_clioriginate", "pbx_config", "bridge_simple", "bridge_softmix",
]

CLIENTS = {c.name: c for c in (Phoned, BaresipPeer, Linphone, Asterisk)}


def install(packages):
    """Installs Debian packages, which only root can."""
    print(f"installing {' '.join(packages)}", file=sys.stderr)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], timeout=600)


def debian(package):
    """The installed version of a Debian package."""
    return run(["dpkg-query", "-W", "-f", "${Version}", package]).stdout


def silence(world):
    """A file for a microphone."""
    path = world.file("silence.wav")
    if not os.path.exists(path):
        wav.tone(path, 440)
    return path
