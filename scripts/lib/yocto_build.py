"""What bitbake would do with an unpacked recipe, without its classes: cargo's configuration and build as openembedded-core's
cargo.bbclass and cargo_common.bbclass have them (wrynose), the recipe's own do_install, and which package takes what it
installed. scripts/lib/yocto_parse.py calls it."""

import glob
import os
import shutil
import subprocess

TRIPLE = "aarch64-unknown-linux-gnu"
GNU = "aarch64-linux-gnu"
PROGRAMS = ("phoned", "phonectl")

# bitbake.conf's packages and files, in the order in which they take what is installed.
PACKAGES = {
    "-bash-completion": "${datadir}/bash-completion ${sysconfdir}/bash_completion.d",
    "-dev": "${includedir} ${libdir}/lib*.so ${libdir}/pkgconfig ${datadir}/pkgconfig",
    "-doc": "${docdir} ${mandir} ${infodir}",
    "": "${bindir}/* ${sbindir}/* ${libexecdir}/* ${libdir}/lib*.so.* ${sysconfdir} /com ${localstatedir} ${prefix}/lib/udev "
        "${datadir}/${BPN} ${libdir}/${BPN}/*",
}
NAMES = {"prefix": "/usr", "bindir": "/usr/bin", "sbindir": "/usr/sbin", "libdir": "/usr/lib", "libexecdir": "/usr/libexec",
         "includedir": "/usr/include", "docdir": "/usr/share/doc", "infodir": "/usr/share/info", "D": "${WORKDIR}/image",
         "B": "${WORKDIR}/build", "TARGET_DBGSRC_DIR": "/usr/src/debug/${PN}/${PV}", "CARGO_HOME": "${UNPACKDIR}/cargo_home",
         "DEBUG_PREFIX_MAP": "-ffile-prefix-map=${S}=${TARGET_DBGSRC_DIR} -ffile-prefix-map=${B}=${TARGET_DBGSRC_DIR}",
         "TARGET_CFLAGS": "-O2 -g ${DEBUG_PREFIX_MAP} -pipe",
         "TARGET_LDFLAGS": "-Wl,-O1 -Wl,--hash-style=gnu -Wl,--as-needed -Wl,-z,relro,-z,now",
         **{f"FILES:${{PN}}{suffix}": files for suffix, files in PACKAGES.items()}}


def install(recipe):
    """Runs the recipe's do_install; returns the folder that has the result, or None for a recipe without one."""
    text = recipe.getVar("do_install")
    if not text:
        return None
    folder = recipe.getVar("D")
    os.makedirs(folder, exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "D": folder}
    subprocess.run(["/bin/sh", "-euc", text], env=environment, cwd=recipe.getVar("WORKDIR"), check=True)
    return folder


def everything(folder):
    """Files, links and empty folders below a folder, from the root of the image."""
    found = set()
    for path, folders, files in os.walk(folder):
        if not folders and not files:
            found.add(path)
        found.update(os.path.join(path, name) for name in files)
        found.update(os.path.join(path, name) for name in folders if os.path.islink(os.path.join(path, name)))
    return {path[len(folder):] for path in found}


def packaged(recipe, folder):
    """Which package takes what, as do_package does it: the first whose FILES match. What none takes, a configuration file that
    is not there, and a service that is not, are errors of a real build."""
    name = recipe.getVar("PN")
    # The class systemd adds the services by itself.
    services = (recipe.getVar(f"SYSTEMD_SERVICE:{name}") or "").split()
    units = [os.path.join("/usr/lib/systemd/system", service) for service in services]
    missing = [path for path in units if not os.path.exists(folder + path)]
    missing += [path for path in (recipe.getVar(f"CONFFILES:{name}") or "").split() if not os.path.exists(folder + path)]
    assert not missing, f"not installed: {missing}"
    left, taken = everything(folder), {}
    for suffix in PACKAGES:
        patterns = (recipe.getVar(f"FILES:{name}{suffix}") or "").split() + (units if suffix == "" else [])
        for pattern in patterns:
            for place in glob.glob(folder + pattern):
                place = place[len(folder):]
                mine = {path for path in left if path == place or path.startswith(place + "/")}
                taken.setdefault(name + suffix, set()).update(mine)
                left -= mine
    assert not left, f"installed but not shipped: {sorted(left)}"
    return taken


def script(path, text):
    with open(path, "w") as f:
        f.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)


