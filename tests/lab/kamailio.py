"""Kamailio as one hop of a pair: registrar with digest authentication, proxy with a location table shared by DMQ.

The configuration is generated, because the variants matter: what a proxy writes into Record-Route, and whether it
takes its peer's address for its own, decide whether a BYE can find its way after a failover.
"""

import os
import re
import shutil

from .proc import Proc, run
from .wait import until

DOMAIN = "example.test"


def password(user):
    """The password of a user in the laboratory's domain."""
    return f"secret-{user}"


class Variant:
    """How the pair behaves.

    alias        each proxy also answers to its peer's address
    record_route "ip", "name" (a name of this proxy alone), "shared-name" (one name for both),
                 "double" (two entries with r2=on) or "b2bua" (no Record-Route; Contact names the proxy)
    transports   what it listens on, of "udp", "tcp" (port 5060) and "tls" (port 5061); udp is always there
    client_certificate   whether TLS clients must show a certificate of the laboratory's authority
    memory       megabytes of shared memory, where the location table is to be large
    outbound     "supported": client-initiated connections (RFC 5626) for phones that offer them, and calls whose Contact
                 has `ob` are sent by the flow that they came by; "required": only such phones may register
    flow_timer   seconds that such a phone is told to ping within (`Flow-Timer`); 0 tells nothing

    Over TCP and TLS a Record-Route says so, and requests to a phone take the connection that it registered by.
    """

    def __init__(self, alias=False, record_route="ip", transports=("udp",), client_certificate=False, memory=32,
                 outbound=None, flow_timer=0):
        self.alias = alias
        self.record_route = record_route
        self.transports = tuple(transports)
        self.client_certificate = client_certificate
        self.outbound = outbound
        self.flow_timer = flow_timer
        self.memory = max(memory, 64) if "tls" in self.transports else memory

    def __repr__(self):
        more = "".join("+" + t for t in self.transports if t != "udp")
        return f"{self.record_route}{'+alias' if self.alias else ''}{more}"


