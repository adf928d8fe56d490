SUMMARY = "Where a phone with a read-only root keeps what it must not lose"
DESCRIPTION = "Mounts the data partition, the phone's state on it, and a writable layer over /etc/phoned. The partition \
survives updates of both system slots."
HOMEPAGE = "https://phoned.example"
SECTION = "base"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=8a9c7cab6105a00674a326f0d25bfb54"

FILESEXTRAPATHS:prepend := "${PHONED_SOURCE}:"
SRC_URI = " \
    file://LICENSE \
    file://data.mount \
    file://phone-state.service \
    file://phone-state.sh \
    file://var-lib-phoned.mount \
    file://etc-phoned.mount \
"

inherit phoned_source systemd features_check

REQUIRED_DISTRO_FEATURES = "systemd"

S = "${UNPACKDIR}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

SYSTEMD_SERVICE:${PN} = "data.mount phone-state.service var-lib-phoned.mount etc-phoned.mount"

do_install() {
    install -d ${D}${systemd_system_unitdir} ${D}${nonarch_libdir}/phone-state ${D}/data
    for unit in ${SYSTEMD_SERVICE:phone-state}; do
        install -m 0644 ${UNPACKDIR}/$unit ${D}${systemd_system_unitdir}/
    done
    install -m 0755 ${UNPACKDIR}/phone-state.sh ${D}${nonarch_libdir}/phone-state/prepare
}

FILES:${PN} += "/data ${nonarch_libdir}/phone-state ${systemd_system_unitdir}"

RDEPENDS:${PN} = "e2fsprogs-e2fsck phoned"