def configure(recipe, home, wrappers):
    """Cargo's configuration: crates come from where bitbake's fetcher has put them, and from nowhere else."""
    os.makedirs(wrappers)
    for name in ("target-rust-cc", "target-rust-ccld"):
        script(f"{wrappers}/{name}", f'exec {GNU}-gcc {recipe.getVar("TARGET_LDFLAGS")} "$@"')
    script(f"{wrappers}/build-rust-cc", 'exec gcc "$@"')
    host = subprocess.run(["/usr/bin/rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = host.split("host: ")[1].split()[0]
    with open(f"{home}/config.toml", "w") as f:
        f.write(f"""paths = []

[source.bitbake]
directory = "{home}/bitbake"

[source.crates-io]
replace-with = "bitbake"
local-registry = "/nonexistent"

[target.{TRIPLE}]
linker = "{wrappers}/target-rust-ccld"

[target.{host}]
linker = "{wrappers}/build-rust-cc"

[build]
target-dir = "{recipe.getVar("B")}/target"
""")


def environment(recipe, home, wrappers):
    """What do_compile exports: the classes' variables, then the recipe's own."""
    target, flags = f"{wrappers}/target-rust-cc", recipe.getVar("TARGET_CFLAGS")
    ours = {key: recipe.getVar(key) for key in recipe.keys() if recipe.getVarFlag(key, "export", False)}
    return {
        "PATH": "/usr/bin:/bin", "HOME": recipe.getVar("WORKDIR"), "CARGO_HOME": home, "RUST_BACKTRACE": "1",
        "RUSTFLAGS": f"-L {recipe.getVar('WORKDIR')}/recipe-sysroot/usr/lib/rustlib/{TRIPLE}/lib "
                     f"--remap-path-prefix={recipe.getVar('WORKDIR')}={recipe.getVar('TARGET_DBGSRC_DIR')}",
        "CC": target, "TARGET_CC": target, "HOST_CC": f"{wrappers}/build-rust-cc", "AR": f"{GNU}-ar", "TARGET_AR": f"{GNU}-ar",
        "HOST_AR": "ar", "CFLAGS": flags, "TARGET_CFLAGS": flags, "HOST_CFLAGS": "-O2 -pipe", "PKG_CONFIG_ALLOW_CROSS": "1",
        "PKG_CONFIG_LIBDIR": f"/usr/lib/{GNU}/pkgconfig:/usr/share/pkgconfig", **ours,
    }


def compiled(recipe):
    """Builds the recipe and installs its programs as cargo.bbclass does; the rest is the recipe's do_install."""
    home = recipe.getVar("CARGO_HOME")
    wrappers = os.path.join(recipe.getVar("WORKDIR"), "wrapper")
    configure(recipe, home, wrappers)
    os.makedirs(recipe.getVar("B"))
    flags = f"-v --frozen --target {TRIPLE} --release --manifest-path={recipe.getVar('S')}/Cargo.toml".split()
    flags += (recipe.getVar("CARGO_BUILD_FLAGS") or "").split()
    subprocess.run(["/usr/bin/cargo", "build", *flags], env=environment(recipe, home, wrappers), cwd=recipe.getVar("B"), check=True)
    binaries = os.path.join(recipe.getVar("D"), "usr/bin")
    os.makedirs(binaries)
    built = [path for path in glob.glob(f"{recipe.getVar('B')}/target/{TRIPLE}/release/*")
             if os.path.isfile(path) and os.access(path, os.X_OK)]
    assert sorted(map(os.path.basename, built)) == sorted(PROGRAMS), f"built: {built}"
    for path in built:
        shutil.copy(path, binaries)
        acceptable(path, recipe.getVar("WORKDIR"))


def acceptable(program, work):
    """What do_package_qa refuses in a program: another processor, no symbols to split off, no GNU hash, the builder's paths."""
    def said(*command):
        return subprocess.run([*command, program], check=True, capture_output=True, text=True).stdout

    assert "AArch64" in said("readelf", "-h"), f"{program}: not for aarch64"
    assert ".symtab" in said("readelf", "-SW"), f"{program}: already stripped"
    dynamic = said("readelf", "-dW")
    assert "GNU_HASH" in dynamic and "TEXTREL" not in dynamic and "RUNPATH" not in dynamic, f"{program}: {dynamic}"
    with open(program, "rb") as f:
        assert work.encode() not in f.read(), f"{program} contains {work}"
