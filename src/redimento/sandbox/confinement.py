"""Ask the kernel to keep this process, which is about to become a command, from the network and from other processes.

Standard library only: the warden uses it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pathlib
import socket
import struct

PR_SET_DUMPABLE = 4  # <linux/prctl.h>
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # <linux/sched.h>
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # <linux/sockios.h>
# <linux/landlock.h>; the numbers of the system calls are the same on every architecture.
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, LANDLOCK_SCOPES = 444, 446, 0x3


def close_domain(libc: ctypes.CDLL) -> None:
    """Keep the command, even under our own account, from processes and abstract sockets that it did not start.

    It can signal none, read no environment, memory or descriptor of one through /proc, and trace none. Source:
    Landlock's scopes (docs.kernel.org/userspace-api/landlock), Linux 6.12 or newer; an older kernel refuses, and then
    the rest has to do.
    """
    attributes = struct.pack("=QQQ", 0, 0, LANDLOCK_SCOPES)
    domain = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    if domain >= 0:
        libc.syscall(LANDLOCK_RESTRICT_SELF, domain, 0)
        os.close(domain)


def leave_network(libc: ctypes.CDLL) -> None:
    """Enter a network namespace that has only its own loopback, as root or through a user namespace."""
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNET) != 0:
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        # The warden is not dumpable, so /proc/self belongs to root and an ordinary account could not write its maps.
        libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            pathlib.Path("/proc/self", name).write_text(line, encoding="ascii")
    # Loopback is down in a new namespace, but tests start servers on 127.0.0.1.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16sh22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0)))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
