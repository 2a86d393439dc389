"""Run a command as on a kernel without Landlock's scopes: 16 domains, the most there can be, leave no room for ours.

All that the command starts is in these domains, so they keep its processes from no other one of them; abstract sockets
they leave alone. Source: docs.kernel.org/userspace-api/landlock, "Ruleset layers". Arguments: the command.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
CREATE_RULESET, RESTRICT_SELF, SCOPE_SIGNAL = 444, 446, 0x2  # <linux/landlock.h>

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
attributes = struct.pack("=QQQ", 0, 0, SCOPE_SIGNAL)
domain = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
while domain >= 0 and libc.syscall(RESTRICT_SELF, domain, 0) == 0:
    pass
os.execv(sys.argv[1], sys.argv[1:])
