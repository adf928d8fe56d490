SUMMARY = "What makes a board a phone"
DESCRIPTION = "Names of the sound devices, bounds of the log, network, clock, and what an appliance does whose phone \
cannot live, who may use the handset. The files are those of rootfs-overlay; a machine whose sound devices are others has its own asound.conf."
HOMEPAGE = "https://phoned.example"
SECTION = "base"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=8a9c7cab6105a00674a326f0d25bfb54"

# files/MACHINE/asound.conf goes before the common one, which is the device's tree.
FILESEXTRAPATHS:prepend := "${THISDIR}/files:${PHONED_SOURCE}/rootfs-overlay/etc:${PHONED_SOURCE}:"
SRC_URI = " \
    file://LICENSE \
    file://asound.conf \
    file://rootfs-overlay/etc/systemd;subdir=device \
    file://rootfs-overlay/etc/udev;subdir=device \
"

inherit phoned_source features_check

REQUIRED_DISTRO_FEATURES = "systemd"

S = "${UNPACKDIR}"

PACKAGE_ARCH = "${MACHINE_ARCH}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${sysconfdir}
    install -m 0644 ${UNPACKDIR}/asound.conf ${D}${sysconfdir}/asound.conf

    cd ${UNPACKDIR}/device/rootfs-overlay/etc
    for file in $(find systemd udev -type f -name '*.conf' -o -type f -name '*.network' -o -type f -name '*.rules'); do
        install -D -m 0644 $file ${D}${sysconfdir}/$file
    done
}

RDEPENDS:${PN} = "phoned"
# Another asound.conf, if an image has it, is not a phone's.
RCONFLICTS:${PN} = "alsa-state"
