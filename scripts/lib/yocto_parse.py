"""Reads the Yocto layer with bitbake's own parser and fetcher, where there is no bitbake: the library comes from PyPI
(bitbake-setup). Classes of openembedded-core are not there and read as empty ones, so this sees syntax, names, files and
what an unpack lays out, not tasks. Usage: yocto_parse.py LAYER"""

import glob
import logging
import os
import re
import sys
import tempfile
import types

# The library wants the client of a server that recipes' hashes are shared through; nothing here uses it.
sys.modules["hashserv"] = types.ModuleType("hashserv")
sys.modules["hashserv.client"] = types.ModuleType("hashserv.client")
sys.modules["hashserv"].client = sys.modules["hashserv.client"]

import bb.data  # noqa: E402
import bb.fetch2  # noqa: E402
import bb.parse  # noqa: E402

MACHINES = ("raspberrypi4-64", "qemuarm64")
NAMES = {"sysconfdir": "/etc", "localstatedir": "/var", "datadir": "/usr/share", "mandir": "/usr/share/man",
         "nonarch_libdir": "/usr/lib", "systemd_system_unitdir": "/usr/lib/systemd/system", "MACHINE_ARCH": "machine",
         "BPN": "${PN}", "BP": "${BPN}-${PV}", "UNPACKDIR": "${WORKDIR}/sources", "S": "${UNPACKDIR}/${BP}",
         "BB_NO_NETWORK": "1"}


def layer_configuration(layer, classes):
    """What layer.conf says."""
    data = bb.data.init()
    bb.parse.init_parser(data)
    data.setVar("BBPATH", classes)
    data.setVar("LAYERDIR", layer)
    data = bb.parse.handle(os.path.join(layer, "conf", "layer.conf"), data, include=True)
    data.expandVarref("LAYERDIR")
    assert data.getVar("LAYERSERIES_COMPAT_phoned") == "wrynose"
    return data


def empty_classes(layer, folder):
    """An empty class for each that recipes inherit, and for the one that every recipe inherits."""
    os.makedirs(os.path.join(folder, "classes"))
    for path in recipes(layer):
        with open(path) as f:
            names = re.findall(r"^inherit (.*)$", f.read(), re.M)
        for name in {"base", *" ".join(names).split()}:
            open(os.path.join(folder, "classes", f"{name}.bbclass"), "w").close()


def recipes(layer):
    return sorted(glob.glob(f"{layer}/recipes-*/*/*.bb") + glob.glob(f"{layer}/dynamic-layers/*/recipes-*/*/*.bb"))


def read(configuration, path, machine, work):
    """A recipe as bitbake reads it for a machine."""
    name, _, version = os.path.basename(path)[:-len(".bb")].partition("_")
    data = bb.data.createCopy(configuration)
    values = {"FILE": path, "THISDIR": os.path.dirname(path), "PN": name, "PV": version or "1.0", "MACHINE": machine,
              "OVERRIDES": f"{machine}:{name}", "WORKDIR": os.path.join(work, machine, name), "TOPDIR": work,
              "TMPDIR": os.path.join(work, "tmp"), "DL_DIR": os.path.join(work, "downloads"),
              "PERSISTENT_DIR": os.path.join(work, "persistent"), "__bbclasstype": "recipe", **NAMES}
    for key, value in values.items():
        data.setVar(key, value)
    recipe = bb.parse.handle(path, data)[""]
    places = (recipe.getVar("FILESEXTRAPATHS") or "").split(":")
    places += [os.path.join(os.path.dirname(path), folder) for folder in (f"{name}-{version}", name, "files")]
    places = [place for place in places if place]
    recipe.setVar("FILESPATH", ":".join([os.path.join(place, machine) for place in places] + places))
    return recipe


def check(recipe):
    """Unpacks the recipe's local files, and looks at its crates; returns how many of each there are."""
    uris = (recipe.getVar("SRC_URI") or "").split()
    local = [uri for uri in uris if uri.startswith("file:")]
    crates = [uri for uri in uris if uri.startswith("crate:")]
    os.makedirs(recipe.getVar("UNPACKDIR"))
    if local:
        fetch = bb.fetch2.Fetch(local, recipe)
        fetch.download()
        fetch.unpack(recipe.getVar("UNPACKDIR"))
        licence = re.match(r"file://([^;]*)", recipe.getVar("LIC_FILES_CHKSUM"))[1]
        assert os.path.exists(os.path.join(recipe.getVar("S"), licence)), f"{licence} is not in S after the unpack"
    if crates:
        fetch = bb.fetch2.Fetch(crates, recipe)
        bare = [uri for uri in crates if not fetch.ud[uri].sha256_expected]
        assert not bare, f"without a checksum: {bare[:3]}"
        for path in ("Cargo.toml", "Cargo.lock", "crates/phoned/Cargo.toml", "rootfs-overlay/etc/phoned/phoned.env"):
            assert os.path.exists(os.path.join(recipe.getVar("S"), path)), f"{path} is not in S after the unpack"
    return len(local), len(crates)


def main():
    layer = os.path.abspath(sys.argv[1])
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("BitBake").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="yocto-parse-") as work:
        classes = os.path.join(work, "stand-ins")
        empty_classes(layer, classes)
        configuration = layer_configuration(layer, classes)
        for path in recipes(layer):
            for machine in MACHINES:
                try:
                    files, crates = check(read(configuration, path, machine, work))
                except Exception as error:
                    sys.exit(f"{path} for {machine}: {error}")
        print(f"{len(recipes(layer))} recipes read for {' and '.join(MACHINES)}, their files unpacked")


if __name__ == "__main__":
    main()
