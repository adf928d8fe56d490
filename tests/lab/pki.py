"""Certificates made when a laboratory starts: its own authority, good ones for the servers and each kind of faulty one.

`openssl` makes them; keys are elliptic, so this takes some tens of milliseconds each.
"""

import os
import threading

from .proc import run

# kind → (who signs, first and last day of validity, whether the names are the server's)
KINDS = {
    "good": ("ca", "20200101000000Z", "20491231000000Z", True),
    "expired": ("ca", "20200101000000Z", "20200201000000Z", True),
    "not yet valid": ("ca", "20490101000000Z", "20491231000000Z", True),
    "wrong name": ("ca", "20200101000000Z", "20491231000000Z", False),
    "unknown issuer": ("stranger", "20200101000000Z", "20491231000000Z", True),
}


class Pki:
    """Authorities `ca` (which phones are told to trust) and `stranger` in a folder; certificates as they are asked for."""

    def __init__(self, folder):
        self.folder = os.path.join(str(folder), "pki")
        os.makedirs(self.folder, exist_ok=True)
        self._lock = threading.Lock()
        self._authority("ca")

    @property
    def ca(self):
        """The PEM file of the authority that signs the good certificates."""
        return self._path("ca.pem")

    def server(self, name, addresses, kind="good", names=()):
        """(certificate, key) as PEM files for a server called `name` and `names` at `addresses`; `kind` as in KINDS."""
        issuer, first, last, own = KINDS[kind]
        alternatives = [f"DNS:{n}" for n in (name, *names)] + [f"IP:{a}" for a in addresses]
        if not own:
            alternatives = ["DNS:somebody-else.test", "IP:10.90.0.254"]
        return self._issue(f"{name}-{kind.replace(' ', '-')}", issuer, first, last, alternatives, "serverAuth")

    def client(self, name, kind="good"):
        """(certificate, key) of a client."""
        issuer, first, last, _ = KINDS[kind]
        return self._issue(f"client-{name}-{kind.replace(' ', '-')}", issuer, first, last, [f"DNS:{name}"], "clientAuth")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _authority(self, name):
        if os.path.exists(self._path(f"{name}.pem")):
            return
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9000",
             "-subj", f"/CN=laboratory {name}", "-keyout", self._path(f"{name}.key"), "-out", self._path(f"{name}.pem"),
             "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        with open(self._path(f"{name}.index"), "w"):
            pass

    def _issue(self, label, issuer, first, last, alternatives, usage):
        certificate, key = self._path(f"{label}.pem"), self._path(f"{label}.key")
        with self._lock:
            if not os.path.exists(certificate):
                self._authority(issuer)
                config, request = self._path(f"{label}.cnf"), self._path(f"{label}.csr")
                with open(config, "w") as f:
                    f.write(_CONFIG.format(folder=self.folder, issuer=issuer, names=",".join(alternatives), usage=usage))
                run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", f"/CN={label}", "-keyout", key, "-out", request])
                run(["openssl", "ca", "-batch", "-notext", "-config", config, "-startdate", first, "-enddate", last,
                     "-in", request, "-out", certificate])
        return certificate, key


_CONFIG = """[ca]
default_ca = lab
[lab]
database = {folder}/{issuer}.index
serial = {folder}/{issuer}.serial
rand_serial = yes
new_certs_dir = {folder}
certificate = {folder}/{issuer}.pem
private_key = {folder}/{issuer}.key
default_md = sha256
unique_subject = no
policy = anything
x509_extensions = leaf
[anything]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = {usage}
subjectAltName = {names}
"""
