"""The study file: generators x datasets x metrics under one protocol, in YAML."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PrivateAttr,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bench import fingerprint, plugins, protocols
from bench.choice import Choice, Strict
from bench.datasets.splits import By, Side, SplitRule
from bench.errors import UserMistake, problem_in_words, shown
from bench.prompts.recognition import NONE, named_recogniser
from bench.prompts.rules import ImageRule, PromptRules, TextRule, VoiceRule
from bench.remote.address import Address, path_or_address
from bench.stress.variants import Stress, stressed
from bench.strict_yaml import read_yaml, write_yaml
from bench.study_files import shipped, shipped_text, user_text
from bench.sweep import Best, GeneratorChoice, swept
from metrics.base.hints import nearest
from metrics.weights import WeightsError

BOUNDS = ("ceiling", "chance")
_SHIPPED = "studies"
"""Folder of those that ship."""
Unequal = Literal["score", "skip", "fail"]


class Protocol(Strict):
    """What every clip is brought to before anything is measured.

    Attributes:
        fps: frames per second, converted from real timestamps.
        sample_rate: Hz; the soundtrack is mixed to mono and resampled once.
        max_seconds: only the first seconds of a clip count (the paper takes 10).
        min_seconds: a shorter clip is skipped and counted.
        reader: decoder of the frames.
        codec, crf: how generated frames are encoded before they are measured: H.264's constant rate factor, 0 (nearly
            lossless) to 51. What people play is what is measured; sound is kept without loss.
        unequal: what becomes of a pair whose lengths differ by more than two frames: it is scored (and counted), it is
            skipped as a failure, or the whole cell is missing.
        transcripts, text, voice, image: how prompts are made from clips, see `PromptRules`.
    """

    fps: float = Field(default=25.0, gt=0, le=240, strict=True)
    sample_rate: int = Field(default=16000, ge=8000, le=192000, strict=True)
    max_seconds: float = Field(default=10.0, gt=0, le=3600, strict=True)
    min_seconds: float = Field(default=1.0, ge=0, le=3600, strict=True)
    reader: Literal["pyav", "decord"] = "pyav"
    codec: Literal["h264"] = "h264"
    crf: int = Field(default=18, ge=0, le=51, strict=True)
    unequal: Unequal = "score"
    transcripts: StrictStr = Field(default=PromptRules.transcripts, min_length=1, max_length=200)
    text: TextRule = PromptRules.text
    voice: VoiceRule = PromptRules.voice
    image: ImageRule = PromptRules.image

    def check_recogniser(self) -> None:
        """Build the recogniser once, which fetches no weights.

        Raises:
            UserMistake: it is unknown or cannot be built with its options.
        """
        if self.transcripts != NONE:
            plugins.build_recogniser(named_recogniser(self.transcripts))

    @property
    def prompt_rules(self) -> PromptRules:
        """The part of the protocol that says how prompts are made."""
        return PromptRules(self.transcripts, self.text, self.voice, self.image)

    @property
    def hash(self) -> str:
        """Eight hex digits that stand beside a number's signature; equal ones mean that clips were prepared alike."""
        return fingerprint.of_json(self.model_dump(mode="json"))[:8]

    @property
    def name(self) -> str:
        """Of the protocol that ships and is the same in every field; "" if none is."""
        return next((name for name, other in _shipped().items() if other == self), "")

    @property
    def label(self) -> str:
        """The hash, behind the name if there is one: what stands beside a number's signature."""
        return f"{self.name}-{self.hash}" if self.name else self.hash

    def record(self) -> dict[str, Any]:
        """All fields, and the name if there is one, as results keep them."""
        return ({"name": self.name} if self.name else {}) | self.model_dump(mode="json")


@cache
def _shipped() -> dict[str, Protocol]:
    return {name: Protocol.model_validate(protocols.fields_of(name)) for name in protocols.shipped()}


def _named_protocol(value: Any) -> Any:
    """A protocol that ships may be given by its name."""
    if not isinstance(value, str):
        return value
    try:
        return protocols.fields_of(value)
    except UserMistake as mistake:
        raise ValueError(str(mistake)) from mistake


class SplitChoice(Strict):
    """The side of a split that takes part.

    Attributes:
        side: which.
        by, seed, test, dev: how the dataset is divided, see `SplitRule`.
        file: a CSV of key and split that says so instead.
    """

    side: Side
    by: By = "speaker"
    seed: int = Field(default=0, ge=0, lt=2**63, strict=True)
    test: float = Field(default=0.2, ge=0, le=1)
    dev: float = Field(default=0.0, ge=0, le=1)
    file: Path | None = None

    @model_validator(mode="after")
    def _shares_are_shares(self) -> SplitChoice:
        self.rule()
        return self

    def rule(self) -> SplitRule:
        """How the dataset is divided."""
        return SplitRule(self.by, self.seed, self.test, self.dev)


