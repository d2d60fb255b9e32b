"""What docker-compose.yaml, the Dockerfile and what they mount promise, by reading them: no Docker is
needed. Their running is tested by tests/stack/."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text()
ENV = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}")
ONE_SHOTS = {"init", "first_answers", "own_validators", "demo_validators", "validator_warning",
             "node_settings", "targets_node", "targets_validator", "targets_demo",
             "targets_jormungandr", "targets_mina", "targets_computehorde", "targets_supervisor",
             "targets_supervisord", "targets_elsewhere"}
# What each profile starts beside the monitoring.
MONITORING = {"init", "page_log", "geth_exporter", "beacon_exporter", "first_answers", "prometheus",
              "alertmanager", "grafana", "loki", "otelcol", "node_exporter"}
PROFILES = {"node": {"geth", "prysm", "node_settings", "own_validators", "targets_node"},
            "validator": {"geth", "prysm", "node_settings", "own_validators", "targets_node",
                          "validator", "validator_warning", "targets_validator"},
            "demo": {"simulator", "demo_validators", "targets_demo"},
            "monitoring-only": {"own_validators", "targets_elsewhere"},
            "jormungandr": {"jormungandr_exporter", "targets_jormungandr"},
            "computehorde": {"computehorde_exporter", "targets_computehorde"},
            "mina": {"mina_exporter", "targets_mina"},
            "supervisor": {"supervisor_exporter", "targets_supervisor"},
            "supervisord": {"supervisord_exporter", "targets_supervisord"}}
P2P = {"geth": {("30303", "tcp"), ("30303", "udp")},
       "prysm": {("13000", "tcp"), ("13000", "udp"), ("12000", "udp")}}
HELP = {"geth": "geth-v1.17.3", "prysm": "beacon-chain-v7.1.6", "validator": "validator-v7.1.6"}


def compose(**environment):
    """The file as Compose reads it with nothing in .env but what is given."""
    text = VARIABLE.sub(lambda found: environment.get(found[1], found[2] or ""), TEXT)
    return yaml.safe_load(text)


STACK = compose()
SERVICES = STACK["services"]
RUNNING = sorted(set(SERVICES) - ONE_SHOTS)


def mounts(service):
    """(source, target, read-only, nocopy) of each mount."""
    for mount in service.get("volumes", []):
        if isinstance(mount, str):
            source, target, *mode = mount.split(":")
            yield source, target, mode == ["ro"], False
        else:
            yield (mount["source"], mount["target"], mount.get("read_only", False),
                   mount.get("volume", {}).get("nocopy", False))


def seconds(duration):
    amount, unit = re.fullmatch(r"(\d+)(s|m|h)", duration).groups()
    return int(amount) * {"s": 1, "m": 60, "h": 3600}[unit]


def stages():
    """The text of each stage of the Dockerfile, by its name."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)[1:]
    return {parts[i + 1]: (parts[i], parts[i + 2]) for i in range(0, len(parts), 3)}


