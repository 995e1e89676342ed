"""Running a recipe: plan its stages, keep their artefacts, resume what was interrupted.

``stage.py`` is the interface a stage implements, ``store.py`` keeps what stages made, ``plan.py`` decides
what is left to do, ``run.py`` does it, ``lock.py`` keeps a second run out, ``record.py`` says whose folder it
is.
"""