class Kamailio:
    """One proxy at `address`:5060 in the namespace; its peer is at `peer`; `pki` makes its certificates."""

    def __init__(self, namespace, folder, address, peer, variant, name, pki=None):
        self.namespace, self.address, self.variant, self.name = namespace, address, variant, name
        self.pki, self.kind = pki, "good"
        self.folder = os.path.join(str(folder), name)
        os.makedirs(self.folder, exist_ok=True)
        self.control = os.path.join(self.folder, "ctl")
        self.config = os.path.join(self.folder, "kamailio.cfg")
        with open(self.config, "w") as f:
            f.write(_config(self, peer))
        if "tls" in variant.transports:
            self._write_tls()
        self.proc = None

    def start(self, wait=True):
        """Starts it, and waits until it answers on its control socket."""
        runtime = os.path.join(self.folder, "run")
        shutil.rmtree(runtime, ignore_errors=True)
        os.makedirs(runtime)
        if os.path.exists(self.control):
            os.unlink(self.control)
        self.proc = Proc(
            self.name,
            [*self.namespace.exec, "kamailio", "-DD", "-E", "-m", str(self.variant.memory), "-M", "4", "-f", self.config, "-w", self.folder,
             "-Y", runtime, "-P", os.path.join(runtime, "pid")],
            os.path.join(self.folder, "log"),
        )
        if wait:
            self.ready()
        return self

    def ready(self):
        """Waits until it answers."""
        def answers():
            if not self.proc.running():
                raise RuntimeError(f"{self.name} ended: {self.proc.output()[-2000:]}")
            return os.path.exists(self.control) and self._command("core.version", check=False).returncode == 0
        until(answers, f"{self.name} answers", timeout=30, every=0.05)

    def answer_everything_with(self, status, retry_after=None):
        """From now on every request but ACK gets this status (503, say); None ends that."""
        self._set("retry_after", retry_after or 0)
        self._set("all", status or 0)

    def answer_register_with(self, status):
        """From now on every REGISTER gets this status; None ends that."""
        self._set("register", status or 0)

    def present(self, kind):
        """From now on new TLS connections see this kind of certificate (see `pki.KINDS`)."""
        self.kind = kind
        self._write_tls()
        if self.proc and self.proc.running():
            self._command("tls.reload")

    def requests(self, method=None, transport=None, call_id=None):
        """The requests it took in, oldest first, whatever they came by: what a capture can't show of TLS."""
        return [a for a in self._log() if method in (None, a.method) and a.method != "SAVED"
                and call_id in (None, a.call_id) and transport in (None, a.transport)]

    def registrations(self, after=0.0):
        """The REGISTERs that it has answered with 200 since this wall-clock time."""
        return [a for a in self._log() if a.method == "SAVED" and a.t >= after]

    def add_contact(self, user, uri):
        """Puts a contact into the location table, as if its phone had registered, for an hour."""
        self._command("ul.add", "location", f"s:{user}", uri, "3600", "1.0", "s:.", "0", "0", "16383")

    def forget(self, user):
        """Empties the location table of a user's contacts."""
        for name in (user, f"{user}@{DOMAIN}"):
            self._command("ul.rm", "location", name, check=False)

    def contacts(self, user):
        """The contacts that the location table holds for a user."""
        done = self._command("ul.lookup", "location", f"{user}@{DOMAIN}", check=False)
        if done.returncode != 0 or "error" in done.stdout:
            done = self._command("ul.lookup", "location", user, check=False)
        return [line.split("Address:", 1)[1].strip() for line in done.stdout.splitlines() if "Address:" in line]

    def kill(self):
        """Dies at once: what comes to its port is answered with ICMP port unreachable."""
        self.proc.kill()

    def freeze(self):
        """Falls silent."""
        self.proc.freeze()

    def thaw(self):
        """Goes on, and works through all it was sent meanwhile."""
        self.proc.thaw()

    def stop(self):
        """Ends it."""
        if self.proc:
            self.proc.stop(timeout=1)

    def _write_tls(self):
        variant = self.variant
        certificate, key = self.pki.server(f"{self.name}.{DOMAIN}", [self.address], self.kind, (DOMAIN, f"proxies.{DOMAIN}"))
        with open(os.path.join(self.folder, "tls.cfg"), "w") as f:
            f.write(_TLS.format(certificate=certificate, key=key, ca=self.pki.ca,
                                require="yes" if variant.client_certificate else "no"))

    def _log(self):
        found = re.finditer(r"@(\d+\.\d+) (\w+) (\w+) (\S+) (\d+) (\S+)", self.proc.output())
        return [Arrival(*m.groups()) for m in found]

    def _set(self, key, value):
        self._command("htable.seti", "mode", key, str(value))

    def _command(self, *args, check=True):
        return run(["kamcmd", "-s", f"unix:{self.control}", *args], timeout=10, check=check)


class Arrival:
    """A request as a proxy took it in: wall-clock time, method, transport, source "address:port", CSeq and Call-ID."""

    def __init__(self, t, method, transport, source, cseq, call_id):
        self.t, self.method, self.transport, self.source, self.cseq, self.call_id = \
            float(t), method, transport.lower(), source, int(cseq), call_id

    def __repr__(self):
        return f"{self.t:.3f} {self.method} {self.cseq} over {self.transport} from {self.source} [{self.call_id}]"


