"""The guest's first program: a shell script that sets the machine up and then does what the host asks.

The second serial line carries the asking. The guest says `@@ready` once; then the host writes a line
`NUMBER COMMAND`, and the guest answers with what the command prints and a line `@@NUMBER=STATUS`. The
kernel's log goes to the first line and is never mixed in.
"""

from __future__ import annotations

from typing import Final

ADDRESS: Final = "10.0.2.15"


def server_address(index: int = 0) -> str:
    """Where the guest finds a USB/IP server, on that protocol's own port."""
    return f"10.0.2.{100 + index}"


CABLE: Final = "/cable"
"""A program that keeps the device of a bus id attached: what is pulled is attached again once it is back, and
what nobody takes into use is pulled and put back.

libccid gives a new reader 100 ms to answer, twice; then pcscd lets it lie until it is plugged in anew. A host
that was busy elsewhere for so long loses it, and a user plugs it in again. So does the cable, when no program
has claimed the device for some five seconds; twice as long after each time, for a slow machine is not helped
by haste.

A reader that is pulled while pcscd brings it up can leave pcscd with one that it neither has nor lets go, and
with no eye for any other. What helps a user then is to begin the service anew, and so the cable does from the
second time on.
"""
PCSCD: Final = "/keep-pcscd"
"""A program that runs pcscd, and runs it anew when it ends; what it says goes to /tmp/pcscd.log."""

UNCLAIMED_LOOKS: Final = 25

CABLE_SCRIPT: Final = f"""\
#!/bin/busybox sh
looks=0
patience={UNCLAIMED_LOOKS}
while :; do
  port=$(sed -n 's/^[hs]s  *0*\\([0-9][0-9]*\\) 00[56] .*/\\1/p' /sys/devices/platform/vhci_hcd.0/status)
  if [ -z "$port" ]; then
    looks=0
    usbip attach -r {server_address()} -b "$1" 2>/dev/null
  elif ls /sys/bus/usb/drivers/usbfs | grep -q :; then
    looks=0
    patience={UNCLAIMED_LOOKS}
  elif [ $((looks += 1)) -ge $patience ]; then
    echo "nobody claims the device: pulled after $looks looks"
    looks=0
    if [ $patience -gt {UNCLAIMED_LOOKS} ] && killall -9 pcscd; then
      echo "nobody claims it still: pcscd begins anew"
    fi
    patience=$((patience * 2))
    usbip detach -p "$port"
  fi
  usleep 200000
done
"""

PCSCD_SCRIPT: Final = """\
#!/bin/busybox sh
while :; do
  rm -rf /run/pcscd/*
  pcscd --foreground --info >>/tmp/pcscd.log 2>&1
  usleep 200000
done
"""

KERNEL_ARGUMENTS: Final = (
    "console=ttyS0 loglevel=4 panic=-1 mitigations=off nokaslr no_timer_check rdinit=/init"
)
"""`no_timer_check`: else the kernel counts the timer's ticks against its own loops as it starts, and panics
when an emulator that was held up brought too few.
"""

SCRIPT: Final = f"""\
#!/bin/busybox sh
/bin/busybox --install -s /usr/bin
export PATH=/usr/bin:/usr/sbin HOME=/ LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
mkdir -p /proc /sys /dev /run /tmp /var
ln -s /run /var/run
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module.ko"; done </modules/order
ip link set lo up
ip address add {ADDRESS}/24 dev eth0
ip link set eth0 up
[ -x /setup ] && . /setup
dmesg -n 7
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
echo @@ready
while read -r number command; do
  sh -c "$command" </dev/null
  status=$?
  echo
  echo "@@$number=$status"
done
"""