def test_profiles_start_what_they_promise():
    for profile, extra in PROFILES.items():
        started = {name for name, service in SERVICES.items()
                   if profile in service.get("profiles", [profile])}
        assert started == MONITORING | extra, profile
    assert set(SERVICES) == MONITORING.union(*PROFILES.values())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_confined(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged") and "devices" not in service
    assert service.get("network_mode") in (None, "none")
    assert service.get("ipc") is None and service.get("userns_mode") is None
    assert service.get("pid") == ("host" if name == "node_exporter" else None)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_is_root_but_the_log_collector(name):
    user, group = SERVICES[name]["user"].split(":")
    if name == "otelcol":
        assert (user, group) == ("0", "0")
        # Of what is not its own it can change nothing.
        assert [source for source, _, read_only, _ in mounts(SERVICES[name])
                if not read_only] == ["otelcol"]
    else:
        assert int(user) >= 1000 and int(group) >= 1000


def test_the_user_is_one_variable():
    users = set(re.findall(r"user: (\S+)", TEXT))
    assert users == {"${STAKEWATCH_UID:-65532}:${STAKEWATCH_GID:-65532}", '"0:0"'}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_limits(name):
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["logging"] == {"driver": "json-file", "options": {
        "max-size": "20m", "max-file": "3", "labels": "com.docker.compose.service"}}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_version_is_pinned(name):
    assert re.search(r":v?\d+\.\d+\.\d+$", SERVICES[name]["image"]), SERVICES[name]["image"]


def test_alertmanager_is_new_enough():
    version = re.search(r"alertmanager:v(\d+)\.(\d+)", SERVICES["alertmanager"]["image"])
    assert (int(version[1]), int(version[2])) >= (0, 28)


def test_dockers_socket_is_mounted_nowhere():
    for path in ["docker-compose.yaml", ".env.example", *ROOT.glob("prometheus/**/*.y*ml")]:
        assert "docker.sock" not in (ROOT / path).read_text(), path


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_for_peers_or_on_loopback(name):
    for port in SERVICES[name].get("ports", []):
        if port.startswith("127.0.0.1:"):
            assert port in {"127.0.0.1:3000:3000", "127.0.0.1:9090:9090", "127.0.0.1:9093:9093"}
        else:
            outside, inside = port.split(":")
            number, protocol = inside.split("/")
            assert outside == number, "peers would be told another port"
            assert (number, protocol) in P2P.get(name, set())


@pytest.mark.parametrize("name", RUNNING)
def test_a_service_has_a_health_check(name):
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    if service["image"].startswith("stakewatch/") and "/init:" not in service["image"]:
        assert "HEALTHCHECK" in stages()[name][1]
        return
    check = service["healthcheck"]
    assert check["test"][0] == "CMD" and check["interval"] == "10s"
    if "/tools/busybox" in check["test"]:
        assert ("tools", "/tools", True, True) in list(mounts(service))


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_a_one_shot_is_waited_for(name):
    """What nobody waits for, `up --wait` takes for a service that died."""
    assert SERVICES[name]["restart"] == "no"
    assert any(condition["condition"] == "service_completed_successfully"
               for service in SERVICES.values()
               for dependency, condition in service.get("depends_on", {}).items()
               if dependency == name)


def test_nothing_starts_before_the_volumes_are_made():
    for name, service in SERVICES.items():
        if name in ("init", "node_exporter"):
            continue
        assert service["depends_on"]["init"]["condition"] == "service_completed_successfully", name


def test_dependencies_on_other_profiles_are_not_required():
    for name, service in SERVICES.items():
        for dependency, condition in service.get("depends_on", {}).items():
            profiles = SERVICES[dependency].get("profiles")
            if profiles and not set(service.get("profiles", ["always"])) <= set(profiles):
                assert condition.get("required") is False, (name, dependency)


def test_geth_has_time_to_end():
    assert seconds(SERVICES["geth"]["stop_grace_period"]) >= 300
    for name in ("prysm", "prometheus", "loki", "validator"):
        assert seconds(SERVICES[name]["stop_grace_period"]) >= 60


@pytest.mark.parametrize("network", ["mainnet", "sepolia", "hoodi"])
@pytest.mark.parametrize("name", sorted(HELP))
def test_flags_exist(name, network):
    """Of the versions that are pinned: names from their --help, in tests/stack/flags/."""
    known = set((ROOT / f"tests/stack/flags/{HELP[name]}.txt").read_text().split())
    assert HELP[name].rsplit("-", 1)[1] == SERVICES[name]["image"].rsplit(":", 1)[1]
    command = compose(NETWORK=network)["services"][name]["command"]
    flags = [argument.split("=")[0] for argument in command]
    assert f"--{network}" in flags
    assert set(flags) <= known
    assert len(flags) == len(set(flags))


def test_the_recorded_help_has_these_flags():
    """The lists in tests/stack/flags/ against the recordings, where they are at hand."""
    recordings = ROOT.parent / "shared/upstreams"
    paths = {"geth-v1.17.3": "geth/help/geth-v1.17.3.txt",
             "beacon-chain-v7.1.6": "beacon/help/beacon-chain-v7.1.6.txt",
             "validator-v7.1.6": "beacon/help/validator-v7.1.6.txt"}
    if not recordings.is_dir():
        pytest.skip("no recordings beside this checkout")
    for name, path in paths.items():
        text = (recordings / path).read_text()
        for flag in (ROOT / f"tests/stack/flags/{name}.txt").read_text().split():
            assert re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w.-])", text), (name, flag)


