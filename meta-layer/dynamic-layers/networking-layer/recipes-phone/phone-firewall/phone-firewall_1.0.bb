SUMMARY = "Firewall of a phone"
DESCRIPTION = "Lets in SIP from the hops of the phone's lines, sound, the web page and what a network needs."
HOMEPAGE = "https://phoned.example"
SECTION = "net"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=8a9c7cab6105a00674a326f0d25bfb54"

FILESEXTRAPATHS:prepend := "${PHONED_SOURCE}/rootfs-overlay/etc/phoned:${PHONED_SOURCE}/rootfs-overlay/usr/lib/phoned:${PHONED_SOURCE}/rootfs-overlay/usr/lib/systemd/system:${PHONED_SOURCE}:"
SRC_URI = " \
    file://LICENSE \
    file://firewall \
    file://firewall.nft \
    file://phoned-firewall.service \
"

inherit phoned_source systemd features_check

REQUIRED_DISTRO_FEATURES = "systemd"

S = "${UNPACKDIR}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

SYSTEMD_SERVICE:${PN} = "phoned-firewall.service"

do_install() {
    install -d ${D}${sysconfdir}/phoned ${D}${nonarch_libdir}/phoned ${D}${systemd_system_unitdir}
    install -m 0644 ${UNPACKDIR}/firewall.nft ${D}${sysconfdir}/phoned/
    install -m 0755 ${UNPACKDIR}/firewall ${D}${nonarch_libdir}/phoned/
    install -m 0644 ${UNPACKDIR}/phoned-firewall.service ${D}${systemd_system_unitdir}/
}

FILES:${PN} += "${nonarch_libdir}/phoned"

RDEPENDS:${PN} = "nftables phoned"
