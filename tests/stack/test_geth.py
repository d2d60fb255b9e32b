"""A real Geth with the flags that docker-compose.yaml gives it, on each network: it starts, the JWT
secret of `init` opens its engine and nothing else does, and `admin` is on its socket alone."""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import socket
import struct
import time
import urllib.error
import urllib.request

import pytest

from conftest import Project, check_secret_and_socket, wait

CHAINS = {"mainnet": "0x1", "sepolia": "0xaa36a7", "hoodi": "0x88bb0"}
OTHER_USER = {"STAKEWATCH_UID": "4711", "STAKEWATCH_GID": "4711", "STAKEWATCH_VERSION": "0.0.1"}


def start(network):
    """Sepolia's belongs to another user than the one that is set by default."""
    other = network == "sepolia"
    made = Project(f"stakewatch-test-{network}", "docker-compose.yaml",
                   "tests/stack/compose.quiet-geth.yaml", COMPOSE_PROFILES="node", NETWORK=network,
                   CHECKPOINT_SYNC_URL=f"https://{network}.example",
                   **(OTHER_USER if other else {}))
    made.network, made.user = network, 4711 if other else 65532
    made.remove()
    if other:
        made.compose("build", "init")
    made.up("geth")
    return made


@pytest.fixture(scope="module")
def nodes(images):  # pylint: disable=unused-argument
    """All of them, started and stopped side by side."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        made = list(pool.map(start, sorted(CHAINS)))
        yield {node.network: node for node in made}
        list(pool.map(Project.remove, made))


@pytest.fixture(params=sorted(CHAINS))
def geth(request, nodes):
    return nodes[request.param]


def over_ipc(geth, method):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(str(geth.volume("geth_ipc") / "geth.ipc"))
        peer.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": []}).encode())
        text = b""
        while not text.endswith(b"\n"):
            text += peer.recv(65536)
    return json.loads(text)


def over_websocket(address, method):
    """One request in one masked frame, one answer of less than 64 KiB in one frame."""
    with socket.create_connection((address, 8546), timeout=5) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: geth:8546\r\nUpgrade: websocket\r\n"
                     b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        stream = peer.makefile("rb")
        assert b" 101 " in stream.readline()
        while stream.readline() not in (b"\r\n", b""):
            pass
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": []}).encode()
        assert len(body) < 126
        peer.sendall(bytes([0x81, 0x80 | len(body)]) + b"\0\0\0\0" + body)
        size = stream.read(2)[1]
        if size == 126:
            (size,) = struct.unpack(">H", stream.read(2))
        return json.loads(stream.read(size))


def engine(geth, secret):
    """The status, and the answer, of a request that only the engine's port takes."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    headers = {"Content-Type": "application/json", "Host": "geth:8551"}
    if secret:
        text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(
            json.dumps({"iat": int(time.time())}).encode())
        signed = hmac.new(bytes.fromhex(secret), text, hashlib.sha256).digest()
        headers["Authorization"] = f"Bearer {(text + b'.' + part(signed)).decode()}"
    request = urllib.request.Request(
        f"http://{geth.address('geth')}:8551", headers=headers,
        data=b'{"jsonrpc":"2.0","id":1,"method":"engine_exchangeCapabilities","params":[[]]}')
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_is_on_the_network(geth):
    assert wait("the socket", lambda: over_ipc(geth, "eth_chainId"))["result"] == CHAINS[geth.network]


def test_the_secret_opens_the_engine(geth):
    secret = (geth.volume("jwt") / "jwt.hex").read_text()
    assert engine(geth, "")[0] == 401
    assert engine(geth, "00" * 32)[0] == 401
    status, text = engine(geth, secret)
    assert status == 200 and "engine_newPayloadV" in text


def test_admin_is_on_the_socket_alone(geth):
    assert "Geth/v1.17.3" in over_ipc(geth, "admin_nodeInfo")["result"]["name"]
    check_secret_and_socket(geth, geth.user)
    address = geth.address("geth")
    assert "result" in over_websocket(address, "eth_blockNumber")
    for method in ("admin_nodeInfo", "admin_peers", "debug_stacks", "txpool_status"):
        assert over_websocket(address, method)["error"]["code"] == -32601, method
    with pytest.raises(OSError):
        socket.create_connection((address, 8545), timeout=5).close()


def test_it_tells_its_own_metrics(geth):
    with urllib.request.urlopen(f"http://{geth.address('geth')}:6060/debug/metrics/prometheus",
                                timeout=5) as answer:
        assert b"p2p_peers" in answer.read()
