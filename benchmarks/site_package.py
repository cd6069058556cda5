"""The site's zip, and its first import, against the package that Zappa makes by default.

By default Zappa packs the one environment that it runs in, itself and boto3 included, and its own handler. Both zips are
made by Zappa, unpacked, and started as Lambda does: in a process of its own, from files that cannot be written beside, until
the application is loaded. Medians of interleaved runs. STANDARDS: under 30 MB, under 0.5.

    make .envs/zappa/.made && .envs/zappa/bin/python benchmarks/site_package.py
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.results import write  # noqa: E402
from deployment.package import PARTS, package  # noqa: E402

UV = ROOT / ".tools" / "bin" / "uv"
ZAPPAS = ROOT / ".envs" / "zappa" / "bin"
RUNS = 15
OURS = "from webapp.lambda_handler import handler; from webapp.wsgi import site; site()"
DEFAULT = "import handler; from webapp.wsgi import site; handler.LambdaHandler(); site()"
TOLD = {
    "DASIER_API_URL": "http://192.0.2.1",
    "DASIER_SITE_SECRET": "s" * 32,
    "DASIER_SITE_HOSTS": "localhost",
}


def main() -> int:
    """Print sizes, times and the ratio; 1 if a figure is missed."""
    if not (ZAPPAS / "zappa").exists():
        subprocess.run(["make", ".envs/zappa/.made"], cwd=ROOT, check=True)  # noqa: S607
    if Path(sys.prefix) != ZAPPAS.parent:  # it packs for the Python that it runs on
        return subprocess.run([ZAPPAS / "python", __file__], check=False).returncode
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        zips = {"ours": ours(work / "a"), "default": default(work / "b")}
        roots = {name: unpacked(archive, work / name) for name, archive in zips.items()}
        times: dict[str, list[float]] = {"ours": [], "default": []}
        for _ in range(RUNS):
            for name, program in (("ours", OURS), ("default", DEFAULT)):
                times[name].append(started(program, roots[name]))
        sizes = {name: archive.stat().st_size / 1e6 for name, archive in zips.items()}
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        print(f"{name:8} {sizes[name]:5.1f} MB   first import {medians[name] * 1e3:5.0f} ms "
              f"({min(found) * 1e3:.0f}–{max(found) * 1e3:.0f})")  # fmt: skip
    ratio = medians["ours"] / medians["default"]
    print(f"ratio of first imports {ratio:.2f} (standard: under 0.5); size under 30 MB: {sizes['ours'] < 30}")
    rows = [(name, f"{sizes[name]:.1f} MB", f"{medians[name] * 1e3:.0f} ms") for name in sizes]
    figures = {"size_mb": sizes["ours"], "import_ratio": ratio, "sizes_mb": sizes, "imports_s": times}
    write("site_package", f"The site's zip, {RUNS} runs", ("zip", "size", "first import"), rows, figures)
    return int(ratio >= 0.5 or sizes["ours"] >= 30)


def ours(folder: Path) -> Path:
    """Give the zip as `make site` makes it."""
    made = package(folder, UV, json.loads((ROOT / "zappa_settings.json").read_text()))
    return zipped(made.project, ZAPPAS / "zappa", made.environment)


def default(folder: Path) -> Path:
    """Give the zip as Zappa makes it of the same modules, in the environment that it is installed in itself."""
    environment, project = folder / "environment", folder / "project"
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (project / part).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / part, project / part)
    requirements = folder / "requirements.txt"
    subprocess.run(
        [UV, "export", "-q", "--locked", "--extra", "site", "--group", "zappa", "--no-emit-project", "-o", requirements],
        cwd=ROOT, check=True,
    )  # fmt: skip
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([UV, "pip", "install", "-q", "--python", python, "-r", requirements], check=True)
    settings = {
        "prod": {"project_name": "site", "app_function": "webapp.wsgi.app", "use_precompiled_packages": False}
    }
    (project / "zappa_settings.json").write_text(json.dumps(settings))
    return zipped(project, environment / "bin" / "zappa", environment)


def zipped(project: Path, zappa: Path, environment: Path) -> Path:
    """Let Zappa pack what stands in a folder."""
    told = {**os.environ, "VIRTUAL_ENV": str(environment), "AWS_DEFAULT_REGION": "eu-west-3"}
    command = [zappa, "package", "prod", "--output", "site.zip"]
    subprocess.run(command, cwd=project, env=told, check=True, capture_output=True)
    return project / "site.zip"


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack as Lambda does."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def started(program: str, root: Path) -> float:
    """Give the seconds from starting a process to the application being loaded."""
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", **TOLD}
    python = Path(sys.executable).resolve()  # without the libraries of this environment
    begun = time.perf_counter()
    subprocess.run([python, "-S", "-c", program], env=told, cwd=root, check=True, capture_output=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
