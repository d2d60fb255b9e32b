"""Receivers as scripts/stack-init.sh puts them together, in the Alertmanager that is pinned: what
each gets of a page, a warning and their end. No Docker; tests/stack/programs.sh builds the program."""
import datetime
import http.server
import json
import os
import pathlib
import re
import socketserver
import ssl
import subprocess
import sys
import threading
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT, Alertmanager, free_port, http_request, wait_until  # noqa: E402

CACHE = pathlib.Path(os.environ.get("STAKEWATCH_CACHE", pathlib.Path.home() / ".cache/stakewatch"))
VERSION = re.search(r"alertmanager:v([\d.]+)", (ROOT / "docker-compose.yaml").read_text())[1]
ALERTMANAGER, AMTOOL = (CACHE / f"stack/bin/{name}-{VERSION}"
                        for name in ("alertmanager", "amtool"))
PIECES = sorted(path.stem for path in (ROOT / "prometheus/alertmanager/receivers").glob("*.yml"))


def secrets_of(port, smtp_port):
    """The files of each receiver; what is secret has `hush` in it."""
    url = f"http://127.0.0.1:{port}"
    return {
        "discord": {"discord_webhook_url": f"{url}/discord/hush-1"},
        "email": {"email_to": "night@example.org", "email_from": "node@example.org",
                  "email_smarthost": f"127.0.0.1:{smtp_port}", "email_without_tls": "yes"},
        "ntfy": {"ntfy_url": f"{url}/ntfy/hush-2", "ntfy_token": "tk_hush3"},
        "pagerduty": {"pagerduty_routing_key": "hush4"},
        "pushover": {"pushover_user_key": "hush5", "pushover_token": "hush6"},
        "slack": {"slack_api_url": f"{url}/slack/hush-7"},
        "telegram": {"telegram_bot_token": "12:hush8", "telegram_chat_id": "-4711"},
        "webhook": {"webhook_url": f"{url}/webhook/hush-9"},
        "heartbeat": {"heartbeat_url": f"{url}/heartbeat/hush-0"},
    }


def assemble(folder, values):
    """(configuration, what was said) by stack-init, with the paths of this machine."""
    config, volumes = folder / "config/alertmanager", folder / "volumes"
    for name in ("jwt", "secrets", "tools", "targets", "alertmanager_config"):
        (volumes / name).mkdir(parents=True)
    (volumes / "tools/busybox").touch(0o755)
    (config / "secrets").mkdir(parents=True)
    (config / "receivers").symlink_to(ROOT / "prometheus/alertmanager/receivers")
    for path in (ROOT / "prometheus/alertmanager").glob("*.*"):
        (config / path.name).symlink_to(path)
    for name, value in values.items():
        (config / "secrets" / name).write_text(value + "\n")
    done = subprocess.run(["sh", ROOT / "scripts/stack-init.sh", "init"], text=True,
                          capture_output=True, timeout=20, check=False,
                          env={"PATH": os.environ["PATH"], "STACK_VOLUMES": str(volumes),
                               "STACK_CONFIG": str(folder / "config")})
    assert done.returncode == 0, done.stdout + done.stderr
    made = volumes / "alertmanager_config"
    path = made / "alertmanager.yml"
    path.write_text(path.read_text().replace("/etc/alertmanager/", f"{made}/"))
    return path, done.stdout + done.stderr


def check(config):
    done = subprocess.run([AMTOOL, "check-config", config], text=True, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout
    return done.stdout


@pytest.mark.parametrize("name", [*secrets_of(1, 1), "all", "none"])
def test_amtool_accepts(tmp_path, name):
    each = secrets_of(1, 1)
    assert set(PIECES) == {*each, "log"}
    values = each.get(name, {})
    if name == "all":
        values = {file: value for part in each.values() for file, value in part.items()}
        values |= {"email_username": "node", "email_password": "hush, a 'b' #{{",
                   "grafana_url": "https://grafana.example.org/a?b=1&c"}
        del values["email_without_tls"]
    config, said = assemble(tmp_path, values)
    assert "4 receivers" in check(config)
    assert "hush" not in config.read_text() + said
    assert ("Nobody is paged" in said) == (name in ("none", "heartbeat"))
    assert ("no heartbeat_url" in said) == (name not in ("all", "heartbeat"))
    assert ("page_log:8541" in config.read_text()) == (name != "all")
    if name == "all":
        assert "https://grafana.example.org/a?b=1&c" in (
            config.parent / "messages.tmpl").read_text()


class Sink:
    """Everybody's servers: HTTP, HTTPS behind a proxy (Pushover's address cannot be set), SMTP."""

    def __init__(self, folder):
        self.got, self.mails = [], []
        outer = self
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=sink", "-keyout", key, "-out", certificate], check=True,
                       capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)

        class Http(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_CONNECT(self):
                self.send_response(200)
                self.end_headers()
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb")
                self.close_connection = False
                self.handle_one_request()
                self.wfile.flush()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.got.append((self.path, dict(self.headers), body))
                answer = b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1}}}'
                self.send_response(202 if self.path.startswith("/pagerduty") else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Smtp(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 sink\r\n")
                for line in self.rfile:
                    word = line[:4].upper()
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        outer.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                    self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")

        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Http),
                        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp)]
        self.port, self.smtp_port = (server.server_address[1] for server in self.servers)
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def of(self, name, word):
        """What came at a path with `name` in it and has `word` in it: (path, headers, body)."""
        return [(path, headers, body) for path, headers, body in list(self.got)
                if name in path and word in body]

    def one(self, name, word):
        found = wait_until(lambda: self.of(name, word), 20, f"{word} at {name}")
        assert len(found) == 1, found
        return found[0]

    def mail(self, word):
        found = wait_until(lambda: [mail for mail in list(self.mails) if word in mail], 20, word)
        assert len(found) == 1, found
        return found[0]