@pytest.mark.parametrize("network", ["mainnet", "sepolia", "hoodi"])
def test_the_network_is_one_variable(network):
    services = compose(NETWORK=network)["services"]
    assert services["geth_exporter"]["environment"]["STAKEWATCH_GETH_NETWORK"] == network
    assert services["beacon_exporter"]["environment"]["STAKEWATCH_BEACON_NETWORK"] == network
    assert f"--network={network}" in services["simulator"]["command"]


def test_admin_is_not_open_over_http():
    flags = dict(argument.lstrip("-").partition("=")[::2] for argument in SERVICES["geth"]["command"])
    assert flags["http.addr"] == "127.0.0.1"
    assert flags["http.api"] == flags["ws.api"] == "eth"
    assert "*" not in flags["authrpc.vhosts"]
    assert SERVICES["geth_exporter"]["environment"]["STAKEWATCH_GETH_URL"] == flags["ipcpath"]
    users = {name for name, service in SERVICES.items()
             if any(source == "geth_ipc" for source, *_ in mounts(service))}
    assert users == {"init", "geth", "simulator", "geth_exporter", "beacon_exporter"}


def test_secrets_are_with_those_who_need_them():
    users = {secret: {name for name, service in SERVICES.items()
                      if any(source == secret for source, *_ in mounts(service))}
             for secret in ("jwt", "secrets", "validator")}
    assert users == {"jwt": {"init", "geth", "prysm"}, "secrets": {"init", "grafana"},
                     "validator": {"init", "validator", "validator_warning"}}
    for name in ("geth", "prysm", "grafana"):
        assert all(read_only for source, _, read_only, _ in mounts(SERVICES[name])
                   if source in ("jwt", "secrets"))
    given = {name: service["secrets"] for name, service in SERVICES.items() if "secrets" in service}
    assert given == {"validator": ["wallet_password"],
                     "mina_exporter": ["mina_password"],
                     "supervisor_exporter": ["supervisor_key"],
                     "computehorde_exporter": ["computehorde_password",
                                               "computehorde_redis_password"],
                     "supervisord_exporter": ["supervisord_password"]}
    # No secret stands in an environment, which `docker inspect` shows.
    for service in SERVICES.values():
        for name in service.get("environment", {}):
            assert not re.search(r"PASSWORD$|TOKEN$|SECRET$", name), name


def test_volumes_have_their_owner_from_the_image_of_init():
    """Docker gives a new volume the owner of the folder that it covers: in `init` that is the user
    of .env, anywhere else it would be the user of somebody else's image."""
    made = re.search(r"for name in ([\w \\\n]+); do \\\n\s+mkdir -p -m 0700", DOCKERFILE)[1]
    folders = set(made.replace("\\", " ").split())
    named = set(STACK["volumes"])
    assert folders == named - {"otelcol"}
    own = {source: target for source, target, *_ in mounts(SERVICES["init"]) if source in named}
    assert own == {name: f"/volumes/{name}" for name in folders}
    for name, service in SERVICES.items():
        for source, _, _, nocopy in mounts(service):
            if source in named and name != "init":
                assert nocopy, (name, source)


def test_what_is_mounted_of_this_repository_is_there_and_read_only():
    for name, service in SERVICES.items():
        for source, _, read_only, _ in mounts(service):
            if source.startswith("./") and not source.startswith("./secrets/"):
                assert (ROOT / source).exists() and read_only, (name, source)


def test_env_example_names_every_variable():
    defaults = {}
    for name, default in VARIABLE.findall(TEXT):
        defaults.setdefault(name, set()).add(default)
    settings = dict(re.findall(r"^#? ?([A-Z0-9_]+)=(.*)$", ENV, re.MULTILINE))
    ours = {"STAKEWATCH_VERSION", "DEMO_SLOT"}
    assert set(settings) - {"COMPOSE_PROFILES"} == set(defaults) - ours
    for name, values in defaults.items():
        if name in settings and f"\n# {name}=" in ENV and name in ENV.split("── limits")[1]:
            assert {settings[name]} == values, name


def test_grafana_lets_nobody_in_without_its_password():
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/grafana/admin_password"
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"


