"""C++ sources of quantlat's own INT8 engine, its Python binding ``_engine`` and the writer of its model file.

The extension is built by ``setup.py`` where a C++17 compiler is at hand; :mod:`quantlat.runtimes.native` says
what is missing otherwise.
"""
