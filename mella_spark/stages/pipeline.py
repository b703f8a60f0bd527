"""All stages in order, and running them one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from mella_spark.lake.tables import Lake
from mella_spark.settings import Settings
from mella_spark.stages import assemble, caption, extract, fetch, filter, translate
from mella_spark.stages.stream import Stage, StageResult, run_stage

STAGES: dict[str, Stage] = {
    module.NAME: module.STAGE for module in (extract, filter, fetch, caption, translate, assemble)
}


def run_pipeline(
    lake: Lake, settings: Settings, names: Sequence[str] = tuple(STAGES)
) -> dict[str, StageResult]:
    """Runs the named stages in the pipeline's order, each until it has caught up.

    Raises ``MellaError`` where one fails; what was committed stays, and the same call goes on.
    """
    return {
        name: run_stage(stage, lake, settings) for name, stage in STAGES.items() if name in names
    }
