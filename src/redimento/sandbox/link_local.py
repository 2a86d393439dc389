"""Cut an account off from link-local addresses: a cloud machine's metadata service hands out its identity there.

A routing rule for the account's number refuses them, which takes CAP_NET_ADMIN. The rules stay: the account is used for
checks alone. Port 53 stays open, since on some clouds the name server has such an address. The messages are described
in rtnetlink(7) and <linux/fib_rules.h>; rules for numbers of accounts and ports exist since Linux 4.17.

Standard library only: the warden uses it.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

# RFC 3927, RFC 4291, and the address at which Azure serves a virtual machine (docs: virtual-network/what-is-ip-address-
# 168-63-129-16).
NETWORKS = (
    (socket.AF_INET, "169.254.0.0", 16),
    (socket.AF_INET, "168.63.129.16", 32),
    (socket.AF_INET6, "fe80::", 10),
)
_NAME_SERVER = 53
_MAIN_TABLE_RULE = 32766  # where the kernel's own rules look up ordinary routes; only local addresses come before ours
RTM_NEWRULE, NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 32, 0x1, 0x4, 0x200, 0x400
FRA_DST, FRA_GOTO, FRA_PRIORITY, FRA_UID_RANGE, FRA_DPORT_RANGE = 1, 4, 6, 20, 24
FR_ACT_GOTO, FR_ACT_PROHIBIT = 2, 8


def cut_off(uid: int) -> int:
    """Refuse link-local addresses to an account. Return the number of the error that makes it impossible, 0 for none."""
    account = _attribute(FRA_UID_RANGE, "=LL", uid, uid)
    rules = (
        (FR_ACT_GOTO, account + _attribute(FRA_PRIORITY, "=L", 1) + _attribute(FRA_GOTO, "=L", _MAIN_TABLE_RULE)
         + _attribute(FRA_DPORT_RANGE, "=HH", _NAME_SERVER, _NAME_SERVER)),
        (FR_ACT_PROHIBIT, account + _attribute(FRA_PRIORITY, "=L", 2)),
    )  # fmt: skip
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            for family, address, length in NETWORKS:
                if family == socket.AF_INET6 and not os.path.exists("/proc/net/if_inet6"):  # noqa: PTH110 - no IPv6
                    continue
                packed = socket.inet_pton(family, address)
                network = _attribute(FRA_DST, f"={len(packed)}s", packed)
                for action, attributes in rules:
                    kernel.send(_new_rule(family, length, action, attributes + network))
                    _, _, _, _, _, error = struct.unpack_from("=LHHLLi", kernel.recv(4096))
                    if error and -error != errno.EEXIST:
                        return int(-error)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _new_rule(family: int, length: int, action: int, attributes: bytes) -> bytes:
    body = struct.pack("=8BL", family, length, 0, 0, 0, 0, 0, action, 0) + attributes
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
    return struct.pack("=LHHLL", 16 + len(body), RTM_NEWRULE, flags, 0, 0) + body


def _attribute(kind: int, shape: str, *values: int | bytes) -> bytes:
    value = struct.pack(shape, *values)  # a multiple of four long, as each has to be
    return struct.pack("=HH", 4 + len(value), kind) + value
