"""A small machine with a real kernel, to show that a stock system takes our USB device for what it says.

Debian's kernel and programs come from their packages, unpacked and never installed, into an initramfs that
QEMU boots by plain emulation: no root, no kernel support of the host. The machine reaches nothing but the
USB/IP server it is given (HAR-02, UZ-DEV-06).
"""
