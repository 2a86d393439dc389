"""Checks cannot reach the addresses at which clouds serve a machine's identity, wherever the machine allows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from redimento.sandbox.isolation import Isolation
from tests.sandbox.stage import SOURCE, Place, needs_root, step

UID = 4242
HTTP, NAME_SERVER = 8080, 53

# Two networks and a wire between them: in the first the checks, in the second a cloud.
SCRIPT = f"""
ip link set lo up
unshare --net sh -c '
    until ip link set v1 up; do sleep 0.05; done 2>/dev/null
    ip addr add 10.9.0.2/24 dev v1; ip -6 addr add fe80::77/64 dev v1 nodad
    for a in 169.254.169.254 168.63.129.16 192.0.2.80; do ip addr add $a/32 dev v1; done
    exec {sys.executable} -c "
import socket, time
servers = [socket.create_server((str(), port), family=socket.AF_INET6, dualstack_ipv6=True) for port in {(HTTP, NAME_SERVER)}]
time.sleep(60)"' &
cloud=$!
trap "kill $cloud" EXIT
until [ "$(readlink /proc/$cloud/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link add v0 type veth peer name v1 netns $cloud
ip addr add 10.9.0.1/24 dev v0; ip -6 addr add fe80::66/64 dev v0 nodad; ip link set v0 up
ip route add default via 10.9.0.2
{sys.executable} "$@"
"""
PROBE = f"""
import os, socket, sys, time
sys.path.insert(0, sys.argv[1])
from redimento.sandbox.link_local import cut_off

def reach(address, port, family=socket.AF_INET):
    scope = (0, socket.if_nametoindex("v0")) if address.startswith("fe80") else ()
    with socket.socket(family) as client:
        client.settimeout(5)
        try:
            client.connect((address, port, *scope))
        except OSError as error:
            return type(error).__name__
        return "reached"

while reach("192.0.2.80", {HTTP}) != "reached":
    time.sleep(0.05)
if sys.argv[2] == "cut off":
    assert [cut_off({UID}), cut_off({UID})] == [0, 0]
child = os.fork()
if child == 0:
    os.setgid({UID})
    os.setuid({UID})
    for address, port in (
        ("169.254.169.254", {HTTP}), ("168.63.129.16", {HTTP}), ("192.0.2.80", {HTTP}),
        ("169.254.169.254", {NAME_SERVER}), ("168.63.129.16", {NAME_SERVER}),
    ):
        print(address, port, reach(address, port))
    for address in ("::ffff:169.254.169.254", "fe80::77"):
        print(address, {HTTP}, reach(address, {HTTP}, socket.AF_INET6))
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
print("root", reach("169.254.169.254", {HTTP}))
"""


def reached(tmp_path: Path, what: str) -> dict[str, str]:
    """Return how connections ended, of an account after `what` was done, and of root."""
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed")
    probe = tmp_path / "probe.py"
    probe.write_text(PROBE)
    line = ["unshare", "--net", "sh", "-c", SCRIPT, "sh", str(probe), str(SOURCE), what]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if "Not supported" in done.stderr or "Unknown device type" in done.stderr:
        pytest.skip("this kernel has no virtual network cables")
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in done.stdout.splitlines()}


OPEN = {
    "169.254.169.254 8080": "reached",
    "168.63.129.16 8080": "reached",
    "192.0.2.80 8080": "reached",
    "169.254.169.254 53": "reached",
    "168.63.129.16 53": "reached",
    "::ffff:169.254.169.254 8080": "reached",
    "fe80::77 8080": "reached",
    "root": "reached",
}


@needs_root
def test_every_account_reaches_them_until_it_is_cut_off(tmp_path: Path) -> None:
    assert reached(tmp_path, "leave open") == OPEN


@needs_root
def test_an_account_that_is_cut_off_reaches_name_servers_and_other_addresses_only(tmp_path: Path) -> None:
    names = ("169.254.169.254 8080", "168.63.129.16 8080", "::ffff:169.254.169.254 8080", "fe80::77 8080")
    assert reached(tmp_path, "cut off") == {**OPEN, **dict.fromkeys(names, "PermissionError")}


@needs_root
def test_a_run_says_that_they_are_cut_off(place: Place, checks_account: str, starter: str) -> None:
    assert step(place, "user", "true", user=starter)["said"].endswith("Link-local addresses are cut off.")


@needs_root
def test_a_run_in_a_container_that_cannot_cut_them_off_says_so(place: Place, checks_account: str) -> None:
    """Docker gives its containers no NET_ADMIN unless it is asked to."""
    said = step(place, "user", "true", without_net_admin=True)["said"]
    assert said.endswith("are open: the container lacks the capability NET_ADMIN.")


def test_process_says_that_they_are_open_unless_there_is_no_network() -> None:
    assert "metadata) are open: cutting them off needs another account." in Isolation("process", "so").sentences
    assert Isolation("process", "so", network=False).sentences.endswith("They have no network.")
