"""dataprep: from crawl files to clean token shards.

Pipelines::

    report = dataprep.run("pipeline.toml", threads=8, on_progress=print)

Stages as functions, over one text or over a table of any library that speaks Arrow::

    dataprep.extract(html).text
    dataprep.identify("Der Fluss entspringt in den Hügeln.").lang
    verdict = dataprep.rules("gopher")("too short")     # Verdict(keep=False, reason='too_few_words', value=2.0, threshold=50.0, ...)
    polars.DataFrame(dataprep.rules("gopher").batch(frame))

Token shards into a trainer: `dataprep.torch.PackedDataset`, and `dataprep.numpy.PackedDataset` for JAX and the rest.
"""

from ._core import Error, PipelineError, RunError, ShardError, Table, __version__
from ._pipeline import CheckResult, CheckResults, Plan, PlannedStage, Progress, Report, check, plan, run
from ._stage import MinHash, Stage, Verdict, extract, identify, minhash, rules, stage
from ._tokenizer import Tokenizer

__all__ = [
    "CheckResult",
    "CheckResults",
    "Error",
    "MinHash",
    "PipelineError",
    "Plan",
    "PlannedStage",
    "Progress",
    "Report",
    "RunError",
    "ShardError",
    "Stage",
    "Table",
    "Tokenizer",
    "Verdict",
    "__version__",
    "check",
    "extract",
    "identify",
    "minhash",
    "plan",
    "rules",
    "run",
    "stage",
]
