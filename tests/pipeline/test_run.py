from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from quantlat.errors import AccuracyFloorMissed, RecipeError, RunConflictError, StorageError
from quantlat.pipeline.plan import State, assess, build_plan
from quantlat.pipeline.record import find_runs, open_run, read_record
from quantlat.pipeline.store import MANIFEST, Store
from tests.pipeline.toy import PAYLOAD, counted, recipe, run, stages

ALL = ["data", "teacher", "search"]


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    return tmp_path / "counts"


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "toy"


def test_stages_run_in_order_and_read_the_artefacts_of_earlier_ones(run_dir: Path, counts: Path) -> None:
    result = run(recipe(), stages(counts), run_dir)
    assert counted(counts) == ALL
    assert (result.stages["search"].artifact / PAYLOAD).read_text() == "search(data()teacher(data()))"
    assert result.summary == "data says hello\n\nteacher says hello\n\nsearch says hello"


def test_nothing_finished_is_computed_twice(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    result = run(recipe(), stages(counts), run_dir)
    assert counted(counts) == ALL
    assert all(stage.cached for stage in result.stages.values())
    assert result.summary.endswith("search says hello")


def test_a_changed_value_recomputes_only_what_depends_on_it(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    run(recipe(trials=61), stages(counts), run_dir)
    assert counted(counts) == [*ALL, "search"]
    run(recipe(trials=61, epochs=4), stages(counts), run_dir)
    assert counted(counts) == [*ALL, "search", "teacher", "search"]


def test_going_back_to_earlier_values_finds_their_artefacts(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    run(recipe(epochs=4), stages(counts), run_dir)
    run(recipe(), stages(counts), run_dir)
    assert counted(counts) == [*ALL, "teacher", "search"]


def test_a_changed_outside_file_recomputes_its_stage(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    toys = stages(counts)
    toys[1].fingerprint = "abc"
    run(recipe(), toys, run_dir)
    assert counted(counts) == [*ALL, "teacher", "search"]


def test_from_stage_does_it_and_all_later_ones_again(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    run(recipe(), stages(counts), run_dir, from_stage="teacher")
    assert counted(counts) == [*ALL, "teacher", "search"]


def test_an_unknown_stage_to_start_from_is_refused_with_a_suggestion(run_dir: Path, counts: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'teacher'") as caught:
        run(recipe(), stages(counts), run_dir, from_stage="techer")
    assert caught.value.exit_code == 3
    assert counted(counts) == []


def test_the_manifest_tells_what_made_the_artefact(run_dir: Path, counts: Path) -> None:
    loaded = recipe()
    result = run(loaded, stages(counts), run_dir)
    manifest = json.loads((result.stages["search"].artifact / MANIFEST).read_text())
    assert manifest["part"]["trials"] == 60
    keys = {name: result.stages[name].artifact.manifest.key for name in ("data", "teacher")}
    assert manifest["inputs"] == keys
    assert manifest["packages"]["numpy"]
    assert manifest["machine"]["usable_cores"] >= 1
    assert manifest["seconds"] >= 0
    assert not (run_dir / "state").exists() or not any((run_dir / "state").iterdir())


def test_run_json_holds_the_resolved_recipe_and_the_current_artefacts(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    run(recipe(trials=61), stages(counts), run_dir)
    stored = open_run(run_dir)
    assert stored.record.complete
    assert stored.recipe == recipe(trials=61).recipe
    assert list(stored.artifacts) == ALL
    assert stored.artifact("search").manifest.part["trials"] == 61
    with pytest.raises(StorageError, match="'report' is not finished"):
        stored.artifact("report")
    assert list(find_runs(run_dir.parent)) == list(find_runs(run_dir)) == [run_dir]


def test_a_stage_that_misses_the_floor_does_not_stop_the_run(run_dir: Path, counts: Path) -> None:
    toys = stages(counts)
    toys[1].floor_missed = "0.31 F1 points under 71.0; nearest: (0.9, 0.8)"
    result = run(recipe(), toys, run_dir)
    assert counted(counts) == ALL
    for outcome in (result, run(recipe(), stages(counts), run_dir)):  # also when it is cached
        with pytest.raises(AccuracyFloorMissed, match=r"0\.31 F1 points") as caught:
            outcome.require_floor()
        assert caught.value.exit_code == 10


def test_every_complete_run_publishes_also_a_cached_one(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    published = run_dir.parent / "published-search"
    published.unlink()
    run(recipe(), stages(counts), run_dir)
    assert published.exists()


def test_a_truncated_artefact_is_computed_again_a_changed_one_refused(run_dir: Path, counts: Path) -> None:
    first = run(recipe(), stages(counts), run_dir)
    payload = first.stages["teacher"].artifact / PAYLOAD
    payload.write_text("tea")
    run(recipe(), stages(counts), run_dir)
    assert counted(counts) == [*ALL, "teacher"]
    assert payload.read_text() == "teacher(data())"
    payload.write_text("teacher(dada())")
    with pytest.raises(StorageError, match="SHA-256 differs"):
        run(recipe(), stages(counts), run_dir)
    run(recipe(), stages(counts), run_dir, from_stage="teacher")
    assert payload.read_text() == "teacher(data())"


def test_the_folder_of_another_recipe_is_refused_and_left_alone(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    before = (run_dir / "run.json").read_bytes()
    with pytest.raises(RunConflictError, match="recipe 'toy', not of 'other'") as caught:
        run(recipe("other"), stages(counts), run_dir)
    assert caught.value.exit_code == 7
    assert "--out" in str(caught.value.hint)
    assert (run_dir / "run.json").read_bytes() == before


@pytest.mark.parametrize(("field", "value"), [("quantlat", "0.0.9"), ("quantlat", "7.1.0"), ("format", 999)])
def test_the_folder_of_another_version_is_refused(run_dir: Path, counts: Path, field: str, value: object) -> None:
    run(recipe(), stages(counts), run_dir)
    record = json.loads((run_dir / "run.json").read_text())
    record[field] = value
    (run_dir / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunConflictError, match="was made by quantlat"):
        run(recipe(), stages(counts), run_dir)
    with pytest.raises(RunConflictError, match="was made by quantlat"):
        open_run(run_dir)


def test_a_patch_release_goes_on_with_the_folder(run_dir: Path, counts: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    run(recipe(), stages(counts), run_dir)
    monkeypatch.setattr("quantlat.__version__", "0.1.99")
    run(recipe(), stages(counts), run_dir)
    assert counted(counts) == ALL


def test_a_damaged_record_and_foreign_files_are_refused(tmp_path: Path, run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    (run_dir / "run.json").write_text('{"format": 1, "na')
    with pytest.raises(RunConflictError, match="damaged"):
        run(recipe(), stages(counts), run_dir)
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("x")
    with pytest.raises(RunConflictError, match=r"not empty.*thesis\.tex"):
        run(recipe(), stages(counts), home)
    assert [path.name for path in home.iterdir()] == ["thesis.tex"]


def test_a_folder_that_is_no_run_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"has no run\.json"):
        open_run(tmp_path)


def test_dry_run_facts_say_what_is_left_to_do_and_why(run_dir: Path, counts: Path) -> None:
    loaded, toys = recipe(trials=61), stages(counts)
    store = Store(run_dir)
    fresh = list(assess(build_plan(loaded, toys), store, None))
    assert [(item.state, item.why) for item in fresh] == [(State.TO_DO, "never run")] * 3
    assert not run_dir.exists()
    run(recipe(), stages(counts), run_dir)
    toys[1].fingerprint = "abc"
    record = read_record(run_dir)
    data, teacher, search = assess(build_plan(loaded, toys), store, record)
    assert data.state is State.CACHED
    assert (teacher.state, teacher.why) == (State.TO_DO, "notes.txt changed")
    assert search.why == "trials: 60 → 61; new input: teacher"


def test_a_stage_that_does_not_apply_is_left_out(run_dir: Path, counts: Path) -> None:
    loaded = recipe()
    without = loaded.recipe.model_copy(update={"search": None})
    plan = build_plan(type(loaded)(without, loaded.path, "", loaded.base_dir), stages(counts))
    assert plan.names == ("data", "teacher")
    assert plan.last_of("search", "teacher", "data") == "teacher"
    assert "search" not in plan


def test_too_little_disk_space_is_noticed_before_the_stage_begins(run_dir: Path, counts: Path) -> None:
    toys = stages(counts)
    toys[1].needed = 2**62
    with pytest.raises(StorageError, match=r"'teacher' needs about .* MiB .* are free") as caught:
        run(recipe(), toys, run_dir)
    assert caught.value.exit_code == 6
    assert counted(counts) == ["data"]
    run(recipe(), stages(counts), run_dir)
    assert counted(counts) == ALL


def test_a_run_folder_below_a_file_is_a_storage_error(tmp_path: Path, counts: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="a folder is needed here"):
        run(recipe(), stages(counts), tmp_path / "file" / "toy")


def test_two_runs_in_one_process_exclude_each_other(run_dir: Path, counts: Path) -> None:
    outer = stages(counts)
    errors: list[RunConflictError] = []

    def run_again() -> None:
        try:
            run(recipe(), stages(counts), run_dir)
        except RunConflictError as error:
            errors.append(error)

    class Nested(type(outer[0])):  # type: ignore[misc]
        def run(self, context):  # type: ignore[no-untyped-def]
            thread = threading.Thread(target=run_again)
            thread.start()
            thread.join()
            return super().run(context)

    outer[1].__class__ = Nested
    run(recipe(), outer, run_dir)
    assert len(errors) == 1
    assert "in use by process" in errors[0].message
    assert counted(counts) == ALL


def test_the_log_is_one_json_object_per_line(run_dir: Path, counts: Path) -> None:
    run(recipe(), stages(counts), run_dir)
    events = [json.loads(line) for line in (run_dir / "log.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "run started"
    assert events[-1]["event"] == "run finished"
    assert [event["stage"] for event in events if event["event"] == "stage finished"] == ALL