class DatasetChoice(Choice):
    """A dataset: where it lies, how many of its clips take part (all, if not said), and of which side of a split.

    Attributes:
        root: a folder, or an address such as s3://bucket/clips, which is mirrored into the cache.
    """

    root: Path | Address | None = None
    clips: int | None = Field(default=None, ge=1, strict=True)
    split: SplitChoice | None = None

    @field_validator("split", mode="before")
    @classmethod
    def _side_alone(cls, split: Any) -> Any:
        return {"side": split} if isinstance(split, str) else split

    @field_validator("root", mode="before")
    @classmethod
    def _is_a_path(cls, root: Any) -> Any:
        if root is not None and not isinstance(root, str | Path | Address):
            raise ValueError("must be a path")
        try:
            return path_or_address(root, "the path") if isinstance(root, str) else root
        except UserMistake as mistake:
            raise ValueError(str(mistake)) from mistake


class ProfileRequest(Strict):
    """What a run shall time once its clips are made, see `docs/profile.md`.

    Attributes:
        prompts: how many, from the study's first dataset.
        rounds: how often each is timed.
        scenario: as `--scenario` of `narrator-bench profile` has it.
        generators: labels; all that compute, where left out.
    """

    prompts: int = Field(default=8, ge=1, le=100_000, strict=True)
    rounds: int = Field(default=3, ge=1, le=1000, strict=True)
    scenario: Literal["single", "batch", "stream"] = "single"
    generators: Annotated[tuple[StrictStr, ...], Field(min_length=1)] | None = None


def _plugin_of(entry: Any) -> Any:
    return entry.get("plugin", entry.get("name")) if isinstance(entry, dict) else None


