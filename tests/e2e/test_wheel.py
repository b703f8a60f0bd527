"""The wheel, in a virtual environment of its own, away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_carries_jobs_udfs_conf_and_models(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        sizes = {item.filename: item.file_size for item in archive.infolist()}
    for wanted in (
        "jobs/run.py",
        "udfs/caption.py",
        "mella_spark/conf/mella.yaml",
        "mella_spark/conf/languages.yaml",
        "mella_spark/conf/gazetteer/vi.yaml",
        "mella_spark/models/embedded/vlm/model.safetensors",
        "mella_spark/models/embedded/translator/model.safetensors",
    ):
        assert wanted in names
    for model in ("vlm", "translator"):
        folder = f"mella_spark/models/embedded/{model}/"
        assert 0 < sum(size for name, size in sizes.items() if name.startswith(folder)) < 8e6
    assert not [name for name in names if name.startswith("tests/")]


def test_it_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "clean", with_pip=False)
    python = tmp_path / "clean" / "bin" / "python"
    packages = next((tmp_path / "clean" / "lib").glob("python*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # Third-party packages come from this environment; the project itself from the wheel alone:
    # .pth files in a folder that a .pth file names are not read, so the editable install is out.
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    script = (
        "import sys, jobs, udfs, mella_spark\n"
        "from mella_spark.settings import load_settings, conf_dir\n"
        "from mella_spark.text.profiles import load_languages\n"
        "from mella_spark.models import caption_key\n"
        "from mella_spark.cli import main\n"
        "print(mella_spark.__file__, jobs.__file__, udfs.__file__, conf_dir(), sep='\\n')\n"
        "settings = load_settings()\n"
        "assert set(settings.languages.targets) <= set(load_languages())\n"
        "assert caption_key(settings.caption)\n"
        "sys.exit(main(['run', '/none.warc.gz', '--root', 'x']))\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "There is no file /none.warc.gz" in done.stderr
    assert all(line.startswith(str(packages)) for line in done.stdout.splitlines()), done.stdout