def post(manager, alertname, severity, ended=False, **labels):
    now = datetime.datetime.now(datetime.timezone.utc)
    alert = {"labels": {"alertname": alertname, "severity": severity, "job": "geth", **labels},
             "annotations": {"summary": "10.0.0.5:19101: the node does not answer",
                             "description": "Cause: el_down. Silent for 12 s, at height 4711.",
                             "node_cause": "disk_full"},
             "endsAt": (now + datetime.timedelta(minutes=0 if ended else 5)).isoformat()}
    answer = http_request(manager.port, "/api/v2/alerts", "POST", json.dumps([alert]),
                          {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text


@pytest.fixture(scope="module", name="sent")
def make_sent(tmp_path_factory):
    """(sink, log, configuration) after a page, a warning, a heartbeat, and the page's end."""
    folder = tmp_path_factory.mktemp("receivers")
    sink = Sink(folder)
    each = secrets_of(sink.port, sink.smtp_port)
    config, _ = assemble(folder, {file: value for part in each.values()
                                  for file, value in part.items()})
    plain = config.read_text()
    text = plain.replace("group_wait: 5s", "group_wait: 1s").replace("15s", "2s")
    text = text.replace("      - user_key_file", "      - http_config: {proxy_url: "
                        f"http://127.0.0.1:{sink.port}, tls_config: {{insecure_skip_verify: true}}}}\n"
                        "        user_key_file")
    config.write_text(text + f"global:\n  pagerduty_url: http://127.0.0.1:{sink.port}/pagerduty\n"
                      f"  telegram_api_url: http://127.0.0.1:{sink.port}/telegram\n")
    manager = Alertmanager(folder, config, free_port(), program=ALERTMANAGER).start()
    try:
        post(manager, "NodeDown", "page", node="main", instance="a", cause="el_down")
        post(manager, "MemoryLow", "warning", node="other", instance="b", cause="memory")
        post(manager, "Watchdog", "none")
        wait_until(lambda: sink.of("heartbeat", "Watchdog"), 20, "the heartbeat")
        wait_until(lambda: len(sink.mails) == 2, 20, "two mails")
        post(manager, "NodeDown", "page", ended=True, node="main", instance="a", cause="el_down")
        wait_until(lambda: len(sink.mails) == 3, 20, "the end of the page")
        yield sink, manager, plain
    finally:
        manager.discard()
        sink.close()


TITLE = "PAGE main: the node does not answer (disk_full)"
WARNING = "WARNING other: the node does not answer (disk_full)"
OVER = "OVER main: the node does not answer (disk_full)"
BOARD = "http://localhost:3000/d/stakewatch-sleep?var-node=main"
RUNBOOK = re.search(r'"NodeDown" }}(\S+)', (
    ROOT / "prometheus/alertmanager/runbooks.tmpl").read_text())[1]
TEXT = ("Cause: el_down. Silent for 12 s, at height 4711.\nNode: disk_full\n"
        f"Runbook: http://localhost:3000/d/stakewatch-runbooks{RUNBOOK}\nBoard: {BOARD}")


def test_discord(sent):
    body = json.loads(sent[0].one("/discord/", "PAGE")[2])
    (embed,) = body["embeds"]
    assert (embed["title"], embed["description"]) == (TITLE, TEXT)
    sent[0].one("/discord/", WARNING)
    sent[0].one("/discord/", OVER)


def test_slack(sent):
    (message,) = json.loads(sent[0].one("/slack/", "PAGE")[2])["attachments"]
    assert (message["title"], message["text"], message["color"]) == (TITLE, TEXT, "danger")
    assert message["title_link"] == BOARD
    assert json.loads(sent[0].one("/slack/", WARNING)[2])["attachments"][0]["color"] == "warning"
    assert json.loads(sent[0].one("/slack/", OVER)[2])["attachments"][0]["color"] == "good"


def test_ntfy(sent):
    """The priority stands in the URL; only a page that fires has the highest."""
    for text, priority in ((TITLE, "5"), (WARNING, "2"), (OVER, "2")):
        path, headers, body = sent[0].one("/ntfy/", f't{text}"')
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        assert asked == {"template": "yes", "title": "{{trim .title}}",
                         "message": "{{trim .message}}", "priority": priority}
        assert headers["Authorization"] == "Bearer tk_hush3"
        message = json.loads(body)
        assert set(message) == {"title", "message"} and message["title"] == "\t" + text
    assert json.loads(sent[0].one("/ntfy/", "PAGE")[2])["message"] == "\t" + TEXT


def test_pagerduty(sent):
    page = json.loads(sent[0].one("/pagerduty", "PAGE")[2])
    assert page["event_action"] == "trigger" and page["routing_key"] == "hush4"
    payload = page["payload"]
    assert (payload["summary"], payload["severity"]) == (TITLE, "critical")
    assert payload["custom_details"]["text"] == "\t" + TEXT
    assert page["client_url"] == BOARD and page["links"][0]["href"].endswith(RUNBOOK)
    warning = json.loads(sent[0].one("/pagerduty", WARNING)[2])
    assert warning["payload"]["severity"] == "warning"
    over = json.loads(sent[0].one("/pagerduty", '"resolve"')[2])
    assert over["dedup_key"] == page["dedup_key"]


def test_pushover(sent):
    """All of it stands in the query."""
    def fields(word):
        path, _, _ = wait_until(lambda: [got for got in list(sent[0].got)
                                         if f"title={word}" in got[0]], 20, word)[0]
        assert path.startswith("/1/messages.json?")
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
    page = fields("PAGE")
    assert (page["title"], page["message"], page["priority"]) == (TITLE, TEXT, "2")
    assert (page["user"], page["token"], page["url"]) == ("hush5", "hush6", BOARD)
    assert fields("WARNING")["priority"] == fields("OVER")["priority"] == "-1"


def test_telegram(sent):
    path, _, body = sent[0].one("/telegram/", "PAGE")
    assert path == "/telegram/bot12:hush8/sendMessage"
    message = json.loads(body)
    assert message["text"] == f"{TITLE}\n{TEXT}" and message["chat_id"] == "-4711"
    assert "disable_notification" not in message and "parse_mode" not in message
    assert json.loads(sent[0].one("/telegram/", WARNING)[2])["disable_notification"] == "true"


def test_webhook_has_all_of_it(sent):
    found = wait_until(lambda: sent[0].of("/webhook/", '"NodeDown"'), 20, "the page")
    message = json.loads(found[0][2])
    assert message["alerts"][0]["labels"]["cause"] == "el_down"
    assert message["alerts"][0]["annotations"]["node_cause"] == "disk_full"


def test_email(sent):
    raw = sent[0].mail(f"Subject: {TITLE}")
    mail = raw.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", "\n")
    assert "To: night@example.org" in mail and "From: node@example.org" in mail
    assert TEXT in mail and "text/html" not in mail
    sent[0].mail(f"Subject: {WARNING}")
    sent[0].mail(f"Subject: {OVER}")


# What a rule of ours says of each, cut short; the words that the mail has beside them.
MAILS = {
    ("TipStale", "page"): ("PAGE pool1: the tip does not move (tip_behind)",
                           "Height 4711 has not changed", "Do other nodes go on?"),
    ("NodeHung", "page"): ("PAGE pool1: the node hangs (jormungandr_down)",
                           "no answer came in time", "Do other nodes go on?"),
    ("TipLag", "page"): ("PAGE pool1: 9 blocks behind (tip_behind)",
                         "behind the best", "Do other nodes go on?"),
    ("BootstrapTooLong", "page"): ("PAGE pool1: bootstrapping without end (jormungandr_down)",
                                   "bootstraps for more than 650 s", "a restart begins anew"),
    ("NodeRestarted", "info"): ("INFO pool1: restart_hook has restarted n1 (restarted)",
                                "stopped and started it", "all that the hook has seen"),
    ("SlotsAssigned", "info"): ("INFO pool1: epoch 42 has begun, 12 slots in the one before "
                                "(slots_assigned)", "12 slots, of which 10", "SlotMissed"),
}


def tell(manager, name, severity, ended=False):
    """One of MAILS, as Prometheus sends it."""
    title, said, _ = MAILS[name, severity]
    summary, cause = re.fullmatch(r"\w+ pool1: (.*) \((\w+)\)", title).groups()
    now = datetime.datetime.now(datetime.timezone.utc)
    alert = {"labels": {"alertname": name, "severity": severity, "job": "jormungandr",
                        "instance": "10.0.0.7:19103", "node": "pool1", "cause": cause,
                        **({"target": "n1"} if name == "NodeRestarted" else
                                         {"pool": "p1"})},
             "annotations": {"summary": f"10.0.0.7:19103: {summary}",
                             "description": f"Cause: {cause}. Figures, {said}."},
             "startsAt": "2026-11-21T22:40:05Z",
             "endsAt": (now + datetime.timedelta(minutes=0 if ended else 5)).isoformat()}
    answer = http_request(manager.port, "/api/v2/alerts", "POST", json.dumps([alert]),
                          {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text


def decoded(mail):
    return mail.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", "\n")


@pytest.fixture(scope="module", name="mailed")
def make_mailed(tmp_path_factory):
    """The sink after one of each of MAILS, and the end of a page and of what is no fault."""
    folder = tmp_path_factory.mktemp("mails")
    sink = Sink(folder)
    each = secrets_of(sink.port, sink.smtp_port)
    config, _ = assemble(folder, {**each["email"], **each["webhook"]})
    text = config.read_text().replace("group_wait: 5s", "group_wait: 1s").replace("15s", "2s")
    # Of these one mutes the other, as it should; here each is looked at.
    config.write_text(re.sub(r"^inhibit_rules:.*?(?=^\w|\Z)", "", text, flags=re.M | re.S))
    manager = Alertmanager(folder, config, free_port(), program=ALERTMANAGER).start()
    try:
        for name, severity in MAILS:
            tell(manager, name, severity)
        wait_until(lambda: len(sink.mails) == len(MAILS), 20, "all mails")
        tell(manager, "SlotsAssigned", "info", ended=True)
        tell(manager, "TipStale", "page", ended=True)
        wait_until(lambda: len(sink.mails) > len(MAILS), 20, "the end of the page")
        yield sink, manager
    finally:
        manager.discard()
        sink.close()


@pytest.mark.parametrize("name, severity", MAILS)
def test_a_mail_for_what_jmanager_mailed(mailed, name, severity):
    title, said, more = MAILS[name, severity]
    mail = decoded(mailed[0].mail(f"Subject: {title}"))
    where = "Node pool1, n1, by" if name == "NodeRestarted" else "Node pool1 of the pool p1, by"
    panel = re.search(rf'"{name}" }}}}(\S+)', (
        ROOT / "prometheus/alertmanager/runbooks.tmpl").read_text())[1]
    for words in (said, more, f"{where} 10.0.0.7:19103, since 2026-11-21 22:40:05 UTC.",
                  f"Runbook: http://localhost:3000/d/stakewatch-runbooks{panel}\n",
                  "Board: http://localhost:3000/d/stakewatch-jormungandr?var-node=pool1\n"):
        assert words in mail, words
    assert "<no value>" not in mail and "text/html" not in mail


def test_the_end_of_a_page_is_mailed_and_that_of_news_is_not(mailed):
    sink, _ = mailed
    over = decoded(sink.mail("Subject: OVER pool1: the tip does not move (tip_behind)"))
    assert "Over: pool1: the tip does not move" in over and "Do other nodes" not in over
    assert not [mail for mail in sink.mails if "OVER" in mail and "slots_assigned" in mail]


def test_news_go_by_mail_alone(mailed):
    sink, _ = mailed
    assert sink.of("/webhook/", '"TipStale"')
    assert not sink.of("/webhook/", "SlotsAssigned") and not sink.of("/webhook/", "NodeRestarted")


def test_the_heartbeat_goes_to_its_own_receiver_alone(sent):
    assert {path for path, _, body in sent[0].got if "Watchdog" in body} == {"/heartbeat/hush-0"}


def test_messages_are_short():
    assert len(TITLE) < 60 and len(TEXT.splitlines()) == 4 and len(TEXT) < 400


def test_no_secret_is_told(sent):
    _, manager, config = sent
    assert "hush" not in config
    assert "hush" not in manager.log()
    assert not any("hush" in str(word) for word in manager.argv)
    assert "hush" not in http_request(manager.port, "/api/v2/status").text
