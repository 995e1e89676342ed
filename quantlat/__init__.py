"""quantlat: fast INT8 encoder language models on Intel Xeon CPUs, by measured proof."""

__version__ = "0.1.0"
