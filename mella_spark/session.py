"""One Spark session for local runs, clusters (spark-submit) and Databricks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mella_spark.errors import MissingDependencyError
from mella_spark.scheduling import is_local
from mella_spark.settings import Settings, conf_dir

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA_MIN = 17
JAVA_HINT = (
    "Install it with: sudo apt-get install -y openjdk-17-jre-headless "
    "(macOS: brew install openjdk@17)."
)
DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "4g",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=4",
    "spark.sql.session.timeZone": "UTC",
    "spark.databricks.delta.snapshotPartitions": "2",
    # VACUUM starts as many tasks as this to list folders; the default is 10,000.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.sql.streaming.metricsEnabled": "false",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
}
GPU_PREFIXES = ("spark.task.resource.gpu", "spark.executor.resource.gpu")


def java_major(text: str) -> int | None:
    """The major version in the output of ``java -version``, or None where there is none."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if not match:
        return None
    major = int(match.group(1))
    return int(match.group(2) or 0) if major == 1 else major


def require_java() -> None:
    """Raises ``MissingDependencyError`` where no Java 17 or newer is to be found."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not Path(java).exists():
        raise MissingDependencyError("Java 17 or newer was not found; Spark needs it.", JAVA_HINT)
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    major = java_major(output)
    if major is None or major < JAVA_MIN:
        found = f"Java {major}" if major else "an unusable Java"
        raise MissingDependencyError(f"Spark needs Java 17 or newer; found {found}.", JAVA_HINT)


def on_databricks() -> bool:
    """Whether this process runs in a Databricks runtime."""
    return "DATABRICKS_RUNTIME_VERSION" in os.environ


def submitted() -> bool:
    """Whether spark-submit started this process, so that the JVM is up already."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def delta_jars_installed() -> bool:
    """Whether Delta's JARs lie among Spark's own, as ``make setup`` puts them."""
    import pyspark

    home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
    return any((home / "jars").glob("delta-spark_*.jar"))


def delta_package() -> str:
    """Maven coordinates of the Delta build that fits the installed pyspark and delta-spark."""
    spark = ".".join(version("pyspark").split(".")[:2])
    return f"io.delta:delta-spark_{spark}_2.13:{version('delta-spark')}"


def log_file() -> Path:
    """Where Spark's own messages go in a session that this process starts."""
    return Path(tempfile.gettempdir()) / f"mella-spark-{os.getpid()}.log"


def local_configuration(settings: Settings) -> dict[str, str]:
    """Spark configuration for a session whose JVM this process starts."""
    configuration = {**LOCAL, **DELTA}
    configuration["spark.driver.extraJavaOptions"] += (
        f" -Dlog4j2.configurationFile={(conf_dir() / 'log4j2.properties').as_uri()}"
        f" -Dmella.log={log_file()}"
    )
    if not delta_jars_installed():
        configuration["spark.jars.packages"] = delta_package()
    configuration.update(settings.spark)
    if is_local(configuration.get("spark.master", "local[*]")):
        # In local mode GPU requests hang tasks for ever, and resource profiles raise.
        configuration = {
            key: value for key, value in configuration.items() if not key.startswith(GPU_PREFIXES)
        }
    return configuration


def runtime_configuration(settings: Settings) -> dict[str, str]:
    """Spark SQL configuration that may be set on any running session."""
    return {
        "spark.sql.shuffle.partitions": str(settings.lake.shuffle_partitions),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "512",
        "parquet.block.size": str(settings.assemble.row_group_bytes),
    }


def get_session(settings: Settings, app: str = "mella") -> SparkSession:
    """The Spark session: the running one, or a new local one with Delta.

    Raises ``MissingDependencyError`` where Java is missing.
    """
    if not on_databricks() and not submitted():
        require_java()
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName(app)
    if not (on_databricks() or submitted() or SparkSession.getActiveSession() is not None):
        configuration = local_configuration(settings)
        builder = builder.master(configuration.pop("spark.master", "local[*]"))
        for key, value in configuration.items():
            builder = builder.config(key, value)
    session = builder.getOrCreate()
    for key, value in runtime_configuration(settings).items():
        session.conf.set(key, value)
    return session


def install_delta_jars() -> Path:
    """Copies Delta's JARs, resolved once by Spark's own resolver, among Spark's JARs.

    Sessions then start without asking a repository. Returns the folder. Used by ``make setup``.
    """
    import pyspark

    jars = Path(pyspark.__file__).parent / "jars"
    if delta_jars_installed():
        return jars
    require_java()
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.jars.packages", delta_package()).getOrCreate()
    listed = session.conf.get("spark.jars")
    session.stop()
    for item in (listed or "").split(","):
        source = Path(item.removeprefix("file:").replace("//", "/"))
        group, _, name = source.name.partition("_")
        if group in ("io.delta", "io.unitycatalog"):
            shutil.copyfile(source, jars / name)
    if not delta_jars_installed():
        raise MissingDependencyError("Delta's JARs could not be resolved.", "Check the network.")
    return jars


if __name__ == "__main__":
    print(install_delta_jars())
