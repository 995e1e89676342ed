"""What runs in IPEX's own environment: the frames it talks in, the model made of them, and the loop that serves it.

Started by :mod:`quantlat.runtimes.ipex_process`. Only numpy, PyTorch 2.8 and IPEX are at hand there, so nothing in
here may import more of quantlat than :mod:`quantlat.models.heads` and what that needs.
"""
