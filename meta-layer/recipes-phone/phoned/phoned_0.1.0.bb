SUMMARY = "SIP desk phone that goes on when its proxy does not"
DESCRIPTION = "phoned is a SIP user agent for devices without a screen: registration, calls and hang-ups move to the \
backup proxy when the primary falls silent, and return when it does not. phonectl is its command line."
HOMEPAGE = "https://phoned.example"
BUGTRACKER = "https://phoned.example/issues"
SECTION = "net/misc"
CVE_PRODUCT = "phoned"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=8a9c7cab6105a00674a326f0d25bfb54"

DEPENDS = "alsa-lib"

# The tree that this layer is part of (PHONED_SOURCE, conf/layer.conf): no network is needed for it, and layer and
# source cannot differ. The crates come with their checksums, written by scripts/yocto-crates from Cargo.lock.
FILESEXTRAPATHS:prepend := "${PHONED_SOURCE}:"
SRC_URI = " \
    file://Cargo.toml;subdir=${BP} \
    file://Cargo.lock;subdir=${BP} \
    file://LICENSE;subdir=${BP} \
    file://crates;subdir=${BP} \
    file://packaging;subdir=${BP} \
    file://rootfs-overlay;subdir=${BP} \
"
require ${BPN}-crates.inc

inherit bash-completion cargo phoned_source pkgconfig systemd useradd

CARGO_BUILD_FLAGS += "--package phoned --package phonectl"

# Debug symbols are split off by the build system, not thrown away by cargo.
export CARGO_PROFILE_RELEASE_STRIP = "none"
export CARGO_PROFILE_RELEASE_DEBUG = "line-tables-only"

# The C parts of crates are compiled where they are unpacked: of that place, too, nothing may be left in the programs.
DEBUG_PREFIX_MAP += "-ffile-prefix-map=${CARGO_HOME}=${TARGET_DBGSRC_DIR}/cargo_home"

# Of SQLite what the store uses, as .cargo/config.toml has it.
export LIBSQLITE3_FLAGS = "-USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 \
-USQLITE_ENABLE_RTREE -USQLITE_ENABLE_DBSTAT_VTAB -USQLITE_ENABLE_STAT4 -USQLITE_SOUNDEX \
-USQLITE_ENABLE_LOAD_EXTENSION -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_DEFAULT_PCACHE_INITSZ=0"

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system phoned"
USERADD_PARAM:${PN} = "--system --no-create-home --home-dir ${localstatedir}/lib/phoned --shell /sbin/nologin \
--gid phoned --groups audio phoned"

SYSTEMD_SERVICE:${PN} = "phoned.service phoned-healthy.service"

do_install:append() {
    overlay=${S}/rootfs-overlay

    install -d ${D}${sysconfdir}/phoned ${D}${nonarch_libdir}/phoned ${D}${nonarch_libdir}/tmpfiles.d
    install -d ${D}${nonarch_libdir}/udev/rules.d ${D}${systemd_system_unitdir}
    install -d ${D}${mandir}/man1 ${D}${datadir}/bash-completion/completions
    install -m 0644 ${S}/packaging/man/*.1 ${D}${mandir}/man1/
    install -m 0644 ${S}/packaging/completions/phonectl.bash ${D}${datadir}/bash-completion/completions/phonectl
    install -m 0644 $overlay/etc/phoned/phoned.env ${D}${sysconfdir}/phoned/
    install -m 0755 $overlay/usr/lib/phoned/crash-report ${D}${nonarch_libdir}/phoned/
    install -m 0755 $overlay/usr/lib/phoned/dhcp-options ${D}${nonarch_libdir}/phoned/
    install -m 0644 $overlay/usr/lib/tmpfiles.d/phoned.conf ${D}${nonarch_libdir}/tmpfiles.d/
    install -m 0644 $overlay/usr/lib/udev/rules.d/60-phoned.rules ${D}${nonarch_libdir}/udev/rules.d/
    for unit in ${SYSTEMD_SERVICE:phoned} phoned-crash.path phoned-crash.service; do
        install -m 0644 $overlay/usr/lib/systemd/system/$unit ${D}${systemd_system_unitdir}/
    done
}

FILES:${PN} += "${systemd_system_unitdir}/phoned-crash.* ${nonarch_libdir}/phoned ${nonarch_libdir}/tmpfiles.d ${nonarch_libdir}/udev"
CONFFILES:${PN} += "${sysconfdir}/phoned/phoned.env"

RRECOMMENDS:${PN} += "alsa-conf ca-certificates"
