SUMMARY = "The system of a phone"
DESCRIPTION = "A read-only system for a desk phone on a Raspberry Pi 4 (raspberrypi4-64) or in QEMU (qemuarm64). State \
lies on a partition of its own with the label phone-data."
HOMEPAGE = "https://phoned.example"
LICENSE = "MIT"

inherit core-image phoned_source features_check

REQUIRED_DISTRO_FEATURES = "alsa systemd"

IMAGE_FEATURES += "read-only-rootfs"
IMAGE_INSTALL = " \
    packagegroup-core-boot \
    packagegroup-phone \
    kernel-modules \
    ${CORE_IMAGE_EXTRA_INSTALL} \
"
IMAGE_LINGUAS = ""

# A partition table with a data partition beside the system, which an update does not touch.
WKS_FILE = "phone-qemu.wks"
WKS_FILE:raspberrypi4-64 = "phone-raspberrypi.wks"

# QEMU's machine would get a bare file system, without that partition: runqemu takes the disk and brings the kernel.
IMAGE_FSTYPES:append:qemuarm64 = " wic"
WKS_FILE_DEPENDS:qemuarm64 = "${WKS_FILE_DEPENDS_DEFAULT}"
QB_DEFAULT_FSTYPE:qemuarm64 = "wic"
QB_FSINFO:qemuarm64 = "wic:no-kernel-in-fs"
QB_KERNEL_ROOT:qemuarm64 = "/dev/vda1 ro"