def test_monitoring_cannot_fill_the_disk():
    assert any(re.match(r"--storage\.tsdb\.retention\.size=\d+GB", flag)
               for flag in SERVICES["prometheus"]["command"])
    text = (ROOT / "prometheus/loki/loki.yaml").read_text()
    loki = yaml.safe_load(text)
    assert loki["compactor"]["retention_enabled"] is True
    assert loki["limits_config"]["retention_period"].startswith("${LOKI_RETENTION:-")
    assert loki["limits_config"]["ingestion_rate_mb"] <= 4
    assert "-config.expand-env=true" in SERVICES["loki"]["command"]


def test_prometheus_asks_services_of_the_stack():
    config = yaml.safe_load((ROOT / "prometheus/compose/prometheus.yml").read_text())
    assert config["global"]["scrape_interval"] == config["global"]["evaluation_interval"] == "5s"
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    plain = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    # restart_hook runs on supervisord's own host, and in no profile: its README says why.
    assert {job["job_name"] for job in plain["scrape_configs"]} - {"restart_hook"} <= set(jobs)
    for key in ("global", "rule_files"):
        assert plain[key] == config[key]
    assert plain["alerting"]["alert_relabel_configs"] == config["alerting"]["alert_relabel_configs"]
    for name, job in jobs.items():
        discovery = {key for key in job if key.endswith("_configs")}
        assert discovery <= {"static_configs", "file_sd_configs"}, name
        for group in job.get("static_configs", []):
            for target in group["targets"]:
                assert target.split(":")[0] in set(SERVICES) | {"localhost"}, target
    for name in ("geth", "beacon"):
        assert "scrape_interval" not in jobs[name]
        assert jobs[name]["static_configs"][0]["labels"]["node"] == "main"
    assert jobs["upstream"]["scrape_interval"] == "15s"
    # The rules take every job that begins so for our exporters.
    for job in set(jobs) - {"geth", "beacon"} | set(re.findall(r"\b([\w-]+)=\w+:\d+/", TEXT)):
        assert not re.match("geth|beacon", job), job


def test_data_sources_have_the_addresses_of_services():
    sources = yaml.safe_load((ROOT / "dashboards/provisioning/datasources/stakewatch.yml")
                             .read_text())["datasources"]
    for source in sources:
        assert re.match(r"http://([\w]+):", source["url"])[1] in SERVICES
    assert {source["uid"] for source in sources} >= {"prometheus", "loki"}


