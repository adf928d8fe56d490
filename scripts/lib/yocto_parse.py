"""Reads the Yocto layer with bitbake's own parser and fetcher, where there is no bitbake: the library comes from PyPI
(bitbake-setup). Classes of openembedded-core are not there and read as empty ones, so this sees syntax, names, files, what an
unpack lays out and what do_install makes of it. Usage: yocto_parse.py LAYER CRATES [--compile]. CRATES is the folder with
cargo's copies of the crates (registry/cache); with --compile phoned is built out of what was unpacked (scripts/lib/yocto_build.py)."""

import glob
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import tomllib
import types

# The library wants the client of a server that recipes' hashes are shared through; nothing here uses it.
sys.modules["hashserv"] = types.ModuleType("hashserv")
sys.modules["hashserv.client"] = types.ModuleType("hashserv.client")
sys.modules["hashserv"].client = sys.modules["hashserv.client"]

import bb.data  # noqa: E402
import bb.fetch2  # noqa: E402
import bb.parse  # noqa: E402
import yocto_build  # noqa: E402

# The rustc of wrynose.
RUSTC = (1, 94)
# The two that the layer knows, and the one that yocto-check-layer takes if it is told none.
MACHINES = ("raspberrypi4-64", "qemuarm64", "qemux86-64")
NAMES = {"sysconfdir": "/etc", "localstatedir": "/var", "datadir": "/usr/share", "mandir": "/usr/share/man",
         "nonarch_libdir": "/usr/lib", "systemd_system_unitdir": "/usr/lib/systemd/system", "MACHINE_ARCH": "machine",
         "BPN": "${PN}", "BP": "${BPN}-${PV}", "UNPACKDIR": "${WORKDIR}/sources", "S": "${UNPACKDIR}/${BP}",
         "BB_NO_NETWORK": "1", **yocto_build.NAMES}


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
    """An empty class for each of others that recipes inherit, and for the one that every recipe inherits."""
    os.makedirs(os.path.join(folder, "classes"))
    for path in recipes(layer):
        with open(path) as f:
            names = re.findall(r"^inherit (.*)$", f.read(), re.M)
        for name in {"base", *" ".join(names).split()}:
            if not os.path.exists(os.path.join(layer, "classes-recipe", f"{name}.bbclass")):
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
    if recipe.getVar("__SKIPPED", False):
        raise LookupError(recipe.getVar("__SKIPPED", False))
    places = (recipe.getVar("FILESEXTRAPATHS") or "").split(":")
    places += [os.path.join(os.path.dirname(path), folder) for folder in (f"{name}-{version}", name, "files")]
    places = [place for place in places if place]
    recipe.setVar("FILESPATH", ":".join([os.path.join(place, machine) for place in places] + places))
    return recipe


def unpack(recipe):
    """Unpacks the recipe's local files, and looks for its licence among them."""
    local = [uri for uri in (recipe.getVar("SRC_URI") or "").split() if uri.startswith("file:")]
    os.makedirs(recipe.getVar("UNPACKDIR"))
    if local:
        fetch = bb.fetch2.Fetch(local, recipe)
        fetch.download()
        fetch.unpack(recipe.getVar("UNPACKDIR"))
        licence = re.match(r"file://([^;]*)", recipe.getVar("LIC_FILES_CHKSUM"))[1]
        assert os.path.exists(os.path.join(recipe.getVar("S"), licence)), f"{licence} is not in S after the unpack"


def unpack_crates(recipe, crates):
    """Unpacks the recipe's crates out of a DL_DIR that has cargo's copies of them, without a network. Returns how many."""
    uris = [uri for uri in recipe.getVar("SRC_URI").split() if uri.startswith("crate:")]
    downloads = recipe.getVar("DL_DIR")
    os.makedirs(downloads)
    for path in glob.glob(os.path.join(crates, "*", "*.crate")):
        os.symlink(path, os.path.join(downloads, os.path.basename(path)))
    fetch = bb.fetch2.Fetch(uris, recipe)
    bare = [uri for uri in uris if not fetch.ud[uri].sha256_expected]
    assert not bare, f"without a checksum: {bare[:3]}"
    fetch.download()
    fetch.unpack(recipe.getVar("UNPACKDIR"))
    with open(os.path.join(recipe.getVar("S"), "Cargo.lock"), "rb") as f:
        locked = [package for package in tomllib.load(f)["package"] if "checksum" in package]
    for package in locked:
        folder = os.path.join(recipe.getVar("UNPACKDIR"), "cargo_home", "bitbake", f"{package['name']}-{package['version']}")
        with open(os.path.join(folder, ".cargo-checksum.json")) as f:
            assert json.load(f)["package"] == package["checksum"], f"{folder}: not the checksum of Cargo.lock"
        with open(os.path.join(folder, "Cargo.toml"), "rb") as f:
            wanted = tomllib.load(f)["package"].get("rust-version", "1")
        assert tuple(map(int, wanted.split(".")[:2])) <= RUSTC, f"{package['name']} wants rustc {wanted}"
    assert len(locked) == len(uris), f"{len(uris)} crates in the recipe, {len(locked)} in Cargo.lock"
    return len(uris)


def check_alone(layer, work):
    """A copy of the layer without the tree around it: each recipe is skipped, and says why. Bitbake would otherwise stop while
    it reads the first, and with it everything else of a build that has the layer."""
    copy = os.path.join(work, "alone", "layer")
    shutil.copytree(layer, copy)
    configuration = layer_configuration(copy, os.path.join(work, "stand-ins"))
    for path in recipes(copy):
        try:
            read(configuration, path, MACHINES[0], work)
        except LookupError as error:
            assert "PHONED_SOURCE" in str(error), error
        else:
            sys.exit(f"{path}: read without phoned's repository, and would not be found at its fetch")


def main():
    layer, crates, build = os.path.abspath(sys.argv[1]), sys.argv[2], "--compile" in sys.argv[3:]
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("BitBake").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="yocto-parse-") as work:
        classes = os.path.join(work, "stand-ins")
        empty_classes(layer, classes)
        configuration = layer_configuration(layer, classes)
        unpacked, owners = 0, {}
        for path in recipes(layer):
            for machine in MACHINES:
                try:
                    recipe = read(configuration, path, machine, work)
                    unpack(recipe)
                    if "crate:" in (recipe.getVar("SRC_URI") or "") and not unpacked:
                        unpacked = unpack_crates(recipe, crates)
                        if build:
                            yocto_build.compiled(recipe)
                    folder = yocto_build.install(recipe)
                    taken = yocto_build.packaged(recipe, folder) if folder else {}
                    for place in (place for places in taken.values() for place in places):
                        other = owners.setdefault((machine, place), path)
                        assert other == path, f"{place} is installed by {other} too, and both may be in an image"
                except Exception as error:
                    sys.exit(f"{path} for {machine}: {error}")
                if machine == MACHINES[0] and build:
                    for name, paths in taken.items():
                        print(f"{name}: {' '.join(sorted(paths))}")
        check_alone(layer, work)
        print(f"{len(recipes(layer))} recipes read for {', '.join(MACHINES)}, their files unpacked, installed and packaged; "
              f"{unpacked} crates unpacked")


if __name__ == "__main__":
    main()
