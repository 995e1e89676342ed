"""Builds quantlat's native engine where a C++17 compiler is at hand; without one the rest installs.

Each kernel file is compiled for its own instruction set; which of them runs is decided at run time, by CPUID.
``QUANTLAT_NATIVE=0`` skips the engine, ``QUANTLAT_NATIVE=required`` makes a failed build an error, and
``QUANTLAT_SANITIZE=1`` builds it with AddressSanitizer and UndefinedBehaviorSanitizer.
"""

from __future__ import annotations

import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

NATIVE = Path("quantlat") / "native"
AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma"]
FLAGS = {
    "kernels_avx512vnni.cpp": ["-O3", *AVX512],
    "kernels_avxvnni.cpp": ["-O3", "-mavx2", "-mfma", "-mavxvnni"],
    "kernels_avx2.cpp": ["-O3", "-mavx2", "-mfma"],
    "kernels_portable.cpp": ["-O3"],
}
SOURCES = [
    *FLAGS,
    "bindings.cpp",
    "cpu.cpp",
    "encoder.cpp",
    "encoder_attention.cpp",
    "encoder_plan.cpp",
    "encoder_rows.cpp",
    "model_file.cpp",
    "roofline.cpp",
    "selection.cpp",
    "thread_pool.cpp",
]
# Python's own flags hold -fwrapv, which hides overflowing signed integers from UBSan.
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-wrapv", "-g1"]
# GCC 12 takes the undefined vectors inside its own intrinsics for ours.
WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wno-maybe-uninitialized",
    "-Wno-uninitialized",
    "-Wno-unknown-warning-option",
]


class BuildEngine(build_ext):
    """Compiles each source with its own flags; gives up with a message instead of an error."""

    def build_extension(self, ext: Extension) -> None:
        try:
            self._build(ext)
        except Exception as error:
            if os.environ.get("QUANTLAT_NATIVE") == "required":
                raise
            print(
                f"quantlat: the native engine was not built ({error}); all other runtimes work",
                file=sys.stderr,
            )

    def _build(self, ext: Extension) -> None:
        import pybind11

        sanitize = os.environ.get("QUANTLAT_SANITIZE") == "1"
        extra = SANITIZE if sanitize else ["-g0"]
        include = [*self.include_dirs, pybind11.get_include()]

        def compile_source(source: str) -> list[str]:
            built: list[str] = self.compiler.object_filenames([source], output_dir=self.build_temp)
            if not self.force and not newer_group([source, *ext.depends, "setup.py"], built[0]):
                return built
            flags = FLAGS.get(Path(source).name, ["-O2"])
            # Instrumented and fully unrolled, the kernels would take the compiler minutes; the checks are the same.
            level = ["-O1"] if sanitize else []
            objects: list[str] = self.compiler.compile(
                [source],
                self.build_temp,
                include_dirs=include,
                extra_postargs=["-std=c++17", "-fvisibility=hidden", "-pthread", *WARNINGS, *extra, *flags, *level],
                depends=ext.depends,
            )
            return objects

        # Kernels first: they take longest.
        with ThreadPoolExecutor(max_workers=2) as pool:
            objects = [name for names in pool.map(compile_source, ext.sources) for name in names]
        self.compiler.link_shared_object(
            objects, self.get_ext_fullpath(ext.name), extra_postargs=["-pthread", *extra], target_lang="c++"
        )


def extensions() -> list[Extension]:
    """The engine, on the platforms it is written for."""
    wanted = os.environ.get("QUANTLAT_NATIVE", "auto") != "0"
    if not wanted or sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        return []
    headers = [str(path) for path in NATIVE.glob("*.h")]
    sources = [str(NATIVE / name) for name in SOURCES]
    return [Extension("quantlat.native._engine", sources, depends=headers, optional=True)]


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildEngine})