def test_dockerfile_has_a_target_for_each_program():
    targets = stages()
    programs = {"restart_hook", *(f"{path.name}_exporter" for path
                                  in (ROOT / "exporters").iterdir() if path.is_dir())}
    assert programs | {"simulator", "init"} <= set(targets)
    for name in programs | {"simulator", "init"}:
        base, text = targets[name]
        assert base == "scratch"
        for label in ("title", "description", "licenses", "version"):
            assert f"org.opencontainers.image.{label}=" in text, (name, label)
        assert re.search(r"^USER (65532:65532|\$\{STAKEWATCH_UID\}:\$\{STAKEWATCH_GID\})$", text,
                         re.MULTILINE)
    for name in programs:
        assert f'CMD ["/usr/bin/{name}", "--health"]' in targets[name][1]
    version = re.search(r"project\(stakewatch VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    assert set(re.findall(r'image\.version="([^"]+)"', DOCKERFILE)) == {version[1]}
    assert f"${{STAKEWATCH_VERSION:-{version[1]}}}" in TEXT


def test_dockerfile_builds_without_arguments_and_downloads():
    assert "syntax=" not in DOCKERFILE  # It names an image to pull.
    for base, _ in stages().values():
        assert base in {"debian:trixie-slim", "scratch", "build"}
    for argument in re.findall(r"^ARG (.*)$", DOCKERFILE, re.MULTILINE):
        assert "=" in argument
    # What it installs comes from Debian; its one wget asks the simulator how it is.
    assert not re.search(r"^\s*(RUN|&&|ADD)\b.*(curl |wget |git clone|https?://)", DOCKERFILE,
                         re.MULTILINE)


def test_nothing_is_for_one_architecture_alone():
    """Intrinsics, assembler and compiler flags of one kind of machine. That the sources compile for
    arm64 is shown by tests/stack/arm64.sh."""
    guarded = re.compile(r"^#if( defined\(__SSE2__\)|ndef __SSE4_2__)$.*?^#(else|endif)",
                         re.MULTILINE | re.DOTALL)
    special = re.compile(r"[a-z]mmintrin\.h|arm_neon|__x86_64__|__aarch64__|__SSE|__AVX|\b_mm\d*_"
                         r"|\basm\b|__asm__|-march=|-mtune=|-mavx|-msse")
    for folder, kinds in (("common", "*.h *.cpp *.txt"), ("exporters", "*.h *.cpp *.txt"),
                          ("tests/sim", "*.h *.cpp *.txt")):
        for kind in kinds.split():
            for path in (ROOT / folder).rglob(kind):
                found = special.search(guarded.sub("", path.read_text()))
                assert not found, f"{path}: {found[0]}"
    for path in ("Dockerfile", "CMakeLists.txt", "CMakePresets.json", "scripts/image-root.sh"):
        found = special.search((ROOT / path).read_text())
        assert not found, f"{path}: {found[0]}"


# scripts/stack-init.sh, which needs no more than a POSIX shell.

def init(volumes, *arguments, **environment):
    return subprocess.run(["sh", ROOT / "scripts/stack-init.sh", *arguments], text=True,
                          capture_output=True, timeout=20,
                          env={"PATH": os.environ["PATH"], "STACK_VOLUMES": str(volumes),
                               **environment})


@pytest.fixture(name="volumes")
def make_volumes(tmp_path):
    for name in STACK["volumes"]:
        (tmp_path / "volumes" / name).mkdir(parents=True)
    # There already, as this machine may have none.
    (tmp_path / "volumes/tools/busybox").touch(0o755)
    return tmp_path / "volumes"


def test_targets_are_written_for_prometheus(volumes):
    done = init(volumes, "targets", "node", "upstream-geth=geth:6060/debug/metrics/prometheus",
                "prysm-beacon=prysm:8080/metrics")
    assert done.returncode == 0, done.stderr
    assert json.loads((volumes / "targets/node.json").read_text()) == [
        {"targets": ["geth:6060"], "labels": {
            "job": "upstream-geth", "node": "main",
            "__metrics_path__": "/debug/metrics/prometheus"}},
        {"targets": ["prysm:8080"], "labels": {
            "job": "prysm-beacon", "node": "main", "__metrics_path__": "/metrics"}}]


@pytest.mark.parametrize("wrong", ["geth:6060", "j=geth/metrics", 'j=a:1/x"y', "a=b=c:1/x"])
def test_a_target_that_is_none_is_refused(volumes, wrong):
    done = init(volumes, "targets", "node", wrong)
    assert done.returncode == 1 and "job=host:port/path" in done.stderr
    assert not (volumes / "targets/node.json").exists()


def test_monitoring_only_wants_addresses(volumes):
    done = init(volumes, "targets-elsewhere", GETH_URL="http://10.0.0.5:8545")
    assert done.returncode == 1 and "BEACON_URL" in done.stderr
    done = init(volumes, "targets-elsewhere", GETH_URL="http://a:1", BEACON_URL="http://b:2",
                BEACON_METRICS="b:8080/metrics")
    assert done.returncode == 0, done.stderr
    assert json.loads((volumes / "targets/prysm-validator.json").read_text()) == []
    (group,) = json.loads((volumes / "targets/upstream.json").read_text())
    assert group["targets"] == ["b:8080"] and group["labels"]["job"] == "upstream-beacon"
    # None of them: no targets, and no mistake.
    assert init(volumes, "targets-elsewhere", GETH_URL="http://a:1",
                BEACON_URL="http://b:2").returncode == 0
    assert json.loads((volumes / "targets/upstream.json").read_text()) == []


@pytest.mark.parametrize("wrong, said", [
    ({"CHECKPOINT_SYNC_URL": ""}, "CHECKPOINT_SYNC_URL is not set"),
    ({"CHECKPOINT_SYNC_URL": "beaconstate.ethstaker.cc"}, "does not begin with http"),
    ({"NETWORK": "hoodi"}, "is mainnet's, NETWORK is hoodi"),
    ({"CHECKPOINT_SYNC_URL": "https://checkpoint-sync.sepolia.ethpandaops.io"}, "not of NETWORK="),
    ({"FEE_RECIPIENT": "0x12"}, "40 hexadecimal digits"),
    ({"FEE_RECIPIENT": "0x" + "g" * 40}, "40 hexadecimal digits"),
    ({"FEE_RECIPIENT": "0x" + "0" * 40}, "burnt")])
def test_settings_that_a_client_would_end_of_are_refused(volumes, wrong, said):
    settings = {"NETWORK": "mainnet", "CHECKPOINT_SYNC_URL": "https://beaconstate.ethstaker.cc",
                "FEE_RECIPIENT": ""}
    assert init(volumes, "node", **settings).returncode == 0
    assert init(volumes, "node", **{**settings, "FEE_RECIPIENT": "0x" + "Ab" * 20}).returncode == 0
    done = init(volumes, "node", **{**settings, **wrong})
    assert done.returncode == 1 and said in done.stderr, done.stderr


def test_a_network_that_is_none_is_refused(volumes):
    done = init(volumes, "init", NETWORK="manet")
    assert done.returncode == 1 and "NETWORK=manet" in done.stderr and "hoodi" in done.stderr


@pytest.mark.parametrize("url", ["http://localhost:8545", "http://127.0.0.1:8545"])
def test_the_containers_own_loopback_is_no_node(volumes, url):
    done = init(volumes, "targets-elsewhere", GETH_URL=url, BEACON_URL="http://10.0.0.5:3500")
    assert done.returncode == 1 and "the container itself" in done.stderr
    done = init(volumes, "targets-elsewhere", GETH_URL="http://a:1", BEACON_URL="http://b:2",
                BEACON_METRICS=url.removeprefix("http://") + "/metrics")
    assert done.returncode == 1 and "the container itself" in done.stderr


def test_what_is_mounted_by_a_setting_is_not_made_by_docker():
    """A missing file would become an empty folder of root's."""
    for name, service in yaml.safe_load(TEXT)["services"].items():
        for mount in service.get("volumes", []):
            if "${" in (mount if isinstance(mount, str) else mount["source"]):
                assert not isinstance(mount, str), (name, mount)
                assert mount["bind"] == {"create_host_path": False}, (name, mount)


def test_the_validator_client_waits_until_the_warning_was_read(volumes):
    fees = {"FEE_RECIPIENT": "0x" + "ab" * 20}
    done = init(volumes, "validator-warning", **fees)
    assert done.returncode == 1 and "SLASHING" in done.stdout
    assert init(volumes, "validator-warning", SLASHING_WARNING_READ="yes",
                FEE_RECIPIENT="0x" + "0" * 40).returncode == 1
    assert init(volumes, "validator-warning", SLASHING_WARNING_READ="yes").returncode == 1
    assert init(volumes, "validator-warning", SLASHING_WARNING_READ="yes", **fees).returncode == 0
    # Said once; a restart is not held up.
    done = init(volumes, "validator-warning")
    assert done.returncode == 0 and not done.stdout


def test_targets_are_the_profiles_alone(volumes):
    """init runs again whenever one service is started, and leaves them."""
    for command in (["targets-afresh", "upstream", "upstream-geth=geth:6060/metrics"],
                    ["targets-elsewhere"]):
        (volumes / "targets/old.json").write_text("[]")
        assert init(volumes, "init").returncode == 0
        assert init(volumes, "targets", "supervisord", "supervisord=s:1/metrics").returncode == 0
        assert (volumes / "targets/old.json").exists()
        done = init(volumes, *command, GETH_URL="http://a:1", BEACON_URL="http://b:2")
        assert done.returncode == 0, done.stderr
        left = {path.name for path in (volumes / "targets").iterdir()}
        assert "upstream.json" in left and not {"old.json", "supervisord.json"} & left


def test_the_validators_are_those_of_the_profile(volumes):
    """init runs again whenever one service is started, and leaves them."""
    config = volumes.parent / "config"
    config.mkdir()
    given, watched = config / "validators.txt", volumes / "validators/validators.txt"
    given.write_text("# mine\n0xab north\n7\n")
    assert init(volumes, "demo-validators", "2").returncode == 0
    assert init(volumes, "init", STACK_CONFIG=str(config)).returncode == 0
    assert watched.read_text() == "0 demo\n1 demo\n"
    done = init(volumes, "validators", STACK_CONFIG=str(config))
    assert done.stdout == "Validators in VALIDATORS_FILE: 2\n", done.stderr
    assert watched.read_text() == given.read_text()
    given.write_text("# none yet\n")
    done = init(volumes, "validators", STACK_CONFIG=str(config))
    assert done.returncode == 0 and done.stdout == "Validators in VALIDATORS_FILE: 0\n"


def test_secrets_are_made_once_and_for_their_owner(volumes):
    first = init(volumes, "init")
    assert first.returncode == 0, first.stderr
    token, password = volumes / "jwt/jwt.hex", volumes / "secrets/admin_password"
    assert re.fullmatch(r"[0-9a-f]{64}", token.read_text())
    assert re.fullmatch(r"[0-9a-f]{32}", password.read_text())
    assert token.stat().st_mode & 0o777 == password.stat().st_mode & 0o777 == 0o600
    assert token.read_text() not in first.stdout and password.read_text() not in first.stdout
    kept = token.read_text(), password.read_text()
    assert init(volumes, "init").returncode == 0
    assert (token.read_text(), password.read_text()) == kept


def receivers(volumes, folder, **files):
    """stack-init's answer with these files in prometheus/alertmanager/secrets/."""
    config = folder / "config/alertmanager"
    if not config.exists():
        config.mkdir(parents=True)
        (config / "receivers").symlink_to(ROOT / "prometheus/alertmanager/receivers")
        for path in (ROOT / "prometheus/alertmanager").glob("*.*"):
            (config / path.name).symlink_to(path)
    shutil.rmtree(config / "secrets", ignore_errors=True)
    (config / "secrets").mkdir()
    for name, value in files.items():
        (config / "secrets" / name).write_text(value)
    return init(volumes, "init", STACK_CONFIG=str(folder / "config"))


def assembled(volumes):
    made = yaml.safe_load((volumes / "alertmanager_config/alertmanager.yml").read_text())
    given = yaml.safe_load((ROOT / "prometheus/alertmanager/alertmanager.yml").read_text())
    assert {**made, "receivers": None} == {**given, "receivers": None}
    return {receiver["name"]: receiver for receiver in made["receivers"]}


def test_without_a_receiver_pages_go_to_the_log(volumes, tmp_path):
    done = receivers(volumes, tmp_path, webhook_url="")
    assert done.returncode == 0, done.stderr
    assert "Nobody is paged" in done.stdout and "no heartbeat_url" in done.stdout
    log = [{"url": "http://page_log:8541/cgi-bin/alert", "send_resolved": True}]
    assert assembled(volumes) == {name: {"name": name, "webhook_configs": log}
                                  for name in ("page", "warning", "info", "heartbeat")}


def test_what_is_secret_is_read_by_alertmanager_alone(volumes, tmp_path):
    done = receivers(volumes, tmp_path, webhook_url="https://example.org/hush?a=1&b=%20x\r\n",
                     slack_api_url="https://example.org/hush2\n", heartbeat_url="https://a/hush3")
    assert done.returncode == 0, done.stderr
    assert "Pages go to: slack webhook." in done.stdout and "hush" not in done.stdout
    folder = "/etc/alertmanager/secrets"
    made = assembled(volumes)
    for name in ("page", "warning"):
        assert [one["url_file"] for one in made[name]["webhook_configs"]] == [f"{folder}/webhook_url"]
        assert made[name]["slack_configs"][0]["api_url_file"] == f"{folder}/slack_api_url"
    assert made["heartbeat"]["webhook_configs"][0]["url_file"] == f"{folder}/heartbeat_url"
    kept = {path.name: path for path in (volumes / "alertmanager_config/secrets").iterdir()}
    assert set(kept) == {"webhook_url", "slack_api_url", "heartbeat_url"}
    assert kept["webhook_url"].read_text() == "https://example.org/hush?a=1&b=%20x"
    assert {path.stat().st_mode & 0o777 for path in kept.values()} == {0o600}
    assert "hush" not in (volumes / "alertmanager_config/alertmanager.yml").read_text()
    # What is taken away is gone.
    assert receivers(volumes, tmp_path, slack_api_url="https://a/b").returncode == 0
    assert list((volumes / "alertmanager_config/secrets").iterdir()) == [kept["slack_api_url"]]
    assert "webhook_configs" not in assembled(volumes)["page"]


def test_what_is_no_fault_goes_by_mail_or_to_nobody(volumes, tmp_path):
    mail = {"email_to": "a@b.c", "email_from": "d@e.f", "email_smarthost": "g.h:25"}
    done = receivers(volumes, tmp_path, webhook_url="https://a/b", **mail)
    assert done.returncode == 0, done.stderr
    made = assembled(volumes)
    assert set(made["info"]) == {"name", "email_configs"}
    assert "send_resolved" not in made["info"]["email_configs"][0]
    for name in ("page", "warning"):
        assert made[name]["email_configs"][0]["send_resolved"] is True
    assert receivers(volumes, tmp_path, webhook_url="https://a/b").returncode == 0
    assert assembled(volumes)["info"] == {"name": "info"}


@pytest.mark.parametrize("files, said", [
    ({"webhook_url": "example.org"}, "secrets/webhook_url does not begin with http"),
    ({"ntfy_url": "http://a b"}, "secrets/ntfy_url is no URL"),
    ({"slack_api_url": "http://a#b"}, "secrets/slack_api_url is no URL"),
    ({"heartbeat_url": "ftp://a"}, "secrets/heartbeat_url does not begin with http"),
    ({"email_to": "a\"b"}, "secrets/email_to has a character"),
    ({"slack_url": "https://a/b"}, "secrets/slack_url is of no receiver"),
    ({"pushover_token": "hush"}, "secrets/pushover_token is set for pushover, "
     "secrets/pushover_user_key is not"),
    ({"email_to": "a@b.c", "email_from": "a@b.c"}, "secrets/email_smarthost is not"),
])
def test_a_receiver_that_is_half_set_is_refused(volumes, tmp_path, files, said):
    done = receivers(volumes, tmp_path, **files)
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert "hush" not in done.stderr + done.stdout
    assert not (volumes / "alertmanager_config/alertmanager.yml").exists()


def test_every_file_of_a_receiver_is_in_the_table():
    """docs/receivers.md: one row for each file under secrets/."""
    text = (ROOT / "docs/receivers.md").read_text()
    rows = set(re.findall(r"^\| `([a-z_]+)` ", text, re.MULTILINE))
    used = {"grafana_url"}
    for path in (ROOT / "prometheus/alertmanager/receivers").glob("*.yml"):
        for found in re.findall(r"alertmanager/secrets/(\w+)|@(\w+)@|  # if (\w+)", path.read_text()):
            used |= set(found) - {"", "page", "warning"}
    assert rows == used


@pytest.mark.parametrize("path, mode", [("secrets", 0o700), ("secrets/webhook_url", 0o600)])
def test_a_receiver_that_cannot_be_read_is_no_missing_one(path, mode):
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others.
        work = pathlib.Path(name)
        for volume in STACK["volumes"]:
            (work / "volumes" / volume).mkdir(parents=True)
        (work / "volumes/tools/busybox").touch(0o755)
        for one in [work, *work.rglob("*")]:
            os.chown(one, 65532, 65532)
        (work / "config/alertmanager/secrets").mkdir(parents=True)
        shutil.copytree(ROOT / "prometheus/alertmanager/receivers",
                        work / "config/alertmanager/receivers")
        (work / "config/alertmanager/secrets/webhook_url").write_text("http://a")
        (work / "config/alertmanager" / path).chmod(mode)
        done = subprocess.run(
            ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", "sh", "-s", "init"],
            input=(ROOT / "scripts/stack-init.sh").read_text(), text=True, capture_output=True,
            timeout=20, check=False,
            env={"PATH": os.environ["PATH"], "STACK_VOLUMES": str(work / "volumes"),
                 "STACK_CONFIG": str(work / "config")})
    assert done.returncode == 1 and "cannot be read by user 65532" in done.stderr, done.stdout


def test_a_volume_of_somebody_else_is_named(volumes):
    if os.geteuid() != 0:
        pytest.skip("needs root to give a folder away")
    os.chown(volumes / "prysm", 4242, 4242)
    done = init(volumes, "init")
    assert done.returncode == 1
    assert "prysm belongs to user 4242" in done.stderr and "chown" in done.stderr