def _config(hop, peer):
    variant, address = hop.variant, hop.address
    double = variant.record_route == "double"
    streams = [t for t in ("tcp", "tls") if t in variant.transports]
    ports = [5060] + ([5070] if double else []) + ([5061] if "tls" in streams else [])
    # Both proxies live in one namespace, whose kernel would let either connect from the address of the first.
    lines = [_HEAD, "\n".join([*_STREAMS, f"tcp_source_ipv4={address}"]) if streams else "disable_tcp=yes"]
    lines += [f"listen=udp:{address}:5060", f"listen=udp:{address}:5090"]
    lines += [f"listen=udp:{address}:5070"] if double else []
    lines += [f"listen=tcp:{address}:5060"] if "tcp" in streams else []
    lines += ["enable_tls=yes", f"listen=tls:{address}:5061"] if "tls" in streams else []
    lines += [f'alias="{DOMAIN}"', f'alias="{hop.name}.{DOMAIN}"', f'alias="proxies.{DOMAIN}"']
    lines += [f'alias="{peer}:{port}"' for port in ports] if variant.alias else []
    # Before the modules that ask whether it is there.
    lines += ['loadmodule "stun.so"', 'loadmodule "outbound.so"'] if variant.outbound else []
    lines.append(_MODULES.replace("@SELF@", address).replace("@PEER@", peer).replace("@CONTROL@", hop.control)
                 .replace("@DOUBLE@", "1" if double or streams else "0"))
    if variant.outbound:
        lines.append('modparam("registrar", "outbound_mode", 1)')
        lines.append(f'modparam("registrar", "flow_timer", {variant.flow_timer})')
    if "tls" in streams:
        lines.append(f'loadmodule "tls.so"\nmodparam("tls", "config", "{hop.folder}/tls.cfg")')
    record = {
        "ip": "record_route();",
        "double": "record_route();",
        "name": _named(f"{hop.name}.{DOMAIN}", streams),
        "shared-name": _named(f"proxies.{DOMAIN}", streams),
        "b2bua": "route(B2BUA);",
    }[variant.record_route]
    send = f"$fs = \"udp:{address}:5070\";" if double else ""
    lines.append(_ROUTES.replace("@RECORD@", record).replace("@SEND@", send).replace("@DOMAIN@", DOMAIN)
                 .replace("@ALIAS@", 'if ($proto != "udp") force_tcp_alias();' if streams else "")
                 .replace("@DEMAND@", _DEMAND if variant.outbound == "required" else "")
                 .replace("@SELF@", address).replace("@HIDDEN@", "1" if variant.record_route == "b2bua" else "0"))
    return "\n".join(lines) + "\n"


def _named(name, streams):
    """Record-Route by name: one entry where both sides use the same transport, else a pair with the outgoing one first."""
    if not streams:
        return f'record_route_preset("{name}:5060");'
    return (f'$var(near) = "{name}:5060"; $var(far) = "{name}:5060";'
            f'if ($proto == "tcp") $var(near) = "{name}:5060;transport=tcp";'
            f'if ($proto == "tls") $var(near) = "{name}:5061;transport=tls";'
            f'if ($(ru{{uri.transport}}) =~ "[tT][cC][pP]") $var(far) = "{name}:5060;transport=tcp";'
            f'if ($(ru{{uri.transport}}) =~ "[tT][lL][sS]") $var(far) = "{name}:5061;transport=tls";'
            'if ($var(near) == $var(far)) record_route_preset("$var(near)");'
            'else record_route_preset("$var(far);r2=on", "$var(near);r2=on");')


# Kamailio's own demand (`outbound_mode` 2) lets a REGISTER pass that has no Supported at all.
_DEMAND = ('if (!($hdr(Supported) =~ "outbound")) { append_to_reply("Require: outbound\\r\\n"); '
           'sl_send_reply("421", "Extension Required"); exit; }')

_STREAMS = ["tcp_children=2", "tcp_connection_lifetime=3700", "tcp_accept_aliases=yes", "tcp_connect_timeout=4"]

_TLS = """[server:default]
method = TLSv1.2+
certificate = {certificate}
private_key = {key}
ca_list = {ca}
verify_certificate = {require}
require_certificate = {require}
[client:default]
method = TLSv1.2+
certificate = {certificate}
private_key = {key}
ca_list = {ca}
verify_certificate = no
require_certificate = no
"""

_HEAD = """#!KAMAILIO
debug=1
log_stderror=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
use_dns_cache=on
dns_try_ipv6=no
server_signature=no
"""

