"""The image's own steps, run in a clean folder: what can be proved of it without an engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from config.demo.installation import free_port

_PROJECT = Path(__file__).parents[2]
_DOCKER = _PROJECT / "docker"
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its continued lines joined."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The words of the exec form, or of a plain line."""
        text = self.rest
        return json.loads(text) if text.startswith("[") else shlex.split(text)


def _stages() -> list[list[Instruction]]:
    lines = [
        line
        for line in (_DOCKER / "Dockerfile").read_text().splitlines()
        if not line.startswith("#")
    ]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]
    starts = [i for i, one in enumerate(found) if one.name == "FROM"]
    return [found[a:b] for a, b in zip(starts, [*starts[1:], len(found)], strict=True)]


def _one(stage: list[Instruction], name: str) -> Instruction:
    (only,) = [one for one in stage if one.name == name]
    return only


class Image:
    """A folder that stands for the image's root, filled by the build stage's own steps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.home.mkdir(parents=True)
        (root / "data").mkdir()
        # Only what a bare image has: a system path and its own python. Nothing of this venv.
        python = Path(sys.base_prefix) / "bin"
        (root / "bin").mkdir()
        (root / "bin" / "python").symlink_to(
            python / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        )
        self.env = {
            "PATH": f"{root / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
        }

    def inside(self, text: str) -> str:
        """`text` with the image's absolute paths moved below this folder."""
        return re.sub(r"(?<![\w/.])/(opt|src|data)\b", rf"{self.root}/\1", text)

    def build(self, stage: list[Instruction]) -> None:
        """Run the stage's WORKDIR, COPY and RUN."""
        cwd = self.root
        for one in stage[1:]:
            if one.name == "WORKDIR":
                cwd = Path(self.inside(one.rest))
                cwd.mkdir(parents=True)
            elif one.name == "COPY":
                *sources, target = one.words
                for source in sources:
                    self._copy(_PROJECT / source, cwd / target)
            elif one.name == "RUN":
                subprocess.run(
                    ["/bin/sh", "-ec", self.inside(one.rest)], cwd=cwd, env=self.env, check=True
                )
            else:
                pytest.fail(f"a build step this test does not know: {one}")

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / source.name if target.is_dir() else target)


def test_the_image_builds_migrates_serves_and_answers_its_health_check(tmp_path: Path) -> None:
    build, final = _stages()
    image = Image(tmp_path / "image")
    image.build(build)
    # The final stage keeps nothing of the build but the environment.
    shutil.rmtree(image.root / "src")
    assert _one(final, "COPY").words == ["--from=build", "/opt/kasane", "/opt/kasane"]
    port = free_port()
    for one in final:
        if one.name == "ENV":
            name, _, value = one.rest.partition("=")
            image.env[name] = image.inside(value).replace("$PATH", image.env["PATH"])
    data = Path(image.inside(_one(final, "WORKDIR").rest))
    entry = _one(final, "ENTRYPOINT").words
    serve = [
        {"0.0.0.0": "127.0.0.1", "8000": str(port)}.get(word, word)  # noqa: S104
        for word in _one(final, "CMD").words
    ]

    subprocess.run([*entry, "migrate"], cwd=data, env=image.env, check=True)
    log = (tmp_path / "serve.log").open("wb")
    server = subprocess.Popen(
        [*entry, *serve], cwd=data, env=image.env, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        check = _one(final, "HEALTHCHECK")
        options, command = check.rest.split(" CMD ")
        probe = [word.replace(":8000", f":{port}") for word in json.loads(command)]
        retries = int(re.search(r"--retries=(\d+)", options)[1])
        outcomes = []
        for _ in range(retries * 20):
            outcomes.append(
                subprocess.run(
                    probe, env=image.env, cwd=data, check=False, capture_output=True
                ).returncode
            )
            if outcomes[-1] == 0 or server.poll() is not None:
                break
        assert outcomes[-1] == 0, (tmp_path / "serve.log").read_text()
    finally:
        server.terminate()
        code = server.wait(timeout=30)
        log.close()
    # uvicorn ends in order and then raises the signal again, so that its parent can tell.
    assert code in {0, -signal.SIGTERM}
    assert list(data.iterdir()), "the data folder is where the database went"


def test_the_image_runs_as_a_numbered_user_without_rights() -> None:
    final = _stages()[-1]
    user = _one(final, "USER").rest
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert f"useradd --uid {user.split(':')[0]} " in _one(final, "RUN").rest


def test_everything_installed_is_locked_with_hashes() -> None:
    installs = [
        command
        for stage in _stages()
        for one in stage
        if one.name == "RUN"
        for command in one.rest.split("&&")
        if "pip install" in command
    ]
    assert installs
    for command in installs:
        assert "--require-hashes" in command or "--no-index" in command


def test_compose_starts_the_application_after_a_healthy_database_and_a_migrated_schema() -> None:
    services = yaml.safe_load((_DOCKER / "compose.yml").read_text())["services"]
    assert "healthcheck" in services["db"]
    assert services["migrate"]["command"] == ["migrate"]
    assert services["app"]["depends_on"] == {
        "db": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_compose_holds_no_secret_in_its_own_text() -> None:
    composed = yaml.safe_load((_DOCKER / "compose.yml").read_text())
    for secret in composed["secrets"].values():
        assert set(secret) == {"file"}
    for service in composed["services"].values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or name.endswith("_FILE")
            assert "://kasane:" not in str(value)