def _expand(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _lacking_bounds(study: Any) -> list[str]:
    if not (isinstance(study, dict) and study.get("bounds", True) and isinstance(study.get("generators"), list)):
        return []
    named = [entry if isinstance(entry, str) else _plugin_of(entry) for entry in study["generators"]]
    return [bound for bound in BOUNDS if bound not in named]


GeneratorList = Annotated[tuple[Annotated[GeneratorChoice, BeforeValidator(_expand)], ...], Field(min_length=1)]
MetricList = Annotated[tuple[Annotated[Choice, BeforeValidator(_expand)], ...], Field(min_length=1)]
DatasetList = Annotated[tuple[Annotated[DatasetChoice, BeforeValidator(_expand)], ...], Field(min_length=1)]


class Study(Strict):
    """Everything a run depends on.

    Attributes:
        name: label of the study.
        protocol: its fields, or the name of one that ships: paper, strict, smoke.
        seed: fixes everything random; each prompt's own seed is derived from it.
        bounds: put `ceiling` and `chance` beside the generators, so that a reader sees where a number stands.
        notes: sentences that every table of this study must carry.
        max_failed: share of a cell's clips that may lack a score; beyond it the cell is missing, and the command ends
            with exit code 1.
        time_limit: seconds that a generator may take for one clip; None waits for ever.
        best: the rule by which one checkpoint of a sweep is called best; without it none is.
        profile: time the generators too, into `profile.json`; without it the run times nothing but its own clips.
        stress: damages that make variants of every generator but the bounds, see `bench.stress.variants`.
    """

    name: StrictStr = Field(min_length=1, max_length=200)
    seed: int = Field(default=0, ge=0, lt=2**63, strict=True)
    protocol: Annotated[Protocol, BeforeValidator(_named_protocol)] = Protocol()
    datasets: DatasetList
    generators: GeneratorList
    metrics: MetricList
    notes: tuple[StrictStr, ...] = ()
    bounds: StrictBool = True
    max_failed: float = Field(default=0.1, ge=0, le=1, strict=True)
    time_limit: float | None = Field(default=None, gt=0, strict=True)
    best: Best | None = None
    profile: ProfileRequest | None = None
    stress: Stress | None = Field(default=None, exclude=True)
    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @model_validator(mode="before")
    @classmethod
    def _bounds_stand_first(cls, value: Any) -> Any:
        """Add the bounds that the study does not name itself."""
        lacking = _lacking_bounds(value)
        return {**value, "generators": lacking + value["generators"]} if lacking else value

    @field_validator("generators")
    @classmethod
    def _one_generator_for_each_checkpoint(
        cls, generators: tuple[GeneratorChoice, ...], info: ValidationInfo
    ) -> tuple[GeneratorChoice, ...]:
        return swept(generators, (info.context or {}).get("folder", Path()))

    @model_validator(mode="after")
    def _one_generator_for_each_damage(self) -> Study:
        """What `stress` makes stands among the generators of the study as it is resolved."""
        if self.stress is not None:
            made = stressed(self.generators, self.stress.damages, BOUNDS)
            object.__setattr__(self, "generators", made)
            object.__setattr__(self, "stress", None)
        return self

    @model_validator(mode="after")
    def _labels_are_unique(self) -> Study:
        for kind in ("datasets", "generators", "metrics"):
            labels = [choice.name.casefold() for choice in getattr(self, kind)]  # they name folders
            twice = sorted({label for label in labels if labels.count(label) > 1})
            if twice:
                raise ValueError(f"{kind} names {', '.join(twice)} twice; give each its own 'name'")
        return self

    @model_validator(mode="after")
    def _best_is_of_a_sweep_by_what_is_measured(self) -> Study:
        if self.best is None:
            return self
        for what, named, known in (
            ("metric", self.best.metric, self.metrics), ("dataset", self.best.dataset, self.datasets),
        ):  # fmt: skip
            names = [choice.name for choice in known]
            if named is not None and named not in names:
                raise ValueError(f"best names the {what} '{shown(named)}'.{nearest(named, names)}")
        if not any(choice.sweep for choice in self.generators):
            raise ValueError(
                "best chooses among checkpoints, and no generator has 'checkpoints'; add them or take best out"
            )
        return self

    @model_validator(mode="after")
    def _profile_is_of_what_computes(self) -> Study:
        labels = [choice.name for choice in self.generators if choice.plugin not in BOUNDS]
        for named in (self.profile and self.profile.generators) or ():
            if named not in labels:
                raise ValueError(f"profile names the generator '{shown(named)}'.{nearest(named, labels)}")
        return self

    @property
    def folder(self) -> Path:
        """The folder of the study's file, where its relative paths start; not part of what the study is."""
        return self._folder

    def to_yaml(self) -> str:
        """The study as a file, every default written out; reads back as the same study."""
        return write_yaml(self.model_dump(mode="json"))

    def check_plugins(self) -> None:
        """Build every plug-in once, so that a mistake in a name or an option is found before any work starts.

        Weights that cannot be had are no mistake: they make clips or cells that fail with their reason.

        Raises:
            UserMistake: the first plug-in that is unknown or cannot be built with its options.
        """
        self.protocol.check_recogniser()
        for metric in self.metrics:
            plugins.build_metric(metric)
        for dataset in self.datasets:
            plugins.build_dataset(dataset)
        for generator in {choice.itself.model_dump_json(): choice.itself for choice in self.generators}.values():
            with suppress(WeightsError):
                plugins.build_generator(generator, self.folder)


def read_study(path: Path) -> Study:
    """Read a study from a YAML file; relative dataset roots start at the file's own folder.

    Raises:
        UserMistake: no such file, not YAML, or not a study; one sentence with the place.
    """
    path, text = user_text(path, "study", f"Bundled studies: {', '.join(bundled_studies())}.")
    return parse_study(text, str(path), path.parent)


def bundled_studies() -> list[str]:
    """Names of the studies that ship with the package."""
    return shipped(_SHIPPED)


def find_study(name: str) -> Study:
    """A study by path, or a bundled one by its name."""
    if name in bundled_studies():
        return parse_study(shipped_text(_SHIPPED, name), f"the bundled study '{name}'", Path.cwd())
    return read_study(Path(name))


def parse_study(text: str, where: str, folder: Path) -> Study:
    """A study from YAML text; `where` names the source in error messages, `folder` anchors relative roots."""
    content = read_yaml(text, where)
    if not isinstance(content, dict):
        raise UserMistake(f"{where} is not a study: expected keys such as {', '.join(Study.model_fields)}.")
    try:
        study = Study.model_validate(content, context={"folder": folder.absolute()})
    except ValidationError as error:
        raise UserMistake(f"{where}: {_first_problem(error, len(_lacking_bounds(content)))}") from error
    anchored = tuple(_anchored(dataset, folder) for dataset in study.datasets)
    study = study.model_copy(update={"datasets": anchored})
    study._folder = folder.absolute()
    return study


def _anchored(dataset: DatasetChoice, folder: Path) -> DatasetChoice:
    split = dataset.split and dataset.split.model_copy(update={"file": _anchor(dataset.split.file, folder)})
    root = dataset.root if isinstance(dataset.root, Address) else _anchor(dataset.root, folder)
    return dataset.model_copy(update={"root": root, "split": split})


def _anchor(root: Path | None, folder: Path) -> Path | None:
    return None if root is None else (folder / root).resolve()


_MODELS: dict[str, type[BaseModel]] = {
    "protocol": Protocol, "datasets": DatasetChoice, "generators": GeneratorChoice, "metrics": Choice, "best": Best,
    "profile": ProfileRequest,
}  # fmt: skip


def _first_problem(error: ValidationError, added_generators: int) -> str:
    problem = error.errors()[0]
    place = [
        part - added_generators if isinstance(part, int) and problem["loc"][0] == "generators" else part
        for part in problem["loc"]
    ]  # counted as the user wrote them
    model = _MODELS.get(str(place[0]), Study) if len(place) > 1 else Study
    return problem_in_words(problem, ".".join(str(part) for part in place), model.model_fields)