_MODULES = """
loadmodule "ctl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "htable.so"
loadmodule "dmq.so"
loadmodule "dmq_usrloc.so"
modparam("ctl", "binrpc", "unix:@CONTROL@")
modparam("htable", "htable", "mode=>size=4;")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "use_domain", 0)
modparam("usrloc", "timer_interval", 5)
modparam("registrar", "default_expires", 3600)
modparam("registrar", "min_expires", 10)
modparam("registrar", "max_expires", 7200)
modparam("registrar", "append_branches", 1)
modparam("rr", "append_fromtag", 1)
modparam("rr", "enable_double_rr", @DOUBLE@)
modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", 300)
modparam("auth", "nonce_count", 1)
modparam("auth", "one_time_nonce", 0)
modparam("dmq", "server_address", "sip:@SELF@:5090")
modparam("dmq", "notification_address", "sip:@PEER@:5090")
modparam("dmq", "ping_interval", 60)
modparam("dmq", "num_workers", 1)
modparam("dmq_usrloc", "enable", 1)
modparam("dmq_usrloc", "sync", 1)
"""

_ROUTES = """
request_route {
    if (is_method("KDMQ") && $Rp == 5090) { dmq_handle_message(); exit; }
    xlog("L_NOTICE", "@$TV(Sn) $rm $proto $si:$sp $cs $ci\\n");
    if ($sht(mode=>all) > 0) {
        if (is_method("ACK")) exit;
        if ($sht(mode=>retry_after) > 0) append_to_reply("Retry-After: $sht(mode=>retry_after)\\r\\n");
        sl_send_reply("$sht(mode=>all)", "Laboratory"); exit;
    }
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
    if (!is_method("ACK")) t_check_trans();
    if (has_totag()) { route(WITHIN_DIALOG); exit; }
    if (is_method("REGISTER")) { route(REGISTER); exit; }
    if (is_method("OPTIONS") && uri == myself && $rU == $null) { sl_send_reply("200", "OK"); exit; }
    if (is_method("ACK")) exit;
    route(CALL);
}

route[REGISTER] {
    if ($sht(mode=>register) > 0) { sl_send_reply("$sht(mode=>register)", "Laboratory"); exit; }
    if (!pv_www_authenticate("@DOMAIN@", "secret-$au", "0")) { www_challenge("@DOMAIN@", "1"); exit; }
    consume_credentials();
    @DEMAND@
    @ALIAS@
    if (!save("location")) { sl_reply_error(); exit; }
    xlog("L_NOTICE", "@$TV(Sn) SAVED $proto $si:$sp $cs $ci\\n");
}

route[CALL] {
    if ($fd == "@DOMAIN@" && is_method("INVITE|MESSAGE|REFER|SUBSCRIBE")) {
        if (!pv_proxy_authenticate("@DOMAIN@", "secret-$au", "0")) { proxy_challenge("@DOMAIN@", "1"); exit; }
        consume_credentials();
    }
    remove_hf("Route");
    if (uri == myself || $rd == "@SELF@") {
        if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    }
    if (is_method("INVITE|SUBSCRIBE")) { @RECORD@ }
    @SEND@
    t_on_reply("ANSWER");
    if (!t_relay()) sl_reply_error();
}

route[WITHIN_DIALOG] {
    if (@HIDDEN@ == 1 && $rU =~ "^hop-") {
        $ru = $(rU{s.substr,4,0}{s.decode.hexa});
        route(B2BUA);
        t_on_reply("ANSWER");
        if (!t_relay()) sl_reply_error();
        exit;
    }
    if (loose_route()) {
        if ($du == $null && uri == myself && !is_method("ACK")) {
            if (!lookup("location")) { sl_send_reply("404", "Not Here"); exit; }
        }
        t_on_reply("ANSWER");
        if (!t_relay()) sl_reply_error();
        exit;
    }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not Here");
}

route[B2BUA] {
    if ($hdr(Contact) != $null && @HIDDEN@ == 1) {
        $var(target) = $(ct{tobody.uri}{s.encode.hexa});
        remove_hf("Contact");
        append_hf("Contact: <sip:hop-$var(target)@@SELF@:5060>\\r\\n", "Call-ID");
    }
}

onreply_route[ANSWER] {
    route(B2BUA);
}
"""
