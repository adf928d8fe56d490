"""Phones' files in the Fanvil text form, one each, named by MAC."""

import os
import shutil
import subprocess

from .table import Wrong


def text(items):
    """A configuration file with these items."""
    sip = {name: value for name, value in items.items() if name.upper().startswith("SIP")}
    rest = {name: value for name, value in items.items() if name not in sip}
    lines = ["<<VOIP CONFIG FILE>>Version:2.0000000000", ""]
    for section, part in (("SIP", sip), ("AUTOUPDATE", rest)):
        if part:
            lines += [f"<{section} CONFIG MODULE>", *(f"{name:<24}:{value}" for name, value in part.items()), ""]
    return "\n".join([*lines, "<<END OF FILE>>", ""])


def generate(devices, folder, key_file=None):
    """Writes every device's file; a reader sees the old one or the new one, never half of it."""
    if key_file and not shutil.which(phonectl()):
        raise Wrong(f"{phonectl()} is not there, and only it can seal (set $PHONECTL)")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for device in devices:
        octets = text(device.items).encode()
        if key_file:
            octets = _sealed(octets, key_file)
        path = os.path.join(folder, f"{device.mac}.cfg")
        with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(octets)
        os.replace(f"{path}.new", path)
    print(f"{len(devices)} files in {folder}")
    return 0


def phonectl():
    """The program that seals."""
    return os.environ.get("PHONECTL", "phonectl")


def _sealed(octets, key_file):
    done = subprocess.run([phonectl(), "config", "seal", "--key-file", key_file, "-"], input=octets, capture_output=True)
    if done.returncode != 0:
        raise Wrong(done.stderr.decode(errors="replace").strip())
    return done.stdout
